//! What a hook proves itself with: read from a file each time, so that it is changed without a restart, or said in the
//! environment. It is never shown.

use std::fmt;
use std::fs;
use std::path::PathBuf;

/// Where a secret is.
#[derive(Clone)]
pub struct Secret(Source);

#[derive(Clone)]
enum Source {
    File(PathBuf),
    Value(String),
}

/// A secret that cannot be used. What it is, is not said.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("the secret's file {path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what the target takes.
    #[error("the secret cannot be used; accepted is {0}")]
    Unusable(&'static str),
}

impl Secret {
    /// A secret in a file.
    #[must_use]
    pub fn in_file(path: PathBuf) -> Self {
        Self(Source::File(path))
    }

    /// A secret that was said.
    #[must_use]
    pub fn said(value: String) -> Self {
        Self(Source::Value(value))
    }

    /// All of it, as it is now.
    ///
    /// # Errors
    /// [`SecretError::Unreadable`].
    pub fn text(&self) -> Result<String, SecretError> {
        match &self.0 {
            Source::Value(value) => Ok(value.clone()),
            Source::File(path) => fs::read_to_string(path)
                .map_err(|source| SecretError::Unreadable { path: path.clone(), source }),
        }
    }

    /// Its first line that is not blank.
    ///
    /// # Errors
    /// It cannot be read, or is no header's value.
    pub fn token(&self) -> Result<String, SecretError> {
        let text = self.text()?;
        let token = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if is_token {
            Ok(token.to_owned())
        } else {
            Err(SecretError::Unusable("one line of letters, digits and signs in ASCII"))
        }
    }

    /// The value of `name = value` on a line of its own: the form of `.edgerc` and of AWS's credentials, of which the
    /// first section counts.
    pub(crate) fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let section = lines.skip_while(|line| line.starts_with('['));
        let mut section = section.take_while(|line| !line.starts_with('['));
        section.find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| value.trim()).filter(|value| !value.is_empty())
        })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::File(path) => write!(f, "Secret({})", path.display()),
            Source::Value(_) => f.write_str("Secret"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::said("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_eq!(secret.token().expect("a token"), "hunter2");
        for wrong in ["", "\n\n", "two words", "tür"] {
            let error = Secret::said(wrong.to_owned()).token().expect_err(wrong);
            assert!(wrong.trim().is_empty() || !error.to_string().contains(wrong), "{error}");
        }
    }

    #[test]
    fn a_file_is_read_each_time() {
        let path = std::env::temp_dir().join(format!("segue-secret-{}", std::process::id()));
        fs::write(&path, "\n first \nsecond\n").expect("written");
        let secret = Secret::in_file(path.clone());
        assert_eq!(secret.token().expect("a token"), "first");
        fs::write(&path, "third").expect("written");
        assert_eq!(secret.token().expect("a token"), "third");
        fs::remove_file(&path).expect("removed");
        assert!(matches!(secret.token(), Err(SecretError::Unreadable { .. })));
    }

    #[test]
    fn fields_are_of_the_first_section() {
        let text =
            "[default]\nhost = a.example\nclient_secret = x=y=\nempty =\n\n[other]\nlate = 1\n";
        assert_eq!(Secret::field(text, "host"), Some("a.example"));
        assert_eq!(Secret::field(text, "client_secret"), Some("x=y="));
        assert_eq!(Secret::field(text, "empty"), None);
        assert_eq!(Secret::field(text, "late"), None);
        assert_eq!(Secret::field("a = 1", "a"), Some("1"));
    }
}
