//! Page faults that had to be read from a disk.

use super::Inside;
use crate::analysis::engine::Facts;
use crate::analysis::timeline::{between, overlapping};

/// Fewer in a stretch can be anybody's.
const MANY: i64 = 3;

/// Faults in the stretch, if there were many and the thread waited for a disk meanwhile.
pub fn look(facts: &Facts<'_>, parts: &[(i64, i64)]) -> Option<Inside> {
    let (from, to) = super::reach(parts)?;
    let timeline = facts.timeline;
    // The values just before and just after: it is sampled more seldom than frames are drawn.
    let before = between(&timeline.faults, i64::MIN, from).last()?.what;
    let after = between(&timeline.faults, to, i64::MAX).first()?.what;
    let count = after - before;
    let waits = |&(from, to): &(i64, i64)| {
        let waits = overlapping(&timeline.off, from, to).filter(|off| off.what.state == "disk");
        waits.map(|off| off.within(from, to)).sum::<i64>()
    };
    let ns = parts.iter().map(waits).sum();
    if count < MANY || ns == 0 {
        return None;
    }
    let (pid, words) = (timeline.pid, format!("waiting for {count} page faults that were read from a disk"));
    let evidence = format!("SELECT * FROM counters WHERE pid = {pid} AND name = 'proc.faults.major' ORDER BY time");
    Some(Inside { name: "page-faults", ns, words, evidence })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, ms, span};
    use crate::analysis::timeline::{At, Off};

    #[test]
    fn faults_count_only_where_the_thread_waited_for_a_disk() {
        let faults = |timeline: &mut crate::analysis::Timeline| {
            timeline.faults = vec![At { time: ms(-5), what: 10 }, At { time: ms(50), what: 30 }];
        };
        facts(faults, |facts| assert!(look(facts, &[(ms(0), ms(40))]).is_none()));
        let disk = Off { state: "disk".into(), stack: None };
        facts(
            |timeline| {
                faults(timeline);
                timeline.off = vec![span(1, 31, disk)].into();
            },
            |facts| assert!(look(facts, &[(ms(0), ms(40))]).unwrap().words.contains("20 page faults")),
        );
    }
}
