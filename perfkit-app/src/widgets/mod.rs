//! Widgets: they take input and show drawings, one a file.

pub mod accessible;
pub mod as_table;
pub mod bar;
pub mod beside;
pub mod card;
pub mod flame;
pub mod flow;
pub mod graph;
pub mod line;
pub mod live;
pub mod moments;
pub mod save;
pub mod scrub;
pub mod sheet;
pub mod stage;
pub mod status;
pub mod stop;
pub mod table;
pub mod timeline;
pub mod treemap;
pub mod welcome;
