//! Where somebody is, and where a song may be heard.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A country by its code of two letters (ISO 3166-1 alpha-2), in capitals. Whether somebody has that code today is not
/// checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Country([u8; 2]);

/// Not the code of a country.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a country; accepted are codes of two letters such as AT (ISO 3166-1)")]
pub struct InvalidCountry(String);

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.to_string()
    }
}

impl FromStr for Country {
    type Err = InvalidCountry;

    fn from_str(text: &str) -> Result<Self, InvalidCountry> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(InvalidCountry(text.chars().take(20).collect())),
        }
    }
}

/// The countries that a song may be heard in: at least one, each once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Territories(Vec<Country>);

impl Territories {
    /// These; `None` where there are none, which would be nowhere.
    #[must_use]
    pub fn of(countries: impl IntoIterator<Item = Country>) -> Option<Self> {
        let mut countries: Vec<Country> = countries.into_iter().collect();
        countries.sort_unstable();
        countries.dedup();
        (!countries.is_empty()).then_some(Self(countries))
    }

    /// In the order of the alphabet.
    #[must_use]
    pub fn countries(&self) -> &[Country] {
        &self.0
    }
}

impl fmt::Display for Territories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, country) in self.0.iter().enumerate() {
            write!(f, "{}{country}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl FromStr for Territories {
    type Err = InvalidCountry;

    fn from_str(text: &str) -> Result<Self, InvalidCountry> {
        let countries: Vec<Country> = text.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        Self::of(countries).ok_or_else(|| InvalidCountry(String::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_letters() {
        assert_eq!("at".parse::<Country>().unwrap().to_string(), "AT");
        for wrong in ["", "A", "AUT", "A1", "Ö", "%%"] {
            assert!(wrong.parse::<Country>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn territories_are_each_named_once() {
        let of = |text: &str| Territories::of(text.split(' ').flat_map(str::parse));
        assert_eq!(of("DE AT de").unwrap().to_string(), "AT DE");
        assert_eq!("AT DE".parse(), Ok(of("DE AT").unwrap()));
        assert_eq!(of(""), None);
    }
}
