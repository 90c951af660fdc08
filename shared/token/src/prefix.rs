//! What a playback token opens: one version of one song.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A version's folder, `artist/{artist}/album/{album}/{song}/{version}`: checked text, so that in
/// a URI container (RFC 9246 2.1.15) it is literal under any regular-expression syntax.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Prefix(String);

/// Not the folder of a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not artist/{{id}}/album/{{id}}/{{song}}/{{version}} in a-z, 0-9 and '-'")]
pub struct InvalidPrefix(String);

/// Around the folder in `cdniuc`: any host, then the folder, then anything. A verifier that runs
/// regular expressions over the whole URI, token removed, comes to our conclusion.
const CONTAINER: (&str, &str) = ("regex:^https?://[^/]+/", "/.*$");

impl Prefix {
    /// Whether an object's key lies in the folder.
    #[must_use]
    pub fn covers(&self, key: &str) -> bool {
        key.strip_prefix(self.0.as_str())
            .is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
    }

    /// The folder itself, without slashes at its ends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Prefix {
    type Err = InvalidPrefix;

    /// Accepts a folder as `origin::SongFolder` writes it.
    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            ["artist", artist, "album", album, song, version]
                if [artist, album, song, version].into_iter().all(is_name) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidPrefix(text.to_owned())),
        }
    }
}

/// `cdniuc` in its one form.
impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        format!("{}{}{}", CONTAINER.0, prefix.0, CONTAINER.1)
    }
}

impl TryFrom<String> for Prefix {
    type Error = InvalidPrefix;

    fn try_from(container: String) -> Result<Self, InvalidPrefix> {
        container
            .strip_prefix(CONTAINER.0)
            .and_then(|rest| rest.strip_suffix(CONTAINER.1))
            .ok_or_else(|| InvalidPrefix(container.clone()))?
            .parse()
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "artist/a-1/album/b-2/c-3/00ff";

    #[test]
    fn covers_what_lies_in_the_folder_alone() {
        let prefix: Prefix = FOLDER.parse().expect("a folder");
        assert!(prefix.covers(&format!("{FOLDER}/index.m3u8")));
        for other in [FOLDER.to_owned(), format!("{FOLDER}/"), format!("{FOLDER}0/index.m3u8")] {
            assert!(!prefix.covers(&other), "{other}");
        }
    }

    #[test]
    fn only_a_literal_folder_is_a_prefix() {
        for wrong in [
            "",
            "/",
            "artist/a/album/b/c",
            "artist/a/album/b/c/d/e",
            "artist/a/album/b//d",
            "artist/.*/album/b/c/d",
            "artist/a/albums/b/c/d",
            "artist/a/album/b/c/..",
            "artist/A/album/b/c/d",
            "/artist/a/album/b/c/d",
        ] {
            assert!(wrong.parse::<Prefix>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_container_has_one_form() {
        let prefix: Prefix = FOLDER.parse().expect("a folder");
        let container = String::from(prefix.clone());
        assert_eq!(container, format!("regex:^https?://[^/]+/{FOLDER}/.*$"));
        assert_eq!(Prefix::try_from(container.clone()), Ok(prefix));
        for wrong in [
            FOLDER.to_owned(),
            container.replace("regex:", "hash:"),
            container.replace('^', ""),
            container.replace('$', ""),
            container.replace("a-1", ".*"),
        ] {
            assert!(Prefix::try_from(wrong.clone()).is_err(), "{wrong:?}");
        }
    }
}
