//! Which keys hold what somebody typed: they are redacted, and the others not, as none of them tells a password.

/// Bits of an event's state: with one of them held a letter is a shortcut and not text.
const CONTROL: u32 = 1 << 2;
const ALT: u32 = 1 << 3;
const SUPER: u32 = 1 << 26;

/// Whether a key (an X keysym, in `X11/keysymdef.h`) gives a letter, or a part of one, or may do so.
pub fn is_text(keyval: u32, state: u32) -> bool {
    let letter = match keyval {
        // Shift levels and groups, between the letters and the dead keys.
        0xfe01..=0xfe1f => false,
        // What the keypad types.
        0xff80 | 0xffaa..=0xffb9 | 0xffbd => true,
        0xff00..=0xffff => false,
        // Keys of multimedia, and of one server.
        0x1000_0000.. => false,
        _ => true,
    };
    letter && state & (CONTROL | ALT | SUPER) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_text_and_what_moves_or_commands_is_not() {
        for (keyval, state, text) in [
            (0x61, 0, true),
            (0x41, 1, true),
            (0x61, CONTROL, false),
            (0x78, ALT, false),
            (0xfe51, 0, true),
            (0xffb1, 0, true),
            (0x0100_20ac, 0, true),
            (0, 0, true),
            (0xff0d, 0, false),
            (0xff1b, 0, false),
            (0xffe1, 0, false),
            (0xfe03, 0, false),
            (0x1008_ff13, 0, false),
        ] {
            assert_eq!(is_text(keyval, state), text, "{keyval:#x} with {state:#x}");
        }
    }
}
