//! The questions to a session whose answers show what a finding says.

/// Rows of a table that lie in a stretch of a thread's time, or reach into it; the longest first.
pub fn overlapping(table: &str, tid: i64, from: i64, to: i64) -> String {
    // What has no duration had not ended when the recording did.
    format!(
        "SELECT * FROM {table} WHERE tid = {tid} AND time < {to} AND (duration IS NULL OR time + duration > {from}) \
         ORDER BY duration DESC"
    )
}

/// Rows of a table that a thread told in a stretch of time, in their order.
pub fn between(table: &str, tid: i64, from: i64, to: i64) -> String {
    format!("SELECT * FROM {table} WHERE tid = {tid} AND time BETWEEN {from} AND {to} ORDER BY time")
}
