//! What recordings and releases are called by the trade.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// An International Standard Recording Code (ISO 3901): a prefix of two letters and three letters or digits, the year
/// in two digits, and five digits. Written without hyphens. It has no check digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Isrc(String);

/// A bar code of a release: UPC-A of 12 digits or EAN-13, its check digit right (GS1 General Specifications 7.9).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Upc(String);

/// Why a text is not such a code; the sentence says what is accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentifier {
    /// Not an ISRC.
    #[error("'{0}' is not an ISRC; accepted are twelve characters such as AT-A01-26-00001")]
    Isrc(String),
    /// Not a UPC.
    #[error("'{0}' is not a UPC; accepted are 12 digits, or the 13 of an EAN")]
    Upc(String),
    /// A digit was mistyped.
    #[error("the check digit of '{0}' is wrong; it would be {1}")]
    CheckDigit(String, u8),
}

impl fmt::Display for Isrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Isrc {
    type Err = InvalidIdentifier;

    fn from_str(text: &str) -> Result<Self, InvalidIdentifier> {
        let code: String = text.trim().chars().filter(|c| *c != '-').collect();
        let code = code.to_ascii_uppercase();
        let bytes = code.as_bytes();
        let valid = bytes.len() == 12
            && bytes[..2].iter().all(u8::is_ascii_alphabetic)
            && bytes[2..5].iter().all(u8::is_ascii_alphanumeric)
            && bytes[5..].iter().all(u8::is_ascii_digit);
        if valid { Ok(Self(code)) } else { Err(InvalidIdentifier::Isrc(shown(text))) }
    }
}

impl fmt::Display for Upc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Upc {
    type Err = InvalidIdentifier;

    fn from_str(text: &str) -> Result<Self, InvalidIdentifier> {
        let code = text.trim();
        let digits: Option<Vec<u32>> = code.chars().map(|c| c.to_digit(10)).collect();
        let digits = digits.filter(|digits| matches!(digits.len(), 12 | 13));
        let digits = digits.ok_or_else(|| InvalidIdentifier::Upc(shown(text)))?;
        let (check, rest) = digits.split_last().expect("there are 12 at least");
        let weighted = rest.iter().rev().zip([3, 1].into_iter().cycle());
        let sum: u32 = weighted.map(|(digit, weight)| digit * weight).sum();
        let wanted = (10 - sum % 10) % 10;
        if *check == wanted {
            return Ok(Self(code.to_owned()));
        }
        let wanted = u8::try_from(wanted).unwrap_or_default();
        Err(InvalidIdentifier::CheckDigit(code.to_owned(), wanted))
    }
}

fn shown(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isrc_is_twelve_characters_with_or_without_hyphens() {
        let isrc = |text: &str| text.parse::<Isrc>().map(|isrc| isrc.to_string());
        assert_eq!(isrc("at-a01-26-00001"), Ok("ATA012600001".to_owned()));
        assert_eq!(isrc("USRC17607839"), Ok("USRC17607839".to_owned()));
        for wrong in
            ["", "USRC1760783", "USRC176078399", "12RC17607839", "USRC1760783X", "ÄÖÜRC1760"]
        {
            assert!(isrc(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_upc_has_a_right_check_digit() {
        let upc = |text: &str| text.parse::<Upc>().map(|upc| upc.to_string());
        assert_eq!(upc("036000291452"), Ok("036000291452".to_owned()));
        assert_eq!(upc("4006381333931"), Ok("4006381333931".to_owned()));
        let wrong = InvalidIdentifier::CheckDigit("036000291453".to_owned(), 2);
        assert_eq!(upc("036000291453"), Err(wrong));
        for wrong in ["", "03600029145", "40063813339311", "03600029145x"] {
            assert!(matches!(upc(wrong), Err(InvalidIdentifier::Upc(_))), "{wrong:?}");
        }
    }
}
