//! What the agent serves: a module a file or folder.

mod about;
mod health;
pub mod live;
mod metrics;
mod openapi;
pub mod recordings;
pub mod script;
mod sessions;

pub use about::About;
pub use health::Health;
pub use live::Live;
pub use metrics::{MetricsModule, open_metrics};
pub use openapi::OpenApi;
pub use recordings::{Desk, Recordings};
pub use script::Scripts;
pub use sessions::{Sessions, Snapshot};
