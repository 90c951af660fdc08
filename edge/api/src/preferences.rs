//! How somebody likes to listen, as they say it and as they are told.

use catalogue::preferences::InvalidLanguage;
use catalogue::{Preferences, PreferencesChange, Quality};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::patch::said;

/// How somebody likes to listen. Players keep to it; what their plan, their country and the songs allow stays as it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Preferences)]
pub(crate) struct PreferencesDocument {
    /// How much of the connection music may take.
    quality: Quality,
    /// A tag of RFC 5646, such as pt-BR; null: the language of the device.
    language: Option<String>,
    /// Whether songs with explicit words are welcome.
    explicit: bool,
    /// Whether all songs are to be equally loud.
    normalize_volume: bool,
}

/// How somebody likes to listen from now on. What is not there stays, and null is the usual.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreferencesEdit {
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Quality>)]
    quality: Option<Option<Quality>>,
    /// A tag of RFC 5646, such as pt-BR.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>, max_length = 35)]
    language: Option<Option<String>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<bool>)]
    explicit: Option<Option<bool>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<bool>)]
    normalize_volume: Option<Option<bool>>,
}

impl PreferencesEdit {
    pub(crate) fn read(self) -> Result<PreferencesChange, Problem> {
        let Self { quality, language, explicit, normalize_volume } = self;
        let usual = Preferences::default();
        let language = language.map(|tag| tag.map(|tag| tag.parse()).transpose());
        let language = language.transpose().map_err(|error: InvalidLanguage| {
            Problem::field("preferences.language", error.to_string())
        })?;
        Ok(PreferencesChange {
            quality: quality.map(|quality| quality.unwrap_or(usual.quality)),
            language,
            explicit: explicit.map(|explicit| explicit.unwrap_or(usual.explicit)),
            normalize_volume: normalize_volume.map(|even| even.unwrap_or(usual.normalize_volume)),
        })
    }
}

impl From<Preferences> for PreferencesDocument {
    fn from(preferences: Preferences) -> Self {
        let Preferences { quality, language, explicit, normalize_volume } = preferences;
        let language = language.map(|language| language.as_str().to_owned());
        Self { quality, language, explicit, normalize_volume }
    }
}
