//! What people type: names, titles, years.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 200;

/// The name of an artist, a title, a genre: 1 to [`LONGEST_NAME`] characters on one line, without
/// spaces around it and without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

/// Why a text is not a [`Name`]; the sentence says what is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing but spaces.
    #[error("it is empty; accepted are 1 to {LONGEST_NAME} characters")]
    Empty,
    /// Too many characters.
    #[error("it has {0} characters; accepted are 1 to {LONGEST_NAME}")]
    TooLong(usize),
    /// Line ends, tabs, NUL and their like.
    #[error("it has a control character; accepted is one line of text")]
    Control,
}

impl Name {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is found by, however it is capitalised.
    #[must_use]
    pub(crate) fn key(&self) -> String {
        key(&self.0)
    }

    /// The nearest name to `text`, for texts that nobody chose (file names): control characters
    /// dropped, cut to length; `otherwise` where nothing is left.
    #[must_use]
    pub fn nearest(text: &str, otherwise: &str) -> Self {
        let kept: String = text.chars().filter(|c| !c.is_control()).collect();
        let cut: String = kept.trim().chars().take(LONGEST_NAME).collect();
        let name = cut.trim_end();
        Self(if name.is_empty() { otherwise.to_owned() } else { name.to_owned() })
    }
}

/// What a name, or its beginning, is found by.
pub(crate) fn key(text: &str) -> String {
    text.trim().to_lowercase()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let name = text.trim();
        let length = name.chars().count();
        match length {
            0 => Err(InvalidName::Empty),
            _ if length > LONGEST_NAME => Err(InvalidName::TooLong(length)),
            _ if name.chars().any(char::is_control) => Err(InvalidName::Control),
            _ => Ok(Self(name.to_owned())),
        }
    }
}

/// The year of a release: from 1860, the year of the oldest recorded music, to 2100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ReleaseYear(u16);

/// Not a year of release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a year of release; accepted is a year from 1860 to 2100")]
pub struct InvalidYear(String);

impl ReleaseYear {
    /// The year of that number, where it is one of release.
    #[must_use]
    pub fn new(year: u16) -> Option<Self> {
        (1860..=2100).contains(&year).then_some(Self(year))
    }

    /// The year as a number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl FromStr for ReleaseYear {
    type Err = InvalidYear;

    fn from_str(text: &str) -> Result<Self, InvalidYear> {
        let shown = || text.chars().take(20).collect();
        text.trim()
            .parse()
            .ok()
            .filter(|year| (1860..=2100).contains(year))
            .map(Self)
            .ok_or_else(|| InvalidYear(shown()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line_of_bounded_length() {
        assert_eq!("  Björk ".parse::<Name>().map(|name| name.to_string()), Ok("Björk".to_owned()));
        assert_eq!(" ".parse::<Name>(), Err(InvalidName::Empty));
        assert_eq!("é".repeat(201).parse::<Name>(), Err(InvalidName::TooLong(201)));
        assert!("é".repeat(200).parse::<Name>().is_ok());
        assert_eq!("a\nb".parse::<Name>(), Err(InvalidName::Control));
    }

    #[test]
    fn any_file_name_has_a_nearest_name() {
        assert_eq!(Name::nearest(" a\u{0}b ", "x").as_str(), "ab");
        assert_eq!(Name::nearest("\n", "Untitled").as_str(), "Untitled");
        assert_eq!(Name::nearest(&"é".repeat(500), "x").as_str().chars().count(), LONGEST_NAME);
    }

    #[test]
    fn years_have_bounds() {
        assert_eq!("1997".parse::<ReleaseYear>().map(ReleaseYear::get), Ok(1997));
        for wrong in ["", "1859", "2101", "97", "-1997", "1997.5", "nineteen"] {
            assert!(wrong.parse::<ReleaseYear>().is_err(), "{wrong:?}");
        }
    }
}
