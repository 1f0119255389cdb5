//! Which events are meant: what was typed (`--kind`, `--window`, `--from`, `--to`), turned once into a plan.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use gdkrecord::reader::WindowInfo;
use gdkrecord::{Info, KINDS, Kind, Recording};

use crate::failure::{Failure, Result};

/// Nanoseconds since the start of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub u64);

/// A positive number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seconds(pub f64);

impl FromStr for Moment {
    type Err = String;
    fn from_str(given: &str) -> std::result::Result<Self, String> {
        const UNITS: &[(&str, f64)] = &[("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("min", 6e10), ("s", 1e9)];
        let given = given.trim();
        let unit = UNITS.iter().find_map(|(name, ns)| given.strip_suffix(name).map(|number| (number, *ns)));
        let (number, ns) = unit.unwrap_or((given, 1e9));
        match number.trim().parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(Moment((number * ns).round() as u64)),
            _ => Err("expected seconds since the start such as 1.25, or 250ms, 1.5s, 2min".to_owned()),
        }
    }
}

impl FromStr for Seconds {
    type Err = String;
    fn from_str(given: &str) -> std::result::Result<Self, String> {
        match given.trim().trim_end_matches(['x', '×']).parse::<f64>() {
            Ok(number) if number.is_finite() && number > 0.0 => Ok(Seconds(number)),
            _ => Err("expected a positive number such as 0.5 or 2".to_owned()),
        }
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The plan: which events are handed out.
#[derive(Debug)]
pub struct Selection {
    kinds: [bool; 256],
    windows: Option<BTreeSet<u64>>,
    from: u64,
    to: u64,
}

impl Selection {
    /// From what was typed; empty means everything.
    pub fn new(
        recording: &Recording,
        kinds: &[String],
        window: Option<&str>,
        from: Option<Moment>,
        to: Option<Moment>,
    ) -> Result<Selection> {
        let start = recording.header().monotonic;
        Ok(Selection {
            kinds: kind_set(kinds)?,
            windows: window.map(|given| windows(recording.info(), given)).transpose()?,
            from: from.map_or(0, |from| start.saturating_add(from.0)),
            to: to.map_or(u64::MAX, |to| start.saturating_add(to.0)),
        })
    }

    /// The kinds that can come.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind> + '_ {
        KINDS.iter().filter(|kind| kind.name != "string" && self.kinds[usize::from(kind.code)])
    }

    /// Whether no later event can be meant.
    pub fn is_past(&self, time: u64) -> bool {
        time > self.to
    }

    /// Whether this time and kind are meant.
    pub fn takes(&self, time: u64, kind: &Kind) -> bool {
        time >= self.from && time <= self.to && self.kinds[usize::from(kind.code)]
    }

    /// Whether an event about this window is meant; `None` is about none.
    pub fn takes_window(&self, window: Option<u64>) -> bool {
        match (&self.windows, window) {
            (None, _) => true,
            (Some(meant), Some(window)) => meant.contains(&window),
            (Some(_), None) => false,
        }
    }
}

fn kind_set(given: &[String]) -> Result<[bool; 256]> {
    let mut set = [given.is_empty(); 256];
    for name in given.iter().flat_map(|given| given.split(',')).map(str::trim) {
        let mut found = false;
        for kind in KINDS.iter().filter(|kind| kind.name == name || kind.group.name() == name) {
            set[usize::from(kind.code)] = true;
            found = true;
        }
        if !found {
            return Err(Failure::Kind(name.to_owned()));
        }
    }
    Ok(set)
}

/// The windows that answer to what was given, and those inside them.
pub fn windows(info: &Info, given: &str) -> Result<BTreeSet<u64>> {
    let number = match given.strip_prefix("0x").or_else(|| given.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => given.parse().ok(),
    };
    let lower = given.to_lowercase();
    let by_words = |window: &WindowInfo| {
        [&window.title, &window.owner, &window.name, &window.class]
            .iter()
            .any(|text| text.to_lowercase().contains(&lower))
    };
    let tests: [&dyn Fn(&WindowInfo) -> bool; 3] = [
        &|window| number == Some(window.id),
        &|window| number.is_some_and(|xid| xid != 0 && xid == window.xid),
        &by_words,
    ];
    let found = tests.iter().map(|test| -> BTreeSet<u64> {
        info.windows.iter().filter(|window| test(window)).map(|window| window.id.into()).collect()
    });
    let Some(mut set) = found.into_iter().find(|set| !set.is_empty()) else {
        let known = info.windows.iter().filter(|window| window.parent == 0).take(20).map(describe).collect();
        return Err(Failure::Window { given: given.to_owned(), known });
    };
    // A parent may have been recorded after its child: go on until nothing is added.
    loop {
        let before = set.len();
        for window in &info.windows {
            if window.parent != 0 && set.contains(&window.parent.into()) {
                set.insert(window.id.into());
            }
        }
        if set.len() == before {
            return Ok(set);
        }
    }
}

/// A window in words: its number, and the best name it has.
pub fn describe(window: &WindowInfo) -> String {
    let name = [&window.title, &window.name, &window.owner, &window.class].into_iter().find(|text| !text.is_empty());
    match name {
        Some(name) => format!("{} \"{}\"", window.id, &**name),
        None => window.id.to_string(),
    }
}

/// By kind code, which of its fields has this name.
pub fn field_places(name: &str) -> [Option<usize>; 256] {
    let mut at = [None; 256];
    for kind in KINDS {
        at[usize::from(kind.code)] = kind.fields.iter().position(|field| field.name == name);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_unit() {
        for (given, ns) in [
            ("1.25", 1_250_000_000),
            ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000),
            ("2min", 120_000_000_000),
            ("7us", 7_000),
            ("0", 0),
        ] {
            assert_eq!(given.parse(), Ok(Moment(ns)), "{given}");
        }
        for bad in ["", "-1", "1h", "inf", "soon"] {
            assert!(bad.parse::<Moment>().is_err(), "{bad}");
        }
    }

    #[test]
    fn kinds_are_named_alone_or_by_group() {
        let set = kind_set(&["poll".to_owned(), "frame".to_owned()]).unwrap();
        assert!(set[21] && set[30] && set[31] && !set[20]);
        assert!(kind_set(&[]).unwrap()[20]);
        assert!(kind_set(&["nonsense".to_owned()]).unwrap_err().to_string().contains("no such kind"));
    }
}
