//! Configuration in two stages: [`Said`] is what the file, the environment and the flags say, each
//! overriding the one before; a daemon then parses it, once, into the settings that it acts on.
//!
//! Every key is one word in the file (`admin_listen = "…"`), `SEGUE_ADMIN_LISTEN` in the
//! environment and `--admin-listen` on the command line. A secret is also read from the file that
//! `SEGUE_…_FILE` names. Variables that no key knows are left alone, since orchestrators inject
//! their own (`SEGUE_PORT`); an unknown key in the file is refused.

mod entry;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub use entry::Entry;
pub use value::{ByteSize, Switch};

/// A setting that a daemon knows.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name in the file, in `snake_case`.
    pub name: &'static str,
    /// What it accepts, to end the sentence "accepted is …".
    pub accepts: &'static str,
    /// Whether its value must never be repeated, and may be read from a file.
    pub secret: bool,
    /// Whether it is a list of tables, which the file alone can hold.
    list: bool,
}

impl Key {
    /// A setting whose value may be shown.
    #[must_use]
    pub const fn new(name: &'static str, accepts: &'static str) -> Self {
        Self { name, accepts, secret: false, list: false }
    }

    /// A list of tables.
    #[must_use]
    pub const fn list(name: &'static str, accepts: &'static str) -> Self {
        Self { name, accepts, secret: false, list: true }
    }

    /// A setting whose value is never repeated, and that `SEGUE_…_FILE` may point to.
    #[must_use]
    pub const fn secret(name: &'static str, accepts: &'static str) -> Self {
        Self { name, accepts, secret: true, list: false }
    }

    fn variable(&self) -> String {
        format!("SEGUE_{}", self.name.to_uppercase())
    }
}

/// Where a value was said.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    File(PathBuf),
    Variable(String),
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "in {}", path.display()),
            Self::Variable(name) => write!(f, "in the environment variable {name}"),
            Self::Flag(name) => write!(f, "on the command line ({name})"),
        }
    }
}

/// Why a configuration cannot be used. Each message names the key, the value and what is accepted.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("the configuration file {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {path} is not valid TOML: {reason}")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Where and why, in one line.
        reason: String,
    },
    /// The file has a key that nobody reads.
    #[error("unknown key '{key}' in {path}; accepted are {accepted}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The file.
        path: PathBuf,
        /// The known keys.
        accepted: String,
    },
    /// A value is not what its key accepts.
    #[error("{key} = {value} ({source_text}) cannot be used; accepted is {accepts}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// The value, quoted, or a word in place of a secret.
        value: String,
        /// Where it was said.
        source_text: String,
        /// What the key accepts.
        accepts: &'static str,
    },
    /// A value in a table of a list is not what its key accepts.
    #[error("{key} = {value} (in {path}) cannot be used; accepted is {accepts}")]
    BadEntry {
        /// The key, with the table that it stands in.
        key: String,
        /// The value, quoted, or a word in place of a secret.
        value: String,
        /// The file.
        path: PathBuf,
        /// What the key accepts.
        accepts: &'static str,
    },
    /// Something that has no default was not said.
    #[error("{key} is missing; accepted is {accepts}")]
    Missing {
        /// The key.
        key: &'static str,
        /// What it accepts.
        accepts: &'static str,
    },
    /// Two values that exclude or need each other.
    #[error("{0}")]
    Conflict(String),
}

/// What was said, before anything is made of it.
#[derive(Debug, Default)]
pub struct Said {
    keys: Vec<Key>,
    values: BTreeMap<&'static str, (String, Source)>,
    lists: BTreeMap<&'static str, Vec<Entry>>,
}

