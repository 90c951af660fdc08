//! Which songs of all.

use media::{AlbumId, ArtistId};

use crate::audience::{Audience, visible};
use crate::name::{self, Name, ReleaseYear};
use crate::song::Song;
use crate::song_cursor::SongCursor;
use crate::song_row::songs;
use crate::statement::{Statement, sql};

/// Songs that all of this is true of; of all songs where nothing is said.
#[derive(Debug, Clone, Default)]
pub struct SongFilter {
    /// Made by them, or with them.
    pub artist: Option<ArtistId>,
    /// On that album.
    pub album: Option<AlbumId>,
    /// Of that kind, however it is capitalised.
    pub genre: Option<Name>,
    /// That came out then.
    pub year: Option<ReleaseYear>,
    /// Whose titles begin like this, however they are capitalised.
    pub title: Option<String>,
}

impl SongFilter {
    /// Where a page of these songs ends with `song`.
    #[must_use]
    pub fn cursor(&self, song: &Song) -> SongCursor {
        match self.title {
            None => SongCursor::Accepted(song.id),
            Some(_) => SongCursor::of_title(song),
        }
    }

    /// Whether a page of these songs may begin there.
    #[must_use]
    pub fn begins_at(&self, cursor: &SongCursor) -> bool {
        match self.title {
            None => matches!(cursor, SongCursor::Accepted(_)),
            Some(_) => matches!(cursor, SongCursor::Title(..)),
        }
    }

    pub(crate) fn statement(
        &self,
        audience: &Audience,
        now_ms: i64,
        after: Option<&SongCursor>,
        limit: u32,
    ) -> Statement<'static> {
        let all = sql(concat!(songs!(), " WHERE ", visible!())).bind_audience(audience, now_ms);
        let mut statement = self.narrow(all);
        match after.filter(|after| self.begins_at(after)) {
            Some(SongCursor::Accepted(id)) => statement = statement.with(" AND s.id < ?", *id),
            Some(SongCursor::Title(key, id)) => {
                let behind = statement.with(" AND (s.title_key, s.id) > (?", key.clone());
                statement = behind.with(", ?)", *id);
            }
            Some(SongCursor::Release(..)) | None => {}
        }
        match self.title {
            None => statement.with(" ORDER BY s.id DESC LIMIT ?", limit),
            Some(_) => statement.with(" ORDER BY s.title_key, s.id LIMIT ?", limit),
        }
    }

    fn narrow(&self, mut statement: Statement<'static>) -> Statement<'static> {
        if let Some(artist) = self.artist {
            statement = statement.with(
                " AND s.id IN (SELECT id FROM songs WHERE artist_id = ?
                               UNION SELECT song_id FROM credits WHERE artist_id = ?)",
                artist,
            );
        }
        if let Some(album) = self.album {
            statement = statement.with(" AND s.album_id = ?", album);
        }
        if let Some(genre) = &self.genre {
            statement = statement.with(" AND s.genre_key = ?", genre.key());
        }
        if let Some(year) = self.year {
            statement = statement.with(" AND s.release_year = ?", year.get());
        }
        match &self.title {
            Some(title) => {
                starting_with(statement, [" AND s.title_key >= ?", " AND s.title_key < ?"], title)
            }
            None => statement,
        }
    }
}

/// Only keys that begin as `text` does: from it on, and below the first key that lies behind all of them.
pub(crate) fn starting_with(
    statement: Statement<'static>,
    [from, below]: [&'static str; 2],
    text: &str,
) -> Statement<'static> {
    let first = name::key(text);
    let end = end_of(&first);
    let statement = statement.with(from, first);
    match end {
        Some(end) => statement.with(below, end),
        None => statement,
    }
}

/// The first text that lies behind all that begin with `prefix`, by their bytes; `None` where there is none.
fn end_of(prefix: &str) -> Option<String> {
    let mut kept: Vec<char> = prefix.chars().collect();
    while let Some(last) = kept.pop() {
        // Surrogates are no characters: the one behind U+D7FF is U+E000.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            kept.push(next);
            return Some(kept.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_text_of_its_length() {
        assert_eq!(end_of("ab"), Some("ac".to_owned()));
        assert_eq!(end_of("a\u{d7ff}"), Some("a\u{e000}".to_owned()));
        assert_eq!(end_of("a\u{10ffff}"), Some("b".to_owned()));
        assert_eq!(end_of(""), None);
    }
}
