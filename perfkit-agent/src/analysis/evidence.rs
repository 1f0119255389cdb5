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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_began_before_and_what_never_ended_is_evidence_too() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch(
            "CREATE TABLE calls (time, tid, duration);
             INSERT INTO calls VALUES (1, 7, 6), (2, 7, 10), (9, 7, NULL), (12, 7, 3), (13, 8, 3), (20, 7, 5);",
        )
        .unwrap();
        let times = |sql: &str| -> Vec<i64> {
            let mut select = db.prepare(sql).unwrap();
            select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(times(&overlapping("calls", 7, 8, 20)), [2, 12, 9]);
        assert_eq!(times(&between("calls", 7, 9, 20)), [9, 12, 20]);
    }
}
