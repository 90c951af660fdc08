//! `Upload-Metadata`: keys, each with its value in Base64 behind a space, and commas between them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use media::SongId;
use service::Problem;

use super::headers;
use crate::details::{self, Details, FIELDS};
use crate::kind;

/// What browsers' upload forms send on their own, and which says nothing that `filename` and `filetype` do not.
const IGNORED: [&str; 3] = ["name", "type", "relativePath"];

/// What is said of the file that comes.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) details: Details,
    /// The song whose master it replaces; none of a song of its own.
    pub(super) song: Option<SongId>,
    filetype: Option<()>,
    /// What is said of a song of its own, by the last of the keys.
    said: Option<String>,
}

impl Metadata {
    /// Reads the header's value; an empty one says nothing.
    ///
    /// # Errors
    /// 415 and 422, with what is accepted.
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let mut metadata = Self::default();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            let value = BASE64_STANDARD.decode(value.trim()).map_err(|_| not_base64(key))?;
            metadata.set(key, &value)?;
        }
        match (&metadata.song, &metadata.said) {
            (Some(_), Some(said)) => Err(of_another(said)),
            _ => Ok(metadata),
        }
    }

    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), Problem> {
        match key {
            "filename" => {
                details::once(key, &self.details.file_name)?;
                self.details.file_name = Some(String::from_utf8_lossy(value).into_owned());
            }
            "filetype" => {
                details::once(key, &self.filetype)?;
                kind::check(&String::from_utf8_lossy(value))?;
                self.filetype = Some(());
            }
            "song" => {
                details::once(key, &self.song)?;
                self.song = Some(song(value)?);
            }
            key if FIELDS.contains(&key) => {
                self.details.set(key, value)?;
                self.said = Some(key.to_owned());
            }
            key if IGNORED.contains(&key) => {}
            key => return Err(details::unknown(key, "filename, filetype, song, ")),
        }
        Ok(())
    }
}

fn song(value: &[u8]) -> Result<SongId, Problem> {
    let id = std::str::from_utf8(value).ok().and_then(|id| id.parse().ok());
    id.ok_or_else(|| Problem::field("song", "The song is a UUID in lower case with hyphens."))
}

fn of_another(field: &str) -> Problem {
    let detail =
        "Another master of a song says nothing else of it; PATCH changes what is said of the song.";
    Problem::field(field, detail)
}

fn not_base64(key: &str) -> Problem {
    let key: String = key.chars().take(100).collect();
    let detail = format!(
        "The value of '{key}' in Upload-Metadata is not Base64 (RFC 4648 4); accepted are keys, each with its value behind a space, and commas between them."
    );
    Problem::field(headers::METADATA, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_form() {
        let text = "filename U29uZy5mbGFj, title VGl0bGU=,genre,filetype YXVkaW8vZmxhYw==,release_year MTk5Nw==, relativePath bnVsbA==";
        let details = Metadata::read(text).expect("metadata").details;
        assert_eq!(details.file_name.as_deref(), Some("Song.flac"));
        assert_eq!(details.title.as_ref().map(|title| title.as_str()), Some("Title"));
        assert_eq!(
            (details.genre, details.release_year.map(|year| year.get())),
            (None, Some(1997))
        );
        assert!(Metadata::read("").expect("nothing is said").details.title.is_none());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (text, status) in [
            ("title VGl0bGU", 422),
            ("title VGl0bGU=,title VGl0bGU=", 422),
            ("filename eA==,filename eA==", 422),
            ("song eA==", 422),
            ("song MDE5MGQyYTUtN2MxZS03YmJiLTgxMjMtMDAwMDAwMDAwMDAz,title eA==", 422),
            ("colour cmVk", 422),
            ("title /w==", 422),
            ("release_year c29vbg==", 422),
            ("filetype aW1hZ2UvcG5n", 415),
        ] {
            assert_eq!(Metadata::read(text).expect_err(text).status(), status, "{text}");
        }
    }
}
