//! What is said of a master beside its bytes, whichever way it comes: the fields of a form, the keys of `Upload-Metadata`.

use std::fmt::Display;
use std::str::FromStr;

use catalogue::name::LONGEST_NAME;
use catalogue::{Name, NewSong, ReleaseYear};
use media::UserId;
use service::Problem;

use crate::received::Received;

const UNKNOWN_ARTIST: &str = "Unknown artist";
const UNTITLED: &str = "Untitled";

/// What is said about a master beside its bytes.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// The song's title; the file's name without its extension where nobody said one.
    pub title: Option<Name>,
    /// Who made it.
    pub artist: Option<Name>,
    /// Where it belongs.
    pub album: Option<Name>,
    /// Whom the album is filed under, where that is somebody else than the song's artist.
    pub album_artist: Option<Name>,
    /// What kind of music it is.
    pub genre: Option<Name>,
    /// When it came out.
    pub release_year: Option<ReleaseYear>,
    /// What the file was called.
    pub file_name: Option<String>,
}

/// The fields that [`Details::set`] takes.
pub(crate) const FIELDS: [&str; 6] =
    ["title", "artist", "album", "album_artist", "genre", "release_year"];

/// The longest of them in bytes: the longest name, should each character take four.
pub(crate) const LONGEST_TEXT: usize = LONGEST_NAME * 4;

impl Details {
    /// Takes one of the [`FIELDS`] as it was sent, once. An empty one is as if it had not been sent: that is how browsers send
    /// what nobody filled in.
    ///
    /// # Errors
    /// What is accepted instead.
    pub(crate) fn set(&mut self, field: &str, value: &[u8]) -> Result<(), Problem> {
        let text = text_of(field, value)?;
        match field {
            "title" => put(field, &mut self.title, text),
            "artist" => put(field, &mut self.artist, text),
            "album" => put(field, &mut self.album, text),
            "album_artist" => put(field, &mut self.album_artist, text),
            "genre" => put(field, &mut self.genre, text),
            "release_year" => put(field, &mut self.release_year, text),
            _ => Err(unknown(field, "")),
        }
    }

    pub(crate) fn into_song(self, received: &Received, uploader: UserId) -> NewSong {
        let file_name = self.file_name.as_deref().unwrap_or_default();
        NewSong {
            title: self.title.unwrap_or_else(|| title_of(file_name)),
            artist: self.artist.unwrap_or_else(|| Name::nearest(UNKNOWN_ARTIST, UNKNOWN_ARTIST)),
            album: self.album,
            album_artist: self.album_artist,
            genre: self.genre,
            release_year: self.release_year,
            master: received.hash(),
            file_name: Name::nearest(last_part(file_name), UNTITLED),
            uploader,
        }
    }
}

/// The name of a file without its folders, whichever way they are written, and its extension.
fn title_of(file_name: &str) -> Name {
    let name = last_part(file_name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    Name::nearest(if stem.is_empty() { name } else { stem }, UNTITLED)
}

fn last_part(file_name: &str) -> &str {
    file_name.rsplit(['/', '\\']).next().unwrap_or_default()
}

fn text_of<'a>(field: &str, value: &'a [u8]) -> Result<&'a str, Problem> {
    if value.len() > LONGEST_TEXT {
        return Err(too_long(field));
    }
    let text = std::str::from_utf8(value);
    text.map_err(|_| Problem::field(field, format!("The {field} is not UTF-8.")))
}

fn put<T>(field: &str, value: &mut Option<T>, text: &str) -> Result<(), Problem>
where
    T: FromStr<Err: Display>,
{
    once(field, value)?;
    if !text.trim().is_empty() {
        *value = Some(text.parse().map_err(|error: T::Err| {
            Problem::field(field, format!("The {field} cannot be used: {error}."))
        })?);
    }
    Ok(())
}

/// Refuses what was sent before.
pub(crate) fn once<T>(field: &str, value: &Option<T>) -> Result<(), Problem> {
    match value {
        Some(_) => Err(Problem::field(field, format!("The field '{field}' was sent twice."))),
        None => Ok(()),
    }
}

pub(crate) fn too_long(field: &str) -> Problem {
    let accepted = format!("The {field} is too long; accepted are {LONGEST_NAME} characters.");
    Problem::field(field, accepted)
}

/// A field that there is not: beside [`FIELDS`], those in `others` are accepted.
pub(crate) fn unknown(field: &str, others: &str) -> Problem {
    let field: String = field.chars().take(100).collect();
    let fields = FIELDS.join(", ");
    Problem::field(&*field, format!("There is no field '{field}'; accepted are {others}{fields}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_files_stem() {
        for (file, title) in [
            ("Song.flac", "Song"),
            ("My.Song.v2.wav", "My.Song.v2"),
            ("C:\\music\\Song.flac", "Song"),
            ("../../etc/passwd", "passwd"),
            (".flac", ".flac"),
            ("", "Untitled"),
            ("a/", "Untitled"),
        ] {
            assert_eq!(title_of(file).as_str(), title, "{file:?}");
        }
    }
}
