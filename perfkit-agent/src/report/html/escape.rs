//! Text in HTML and SVG. What another program wrote is only ever text: never a tag, an entity or a control character.

use std::fmt::{self, Display, Formatter, Write};

/// Escapes what is displayed, for the inside of elements and of quoted attributes.
pub fn esc<T: Display>(text: T) -> Escaped<T> {
    Escaped(text)
}

/// Something to be displayed as text.
pub struct Escaped<T>(T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        write!(Filter(to), "{}", self.0)
    }
}

struct Filter<'a, 'b>(&'a mut Formatter<'b>);

impl Write for Filter<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for char in text.chars() {
            match char {
                '&' => self.0.write_str("&amp;")?,
                '<' => self.0.write_str("&lt;")?,
                '>' => self.0.write_str("&gt;")?,
                '"' => self.0.write_str("&quot;")?,
                '\'' => self.0.write_str("&#39;")?,
                '\n' => self.0.write_char('\n')?,
                // XML forbids these, and some of them turn the text around them.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
                    self.0.write_char('\u{fffd}')?;
                }
                char if char.is_control() => self.0.write_char('\u{fffd}')?,
                char => self.0.write_char(char)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_quotes() {
        let hostile = "<script>alert('x')</script>\" onload=\"x & \u{0}\u{202e}\u{1b}[31m日本";
        let expected = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; onload=&quot;x &amp; \u{fffd}\u{fffd}\u{fffd}[31m日本";
        assert_eq!(esc(hostile).to_string(), expected);
        assert_eq!(esc(format_args!("{:.1}<{}", 1.25, 2)).to_string(), "1.2&lt;2");
    }
}
