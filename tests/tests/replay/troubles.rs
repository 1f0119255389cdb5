//! What cannot be played is told, with why, and nothing is left behind.
