//! Names of C++ and Rust as their authors wrote them.

use std::fmt::{self, Write};

use cpp_demangle::{DemangleOptions, Symbol};

use super::NAME_MAX;

/// A name as its author wrote it: C++ and Rust demangled, without hashes and versions.
pub fn demangled(name: &str) -> String {
    // As `memcpy@@GLIBC_2.14`, which the symbol tables of libraries have.
    let name = match name.split_once('@') {
        Some((bare, _)) if !bare.is_empty() => bare,
        _ => name,
    };
    let mut out = Bounded(String::new());
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        // Without the hash, which tells nobody anything.
        if write!(out, "{rust:#}").is_ok() {
            return out.0;
        }
    } else if name.starts_with("_Z")
        && let Ok(symbol) = Symbol::new(name)
        && symbol.structured_demangle(&mut out, &DemangleOptions::new()).is_ok()
    {
        return out.0;
    }
    name.to_owned()
}

/// A text that refuses to grow beyond what a name can be: a short mangled name can stand for gigabytes.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > NAME_MAX {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_source() {
        for (name, words) in [
            ("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt"),
            ("_RNvCs1234_7mycrate3foo", "mycrate::foo"),
            ("_ZN6Window5paintEv", "Window::paint()"),
            ("_ZNSt6vectorIiSaIiEE4sizeEv", "std::vector<int, std::allocator<int> >::size()"),
            ("gtk_main", "gtk_main"),
            ("memcpy@@GLIBC_2.14", "memcpy"),
            ("@", "@"),
            ("_Znonsense", "_Znonsense"),
        ] {
            assert_eq!(demangled(name), words);
        }
    }

    #[test]
    fn a_name_that_stands_for_gigabytes_stays_as_it_is() {
        // Each parameter is a pair of the one before.
        let mut bomb = "_Z1fI1aE4pairIS0_S0_E".to_owned();
        for at in 1..30 {
            let number = if at == 1 { String::new() } else { format!("{:X}", at - 2) };
            bomb.push_str(&format!("S{number}_4pairIS{number}_S{number}_E"));
        }
        assert!(demangled(&bomb).len() <= NAME_MAX);
    }
}
