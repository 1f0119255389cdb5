//! libgdkrecord.so: the recorder that a GTK 2, 3 or 4 application loads.
//!
//! `entry` holds what C calls: what GTK and GIO look up, and the hooks. `load` finds GTK and GLib among what is
//! loaded and starts recording once. `ffi` declares what is called, found by dlsym, and wraps it. The logic of
//! the hooks is in safe files: `mainloop`, `frames`, `events`, `windows`, `clocks`, `targets`, `control`, `inject`,
//! and `gtk4`, `widgets` for what only GTK 4 has.

mod clocks;
mod control;
mod entry;
mod events;
mod facts;
mod ffi;
mod frames;
mod gtk4;
mod hashes;
mod inject;
mod keys;
mod load;
mod mainloop;
mod recorder;
mod sites;
mod sources;
mod targets;
mod widgets;
mod windows;
