//! Dotted names: from a name and its labels to one word.

use super::Unreadable;

/// Bytes that a name may have; longer ones are nobody's counters.
const NAME_MAX: usize = 256;

/// The dotted name of a name with labels: the name as it is, then `.key=value` of each label, sorted by key, so
/// that one series has one name however its labels are ordered.
pub fn dotted(name: &str, labels: &mut [(String, String)]) -> Result<String, Unreadable> {
    let mut whole = elements(name);
    if whole.is_empty() {
        return Err(Unreadable::Name);
    }
    labels.sort();
    for (key, value) in labels.iter() {
        whole.push('.');
        whole.push_str(&clean(key));
        whole.push('=');
        whole.push_str(&clean(value));
    }
    if whole.len() > NAME_MAX { Err(Unreadable::Name) } else { Ok(whole) }
}

/// A name that keeps its dots; every element of it is made clean.
fn elements(name: &str) -> String {
    let mut whole = String::with_capacity(name.len() + 16);
    for (at, element) in name.split('.').filter(|element| !element.is_empty()).enumerate() {
        if at > 0 {
            whole.push('.');
        }
        push_clean(&mut whole, element);
    }
    whole
}

/// One element of a name: dots, spaces and control characters become `_`.
pub fn clean(element: &str) -> String {
    let mut clean = String::with_capacity(element.len());
    push_clean(&mut clean, element);
    clean
}

fn push_clean(to: &mut String, element: &str) {
    let bad = |c: char| c == '.' || c.is_whitespace() || c.is_control();
    to.extend(element.chars().map(|c| if bad(c) { '_' } else { c }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_follow_sorted_and_their_dots_do_not_count() {
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        for (name, mut labels, expected) in [
            ("app.hits", vec![], Ok("app.hits")),
            ("hits", vec![label("b", "2"), label("a", "h.example org")], Ok("hits.a=h_example_org.b=2")),
            (".app..hits.", vec![], Ok("app.hits")),
            ("a b\tc", vec![], Ok("a_b_c")),
            ("", vec![], Err(Unreadable::Name)),
            ("", vec![label("a", "b")], Err(Unreadable::Name)),
            ("...", vec![], Err(Unreadable::Name)),
        ] {
            assert_eq!(dotted(name, &mut labels), expected.map(str::to_owned), "{name}");
        }
        assert_eq!(dotted(&"x".repeat(NAME_MAX + 1), &mut []), Err(Unreadable::Name));
    }
}
