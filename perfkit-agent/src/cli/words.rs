//! Words of the command line that mean more than themselves.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::error::Error;

/// A length of time: `10`, `2.5s`, `500ms`, `5m`, `1h`; seconds where no unit is given.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        other => return Err(format!("`{other}` is no unit of time; ms, s, m and h are")),
    };
    let number: f64 = digits.parse().map_err(|_| format!("`{digits}` is no number"))?;
    match number * unit {
        seconds if seconds > 0.0 && seconds < 1e9 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("it must be more than nothing, and less than thirty years".to_owned()),
    }
}

/// A time of a session, in nanoseconds from its begin: as [`duration`], and 0.
pub fn moment(text: &str) -> Result<i64, String> {
    match text {
        "0" => Ok(0),
        text => duration(text).map(|time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)),
    }
}

/// The part of a session that a command is about.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Part {
    /// Only what lies after this time, counted from the session's begin: 1.5, 500ms, 2m.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from: Option<i64>,
    /// Only what lies before this time.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub to: Option<i64>,
}

impl Part {
    /// Whether it makes sense.
    pub fn check(self) -> Result<(), Error> {
        match self.from.zip(self.to) {
            Some((from, to)) if from > to => Err(Error::Invalid("--from is later than --to".to_owned())),
            _ => Ok(()),
        }
    }
}

/// One of a table, by the name that it has there.
pub fn one_of<T: Sync>(table: &'static [T], name: fn(&T) -> &'static str) -> impl TypedValueParser<Value = &'static T> {
    let names = table.iter().map(name).collect::<Vec<_>>();
    let find = move |typed: String| table.iter().find(|&one| name(one) == typed).ok_or("it is not in the table");
    PossibleValuesParser::new(names).try_map(find)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, milliseconds) in [("10", 10_000), ("2.5s", 2500), ("500ms", 500), ("5m", 300_000), ("1h", 3_600_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)));
        }
        for text in ["", "x", "0", "-1", "1d", "1e40"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!([moment("0"), moment("1.5"), moment("20ms")], [Ok(0), Ok(1_500_000_000), Ok(20_000_000)]);
        assert!(moment("-1").is_err());
    }
}
