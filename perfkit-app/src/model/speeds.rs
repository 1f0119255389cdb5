//! The speeds at which time can be played.

/// The speeds that are offered, in words.
pub const SPEEDS: &[(f64, &str)] =
    &[(0.05, "0.05×"), (0.1, "0.1×"), (0.25, "0.25×"), (0.5, "0.5×"), (1.0, "1×"), (2.0, "2×"), (4.0, "4×")];

/// The place among the speeds of the one nearest to a speed.
pub fn nearest(speed: f64) -> u32 {
    let far = |at: &usize| (SPEEDS[*at].0.ln() - speed.max(1e-3).ln()).abs();
    (0..SPEEDS.len()).min_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or(0) as u32
}

/// The next speed above or below one; itself where there is none.
pub fn beside(speed: f64, faster: bool) -> f64 {
    let at = nearest(speed) as usize;
    let next = if faster { at + 1 } else { at.saturating_sub(1) };
    SPEEDS.get(next).map_or(speed, |(speed, _)| *speed)
}

/// A choice among the speeds.
pub fn speeds() -> gtk::StringList {
    gtk::StringList::new(&SPEEDS.iter().map(|(_, words)| *words).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_speed_is_its_own_nearest() {
        for (at, (speed, _)) in SPEEDS.iter().enumerate() {
            assert_eq!(nearest(*speed), at as u32);
        }
        assert_eq!(
            [beside(1.0, true), beside(1.0, false), beside(4.0, true), beside(0.05, false)],
            [2.0, 0.5, 4.0, 0.05]
        );
        assert_eq!([nearest(0.0), nearest(3.9), nearest(100.0)], [0, 6, 6]);
    }
}