impl Said {
    /// Layers the file under the environment under the flags. `env` reads one variable;
    /// `flags` are pairs of key name and value.
    ///
    /// # Errors
    /// A file that cannot be read or is not TOML, an unknown key in it, a table or list where one
    /// value belongs, an unreadable secret file.
    pub fn read(
        keys: &[Key],
        file: Option<&Path>,
        env: &dyn Fn(&str) -> Option<String>,
        flags: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Self, ConfigError> {
        let mut said = Self { keys: keys.to_vec(), ..Self::default() };
        if let Some(path) = file {
            said.add_file(path)?;
        }
        said.add_environment(env)?;
        for (name, value) in flags {
            let flag = format!("--{}", name.replace('_', "-"));
            said.values.insert(name, (value, Source::Flag(flag)));
        }
        Ok(said)
    }

    /// The value of `key` as a `T`, or `None` where nobody said anything.
    ///
    /// # Errors
    /// A value that does not parse as `T`.
    pub fn get<T: std::str::FromStr>(&self, key: &Key) -> Result<Option<T>, ConfigError> {
        let Some((text, _)) = self.values.get(key.name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| self.bad_value(key))
    }

    /// The same, where a value that `accepts` refuses is as bad as one that cannot be read.
    ///
    /// # Errors
    /// As of [`Said::get`].
    pub fn get_if<T: std::str::FromStr>(
        &self,
        key: &Key,
        accepts: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, ConfigError> {
        match self.get(key)? {
            Some(value) if !accepts(&value) => Err(self.bad_value(key)),
            value => Ok(value),
        }
    }

    /// The tables of a list.
    #[must_use]
    pub fn entries(&self, key: &Key) -> &[Entry] {
        self.lists.get(key.name).map_or(&[], Vec::as_slice)
    }

    /// The refusal of what was said for `key`, for checks that go beyond parsing.
    #[must_use]
    pub fn bad_value(&self, key: &Key) -> ConfigError {
        let (value, source_text) = match self.values.get(key.name) {
            Some((_, source)) if key.secret => ("(not shown)".to_owned(), source.to_string()),
            Some((text, source)) => (format!("'{text}'"), source.to_string()),
            None => ("nothing".to_owned(), "unset".to_owned()),
        };
        ConfigError::BadValue { key: key.name, value, source_text, accepts: key.accepts }
    }

    fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            ConfigError::NotToml { path: path.to_owned(), reason: error.message().to_owned() }
        })?;
        for (name, value) in table {
            let key = self.known(&name, path)?;
            if key.list
                && let Some(entries) = Entry::all(&key, &value, path)
            {
                self.lists.insert(key.name, entries);
                continue;
            }
            let text = value::text_of(&value).filter(|_| !key.list);
            let shown = text.clone().unwrap_or_else(|| value.to_string());
            self.values.insert(key.name, (shown, Source::File(path.to_owned())));
            if text.is_none() {
                return Err(self.bad_value(&key));
            }
        }
        Ok(())
    }

    fn known(&self, name: &str, path: &Path) -> Result<Key, ConfigError> {
        self.keys.iter().copied().find(|key| key.name == name).ok_or_else(|| {
            let accepted = self.keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
            ConfigError::UnknownKey { key: name.to_owned(), path: path.to_owned(), accepted }
        })
    }

    fn add_environment(&mut self, env: &dyn Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        for key in self.keys.clone().into_iter().filter(|key| !key.list) {
            let variable = key.variable();
            let from_file = key.secret.then(|| env(&format!("{variable}_FILE"))).flatten();
            match (env(&variable), from_file) {
                (Some(_), Some(_)) => {
                    let both = format!("{variable} and {variable}_FILE are both set; set one");
                    return Err(ConfigError::Conflict(both));
                }
                (Some(text), None) => {
                    self.values.insert(key.name, (text, Source::Variable(variable)));
                }
                (None, Some(path)) => {
                    let secret = read_secret(Path::new(&path))?;
                    let source = Source::Variable(format!("{variable}_FILE"));
                    self.values.insert(key.name, (secret, source));
                }
                (None, None) => {}
            }
        }
        Ok(())
    }
}

/// A secret's file without the line end that editors add.
fn read_secret(path: &Path) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests;
