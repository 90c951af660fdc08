//! How somebody likes to listen: kept for them, so that each of their players asks once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest tag of a language, in bytes (RFC 5646 4.4.1).
pub const LONGEST_LANGUAGE: usize = 35;

/// How somebody likes to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// How much of their connection music may take.
    pub quality: Quality,
    /// In which language they are spoken to; otherwise in that of their device.
    pub language: Option<Language>,
    /// Whether songs with explicit words are for them.
    pub explicit: bool,
    /// Whether all songs are to be equally loud.
    pub normalize_volume: bool,
}

/// What somebody likes otherwise from now on. What is not there stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PreferencesChange {
    /// How much of their connection music may take.
    pub quality: Option<Quality>,
    /// In which language they are spoken to; `Some(None)`: in that of their device.
    pub language: Option<Option<Language>>,
    /// Whether songs with explicit words are for them.
    pub explicit: Option<bool>,
    /// Whether all songs are to be equally loud.
    pub normalize_volume: Option<bool>,
}

/// How much of somebody's connection music may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// As much as there is.
    #[default]
    Auto,
    /// As little as can be.
    Low,
    /// What most hear no difference to.
    Normal,
    /// The most that their plan has.
    High,
}

/// The tag of a language (RFC 5646), such as `de` or `pt-BR`, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language(String);

/// Not a [`Quality`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a quality; accepted are auto, low, normal and high")]
pub struct UnknownQuality(String);

/// Not a [`Language`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A language is a tag such as 'de' or 'pt-BR' (RFC 5646).")]
pub struct InvalidLanguage;

/// What whoever says nothing likes.
impl Default for Preferences {
    fn default() -> Self {
        let quality = Quality::default();
        Self { quality, language: None, explicit: true, normalize_volume: true }
    }
}

/// Everything anew.
impl From<Preferences> for PreferencesChange {
    fn from(preferences: Preferences) -> Self {
        let Preferences { quality, language, explicit, normalize_volume } = preferences;
        Self {
            quality: Some(quality),
            language: Some(language),
            explicit: Some(explicit),
            normalize_volume: Some(normalize_volume),
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        })
    }
}

impl FromStr for Quality {
    type Err = UnknownQuality;

    fn from_str(text: &str) -> Result<Self, UnknownQuality> {
        [Self::Auto, Self::Low, Self::Normal, Self::High]
            .into_iter()
            .find(|quality| quality.to_string() == text)
            .ok_or_else(|| UnknownQuality(text.to_owned()))
    }
}

impl Language {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Well-formed as far as shape goes: whether anybody speaks it is not asked (RFC 5646 2.2.9).
impl FromStr for Language {
    type Err = InvalidLanguage;

    fn from_str(text: &str) -> Result<Self, InvalidLanguage> {
        let (language, rest) = text.split_once('-').unwrap_or((text, "a"));
        let named = (2..=8).contains(&language.len())
            && language.bytes().all(|letter| letter.is_ascii_alphabetic());
        let subtags = rest.split('-').all(|subtag| {
            (1..=8).contains(&subtag.len()) && subtag.bytes().all(|c| c.is_ascii_alphanumeric())
        });
        let fits = named && subtags && text.len() <= LONGEST_LANGUAGE;
        fits.then(|| Self(text.to_owned())).ok_or(InvalidLanguage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_the_shape_of_their_tags() {
        for good in ["de", "pt-BR", "zh-Hant-TW", "sl-rozaj-biske", "de-1996"] {
            assert_eq!(good.parse().as_ref().map(Language::as_str), Ok(good));
        }
        let long = format!("de{}", "-abcdefgh".repeat(4));
        for wrong in
            ["", "d", "-", "de-", "-de", "de--AT", "d3", "de_AT", "abcdefghi", "de-ä", &long]
        {
            assert_eq!(wrong.parse::<Language>(), Err(InvalidLanguage), "{wrong:?}");
        }
    }
}
