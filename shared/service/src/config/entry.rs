//! One table of a list of tables in the file (`[[hooks]]`), read like everything else: key by key, with what each accepts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{ConfigError, Key, value};

/// One table of a list.
#[derive(Debug)]
pub struct Entry {
    /// What its keys are called before the dot: `hooks[1]`.
    name: String,
    path: PathBuf,
    values: BTreeMap<String, toml::Value>,
}

impl Entry {
    /// All tables of a list, or nothing where it is not one.
    pub(super) fn all(key: &Key, list: &toml::Value, path: &Path) -> Option<Vec<Self>> {
        let entries = list.as_array()?.iter().enumerate().map(|(place, table)| {
            let values = table.as_table()?.clone().into_iter().collect();
            let name = format!("{}[{}]", key.name, place + 1);
            Some(Self { name, path: path.to_owned(), values })
        });
        entries.collect()
    }

    /// The value of `key` as a `T`, or `None` where it is not there.
    ///
    /// # Errors
    /// It is no `T`.
    pub fn get<T: FromStr>(&self, key: &Key) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.values.get(key.name) else { return Ok(None) };
        let parsed = value::text_of(value).and_then(|text| text.parse().ok());
        parsed.map(Some).ok_or_else(|| self.bad_value(key))
    }

    /// The same of what must be there.
    ///
    /// # Errors
    /// It is not there, or no `T`.
    pub fn need<T: FromStr>(&self, key: &Key) -> Result<T, ConfigError> {
        self.get(key)?.ok_or_else(|| self.bad_value(key))
    }

    /// The refusal of what stands under `key`, for checks that go beyond parsing.
    #[must_use]
    pub fn bad_value(&self, key: &Key) -> ConfigError {
        let value = match self.values.get(key.name) {
            Some(_) if key.secret => "(not shown)".to_owned(),
            Some(value) => {
                let text = value::text_of(value).unwrap_or_else(|| value.to_string());
                format!("'{text}'")
            }
            None => "nothing".to_owned(),
        };
        ConfigError::BadEntry {
            key: format!("{}.{}", self.name, key.name),
            value,
            path: self.path.clone(),
            accepts: key.accepts,
        }
    }

    /// Refuses keys that nobody reads.
    ///
    /// # Errors
    /// [`ConfigError::UnknownKey`].
    pub fn knows_only(&self, keys: &[Key]) -> Result<(), ConfigError> {
        let is_known = |name: &&String| keys.iter().any(|key| key.name == name.as_str());
        let Some(unknown) = self.values.keys().find(|name| !is_known(name)) else { return Ok(()) };
        let accepted = keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
        let key = format!("{}.{unknown}", self.name);
        Err(ConfigError::UnknownKey { key, path: self.path.clone(), accepted })
    }
}
