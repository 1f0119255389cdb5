//! Bearer tokens: 256 random bits, told once to whoever makes one, and kept as their hash.
//!
//! The hash needs no salt and no slowness: what is hashed is no word of somebody's but random, so that nobody finds it by
//! trying.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};

/// What tokens begin with, so that scanners of published texts know them.
const PREFIX: &str = "perfkit_";

/// Hexadecimal digits of a token.
const DIGITS: usize = 64;

/// A token. It is told by [`Token::reveal`] alone.
pub struct Token(String);

impl Token {
    /// A fresh one.
    pub fn make() -> Result<Token> {
        let mut bytes = [0; 32];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| Error::Invalid("the system gives no random numbers, so no token can be made".to_owned()))?;
        Ok(Token(format!("{PREFIX}{}", hex(&bytes))))
    }

    /// One that somebody shows in an Authorization header; none where that holds something else.
    pub fn shown(header: &[u8]) -> Option<Token> {
        let text = std::str::from_utf8(header).ok()?;
        let (scheme, rest) = text.split_once(' ')?;
        let token = rest.trim();
        let digits = token.strip_prefix(PREFIX)?;
        let is_one = digits.len() == DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (scheme.eq_ignore_ascii_case("bearer") && is_one).then(|| Token(token.to_owned()))
    }

    /// Its text, for whoever made it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> Hash {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, self.0.as_bytes()).as_ref());
        Hash(hash)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(…)")
    }
}

/// The SHA-256 of a token's text. Comparing takes as long for those that are alike as for others.
#[derive(Clone, Copy, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

impl PartialEq for Hash {
    fn eq(&self, other: &Hash) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Hash(…)")
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> String {
        hex(&hash.0)
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Hash, String> {
        // A fingerprint is a SHA-256 too, and written alike.
        crate::client::Fingerprint::from_str(&text).map(|fingerprint| Hash(fingerprint.0))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_is_known_again_and_another_is_another() {
        let (token, other) = (Token::make().unwrap(), Token::make().unwrap());
        let shown = Token::shown(format!("bearer  {}", token.reveal()).as_bytes()).unwrap();
        assert_eq!(shown.hash(), token.hash());
        assert_ne!(other.hash(), token.hash());
        assert_eq!(Hash::try_from(String::from(token.hash())), Ok(token.hash()));
    }

    #[test]
    fn nobody_reads_a_token_by_accident() {
        let token = Token::make().unwrap();
        let told = format!("{token:?} {:?} {}", token.hash(), String::from(token.hash()));
        assert!(!told.contains(&token.reveal()[PREFIX.len()..]));
    }

    proptest! {
        #[test]
        fn whatever_is_shown_is_a_token_of_the_right_form_or_none(header: Vec<u8>, text in "[Bb]earer perfkit_[0-9a-g]{60,66}") {
            prop_assert!(Token::shown(&header).is_none());
            let digits = &text["bearer perfkit_".len()..];
            let right = digits.len() == DIGITS && !digits.contains('g');
            prop_assert_eq!(Token::shown(text.as_bytes()).is_some(), right);
        }
    }
}
