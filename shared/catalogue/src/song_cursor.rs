//! Where a page of songs ended: by what the last song was found then, not by what it is now. Pages follow each other
//! whatever is renamed or released anew meanwhile, and a song that one may not know of tells nothing.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use media::SongId;

use crate::name;
use crate::song::Song;

/// The longest key of a title in bytes: [`LONGEST_NAME`](name::LONGEST_NAME) characters, each of which may become several.
const LONGEST_KEY: usize = name::LONGEST_NAME * 12;

/// The end of a page. `Display` writes the `next` of one, `FromStr` reads it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SongCursor {
    /// Of a list in the order in which songs were accepted.
    Accepted(SongId),
    /// Of a list by titles: the title's key.
    Title(String, SongId),
    /// Of a list by releases, in milliseconds since 1970.
    Release(i64, SongId),
}

/// Not the end of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not the 'next' of a page of songs")]
pub struct InvalidSongCursor;

impl SongCursor {
    /// Behind `song` in a list by titles.
    #[must_use]
    pub fn of_title(song: &Song) -> Self {
        Self::Title(name::key(&song.title), song.id)
    }

    /// Behind `song` in a list by releases.
    #[must_use]
    pub fn of_release(song: &Song) -> Self {
        let released = song.available_from_ms.unwrap_or(song.created_ms);
        Self::Release(i64::try_from(released).unwrap_or(i64::MAX), song.id)
    }
}

impl fmt::Display for SongCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(id) => write!(f, "{id}"),
            Self::Release(ms, id) => write!(f, "r{ms}.{id}"),
            Self::Title(key, id) => {
                f.write_char('t')?;
                key.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                write!(f, ".{id}")
            }
        }
    }
}

impl FromStr for SongCursor {
    type Err = InvalidSongCursor;

    fn from_str(text: &str) -> Result<Self, InvalidSongCursor> {
        read(text).filter(|cursor| cursor.to_string() == text).ok_or(InvalidSongCursor)
    }
}

fn read(text: &str) -> Option<SongCursor> {
    let Some((key, id)) = text.split_once('.') else {
        return Some(SongCursor::Accepted(text.parse().ok()?));
    };
    let id = id.parse().ok()?;
    if let Some(ms) = key.strip_prefix('r') {
        return Some(SongCursor::Release(ms.parse().ok()?, id));
    }
    let digits: Vec<u8> = key
        .strip_prefix('t')
        .filter(|hex| hex.len() <= 2 * LONGEST_KEY)?
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit));
    let key = String::from_utf8(bytes.collect()).ok()?;
    // PostgreSQL fails on text with NUL, and no key has any.
    (!key.contains('\0')).then_some(SongCursor::Title(key, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_is_one() {
        let id = SongId::new(uuid::Uuid::from_u128(7));
        for (cursor, text) in [
            (SongCursor::Accepted(id), id.to_string()),
            (SongCursor::Release(-5, id), format!("r-5.{id}")),
            (SongCursor::Title("ä".to_owned(), id), format!("tc3a4.{id}")),
            (SongCursor::Title(String::new(), id), format!("t.{id}")),
        ] {
            assert_eq!(cursor.to_string(), text);
            assert_eq!(text.parse(), Ok(cursor));
        }
        for wrong in ["", "x", "r.", "t61", &format!("x.{id}"), &format!("r+5.{id}")] {
            assert_eq!(wrong.parse::<SongCursor>(), Err(InvalidSongCursor), "{wrong:?}");
        }
        for key in ["6", "C3A4", "c3", "00", "zz", &"61".repeat(LONGEST_KEY + 1)] {
            let wrong = format!("t{key}.{id}");
            assert_eq!(wrong.parse::<SongCursor>(), Err(InvalidSongCursor), "{key:.9}");
        }
    }
}
