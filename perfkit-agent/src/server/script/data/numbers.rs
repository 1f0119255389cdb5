//! What becomes of many numbers: percentiles and histograms.

use serde_json::{Value, json};

use crate::server::script::Answer;

/// Bins of a histogram where none are said, and at most.
const BINS: (u64, u64) = (20, 10_000);

/// The value that a share, in percent, of the values does not exceed: the nearest rank. `None` of none.
pub fn percentile(values: &mut [f64], percent: f64) -> Result<Option<f64>, String> {
    if !(0.0..=100.0).contains(&percent) {
        return Err("percentile() wants a number from 0 to 100".to_owned());
    }
    let rank = (percent / 100.0 * values.len() as f64).ceil() as usize;
    let at = rank.max(1) - 1;
    if at >= values.len() {
        return Ok(None);
    }
    Ok(Some(*values.select_nth_unstable_by(at, f64::total_cmp).1))
}

/// How many values lie in each of so many bins of the same width, from the least to the greatest: `{ from, to, width }`
/// and a column of counts.
pub fn histogram(values: &[f64], bins: Option<&Value>) -> Result<Answer, String> {
    let bins = match bins {
        None | Some(Value::Null) => BINS.0,
        Some(bins) => {
            let fine = bins.as_u64().filter(|bins| (1..=BINS.1).contains(bins));
            fine.ok_or_else(|| format!("histogram() wants from 1 to {} bins", BINS.1))?
        }
    };
    let (from, to) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(*value), most.max(*value)));
    if values.is_empty() {
        return Ok(Answer { value: json!({ "from": 0, "to": 0, "width": 0 }), columns: vec![Vec::new()] });
    }
    let width = (to - from) / bins as f64;
    let mut counts = vec![0.0; bins as usize];
    for value in values {
        let at = if width > 0.0 { ((value - from) / width) as usize } else { 0 };
        // The greatest lies in the last one.
        if let Some(count) = counts.get_mut(at.min(bins as usize - 1)) {
            *count += 1.0;
        }
    }
    Ok(Answer { value: json!({ "from": from, "to": to, "width": width }), columns: vec![counts] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        for (values, percent, expected) in [
            (&[][..], 50.0, None),
            (&[7.0], 0.0, Some(7.0)),
            (&[3.0, 1.0, 2.0], 50.0, Some(2.0)),
            (&[3.0, 1.0, 2.0], 34.0, Some(2.0)),
            (&[3.0, 1.0, 2.0], 33.0, Some(1.0)),
            (&[3.0, 1.0, 2.0], 100.0, Some(3.0)),
        ] {
            assert_eq!(percentile(&mut values.to_vec(), percent), Ok(expected), "{values:?} {percent}");
        }
        for percent in [-1.0, 101.0, f64::NAN] {
            percentile(&mut [1.0], percent).unwrap_err();
        }
    }

    #[test]
    fn every_value_lies_in_a_bin() {
        let answer = histogram(&[0.0, 0.4, 1.0, 2.0], Some(&json!(2))).unwrap();
        assert_eq!(answer.columns, [[2.0, 2.0]]);
        assert_eq!(answer.value, json!({ "from": 0.0, "to": 2.0, "width": 1.0 }));
        assert_eq!(histogram(&[5.0, 5.0], None).unwrap().columns[0].iter().sum::<f64>(), 2.0);
        assert!(histogram(&[], None).unwrap().columns[0].is_empty());
        for bins in [json!(0), json!(1e9), json!("x"), json!(-1)] {
            histogram(&[1.0], Some(&bins)).unwrap_err();
        }
    }
}
