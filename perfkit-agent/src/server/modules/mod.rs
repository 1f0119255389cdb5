//! What the agent serves: a module a file or folder.

mod about;
mod health;
mod metrics;
mod openapi;
mod sessions;

pub use about::About;
pub use health::Health;
pub use metrics::MetricsModule;
pub use openapi::OpenApi;
pub use sessions::{Sessions, Snapshot};
