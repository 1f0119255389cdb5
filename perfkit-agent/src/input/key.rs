//! Keys by their names in X: `Return`, `a`, `ctrl+shift+s`.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use xkeysym::Keysym;

/// A key, with the modifiers that are held for it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Modifiers (bits as in [`MODIFIERS`]) and what the key means (an X keysym).
    Known(u8, u32),
    /// What was typed was not kept.
    Untold,
}

/// The modifiers that can stand before a key: bit, name, and the keysym of the key to hold.
pub const MODIFIERS: &[(u8, &str, u32)] = &[
    (1, "shift", xkeysym::key::Shift_L),
    (2, "ctrl", xkeysym::key::Control_L),
    (4, "alt", xkeysym::key::Alt_L),
    (8, "super", xkeysym::key::Super_L),
];

/// The keysyms of the keys that make another letter of a key.
pub const SHIFTS: [u32; 2] = [xkeysym::key::Shift_L, xkeysym::key::Shift_R];

/// How a key is written that was not kept.
const UNTOLD: &str = "untold";

/// The keysyms of characters that have no name of their own lie from here on.
const UNICODE: u32 = 0x0100_0000;

/// The ranges of keysyms that have names: those of X, and those of XFree86 for multimedia keys.
const NAMED: [std::ops::RangeInclusive<u32>; 3] = [0x20..=0xffff, 0x0100_0000..=0x0100_ffff, 0x1008_0000..=0x1008_ffff];

/// The keysym of each name.
fn names() -> &'static HashMap<&'static str, u32> {
    static NAMES: OnceLock<HashMap<&'static str, u32>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names = HashMap::new();
        for keysym in NAMED.into_iter().flatten() {
            if let Some(name) = name(keysym) {
                // Some have a second name; the first keysym of a name is the one in use.
                names.entry(name).or_insert(keysym);
            }
        }
        names
    })
}

/// The name of a keysym, without the prefix of C.
fn name(keysym: u32) -> Option<&'static str> {
    Keysym::new(keysym).name().map(|name| name.trim_start_matches("XK_"))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Key::Known(modifiers, keysym) = *self else { return f.write_str(UNTOLD) };
        for (bit, name, _) in MODIFIERS {
            if modifiers & bit != 0 {
                write!(f, "{name}+")?;
            }
        }
        match name(keysym) {
            Some(name) if names().get(name) == Some(&keysym) => f.write_str(name),
            _ if keysym > UNICODE && char::from_u32(keysym - UNICODE).is_some() => {
                write!(f, "U+{:04X}", keysym - UNICODE)
            }
            _ => write!(f, "{keysym:#x}"),
        }
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Key, String> {
        if text == UNTOLD {
            return Ok(Key::Untold);
        }
        let (mut modifiers, mut rest) = (0, text);
        while let Some((bit, after)) = modifier(rest) {
            (modifiers, rest) = (modifiers | bit, after);
        }
        let mut letters = rest.chars();
        let keysym = match (letters.next(), letters.next()) {
            _ if names().contains_key(rest) => names()[rest],
            (Some(letter), None) => u32::from(Keysym::from_char(letter)),
            _ => {
                let unicode = rest.strip_prefix("U+").and_then(|hex| u32::from_str_radix(hex, 16).ok());
                let unicode = unicode.filter(|code| char::from_u32(*code).is_some()).map(|code| code + UNICODE);
                let number = || rest.strip_prefix("0x").and_then(|hex| u32::from_str_radix(hex, 16).ok());
                unicode.or_else(number).filter(|keysym| *keysym != 0).ok_or_else(|| {
                    let like = crate::error::similar(rest, names().keys().copied());
                    format!("there is no key `{rest}`{like}; keys have their names in X, as Return or a")
                })?
            }
        };
        Ok(Key::Known(modifiers, keysym))
    }
}

/// A modifier at the begin of a key, and what follows.
fn modifier(text: &str) -> Option<(u8, &str)> {
    MODIFIERS.iter().find_map(|(bit, name, _)| {
        let rest = text.strip_prefix(name)?.strip_prefix('+')?;
        (!rest.is_empty()).then_some((*bit, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_by_name_and_read_back() {
        let check = |key: Key, text: &str| {
            assert_eq!(key.to_string(), text);
            assert_eq!(text.parse::<Key>().unwrap(), key);
        };
        check(Key::Known(0, 0xff0d), "Return");
        check(Key::Known(3, 0x73), "shift+ctrl+s");
        check(Key::Known(0, 0x2b), "plus");
        check(Key::Known(2, 0x2b), "ctrl+plus");
        check(Key::Known(0, 0x0100_20ac + 1), "U+20AD");
        check(Key::Known(0, 0xffe1), "Shift_L");
        check(Key::Untold, "untold");
        assert_eq!("ß".parse::<Key>().unwrap(), Key::Known(0, 0xdf));
        assert_eq!("+".parse::<Key>().unwrap(), Key::Known(0, 0x2b));
    }

    #[test]
    fn every_key_of_x_is_read_back() {
        for keysym in NAMED.into_iter().flatten() {
            let key = Key::Known(0, keysym);
            assert_eq!(key.to_string().parse::<Key>().unwrap(), key, "{key}");
        }
    }

    #[test]
    fn what_is_no_key_is_told_with_what_is_like_it() {
        let error = "Retrun".parse::<Key>().unwrap_err();
        assert!(error.contains("no key `Retrun` (did you mean `Return`?)"), "{error}");
        assert!("".parse::<Key>().is_err());
    }
}
