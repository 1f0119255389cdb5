//! What the agent serves: a module a file or folder.

mod health;
mod metrics;

pub use health::Health;
pub use metrics::MetricsModule;
