//! Which songs of ours are meant by what is said elsewhere: playlists of other programs.

use std::collections::{BTreeSet, HashMap};

use media::SongId;
use serde::Serialize;

use crate::audience::{Audience, visible};
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::identifier::Isrc;
use crate::name::{Name, key};
use crate::song::Song;
use crate::song_row::{read_song, songs};
use crate::songs;
use crate::songs::Songs;
use crate::source::Source;
use crate::statement::sql_each;

/// By how much two lengths of one song may differ, in milliseconds: some programs round to seconds, others count silence.
const TOLERANCE_MS: u64 = 3_000;

/// How many codes or names are asked for at once.
const AT_ONCE: usize = 200;

/// Songs that are looked at for so many: twenty each, and more of some where there are fewer of others.
const MOST_AT_ONCE: u32 = 4_000;

/// What is said of a song.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Its id here.
    pub id: Option<SongId>,
    /// The recording's code.
    pub isrc: Option<Isrc>,
    /// Who made it.
    pub artist: Option<Name>,
    /// What it is called.
    pub title: Option<Name>,
    /// How long it is, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// By what a song was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchedBy {
    /// Its id.
    Id,
    /// The recording's code.
    Isrc,
    /// Artist and title, and its length where that is known.
    Name,
}

impl Songs<'_> {
    /// Which songs are meant, of those that `audience` may know of; in the order of `wanted`, `None` where none is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn matching(
        &self,
        audience: &Audience,
        wanted: &[Wanted],
    ) -> Result<Vec<Option<(SongId, MatchedBy)>>, CatalogueError> {
        let known = Known {
            by_id: by_id(self.0, audience, wanted).await?,
            by_isrc: by_isrc(self.0, audience, wanted).await?,
            by_name: by_name(self.0, audience, wanted).await?,
        };
        Ok(wanted.iter().map(|wanted| known.meant(wanted)).collect())
    }
}

/// What was found.
struct Known {
    by_id: HashMap<SongId, Song>,
    by_isrc: HashMap<Isrc, Vec<Song>>,
    /// By the keys of artist and title.
    by_name: HashMap<(String, String), Vec<Song>>,
}

impl Known {
    fn meant(&self, wanted: &Wanted) -> Option<(SongId, MatchedBy)> {
        if let Some(song) = wanted.id.and_then(|id| self.by_id.get(&id)) {
            return Some((song.id, MatchedBy::Id));
        }
        let recordings = wanted.isrc.as_ref().and_then(|isrc| self.by_isrc.get(isrc));
        if let Some(song) = recordings.and_then(|songs| oldest(songs.iter())) {
            return Some((song.id, MatchedBy::Isrc));
        }
        let (artist, title) = (wanted.artist.as_ref()?, wanted.title.as_ref()?);
        let songs = self.by_name.get(&(artist.key(), title.key()))?;
        let fitting = songs.iter().filter(|song| fits(song, wanted.duration_ms));
        nearest(fitting, wanted.duration_ms).map(|song| (song.id, MatchedBy::Name))
    }
}

/// How far the song's length is from `duration_ms`, where both are known.
fn distance(song: &Song, duration_ms: Option<u64>) -> u64 {
    let length = song.current.as_ref().map(|current| current.duration_ms);
    length.zip(duration_ms).map_or(0, |(one, other)| one.abs_diff(other))
}

fn fits(song: &Song, duration_ms: Option<u64>) -> bool {
    distance(song, duration_ms) <= TOLERANCE_MS
}

fn nearest<'s>(
    songs: impl Iterator<Item = &'s Song>,
    duration_ms: Option<u64>,
) -> Option<&'s Song> {
    songs.min_by_key(|song| (distance(song, duration_ms), song.id))
}

fn oldest<'s>(songs: impl Iterator<Item = &'s Song>) -> Option<&'s Song> {
    songs.min_by_key(|song| song.id)
}

async fn by_id(
    catalogue: &Catalogue,
    audience: &Audience,
    wanted: &[Wanted],
) -> Result<HashMap<SongId, Song>, CatalogueError> {
    let ids = wanted.iter().filter_map(|wanted| wanted.id);
    let found = songs::among(&mut catalogue.read(), audience, catalogue.now_ms(), ids).await?;
    Ok(found.into_iter().map(|song| (song.id, song)).collect())
}

async fn by_isrc(
    catalogue: &Catalogue,
    audience: &Audience,
    wanted: &[Wanted],
) -> Result<HashMap<Isrc, Vec<Song>>, CatalogueError> {
    let codes = wanted.iter().filter_map(|wanted| wanted.isrc.as_ref()).map(Isrc::to_string);
    let codes: Vec<String> = codes.collect::<BTreeSet<_>>().into_iter().collect();
    let mut found: HashMap<Isrc, Vec<Song>> = HashMap::new();
    for codes in codes.chunks(AT_ONCE) {
        for song in with_codes(catalogue, audience, codes).await? {
            if let Some(isrc) = song.isrc.clone() {
                found.entry(isrc).or_default().push(song);
            }
        }
    }
    Ok(found)
}

async fn with_codes(
    catalogue: &Catalogue,
    audience: &Audience,
    codes: &[String],
) -> Result<Vec<Song>, CatalogueError> {
    let statement = sql_each(
        concat!(
            songs!(),
            " WHERE ",
            visible!(),
            " AND s.isrc IN (SELECT value FROM json_each($5)) LIMIT $6"
        ),
        concat!(
            songs!(),
            " WHERE ",
            visible!(),
            " AND s.isrc IN (SELECT value FROM json_array_elements_text(CAST($5 AS json)))
              LIMIT $6"
        ),
    );
    let statement = statement.bind_audience(audience, catalogue.now_ms());
    let rows = catalogue.read().all(statement.bind(json(codes)).bind(MOST_AT_ONCE)).await?;
    rows.iter().map(read_song).collect()
}

/// Artist and title of something wanted, as they are found.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Keys {
    artist: String,
    title: String,
}

async fn by_name(
    catalogue: &Catalogue,
    audience: &Audience,
    wanted: &[Wanted],
) -> Result<HashMap<(String, String), Vec<Song>>, CatalogueError> {
    let named =
        wanted.iter().filter_map(|wanted| wanted.artist.as_ref().zip(wanted.title.as_ref()));
    let keys = named.map(|(artist, title)| Keys { artist: artist.key(), title: title.key() });
    let keys: Vec<Keys> = keys.collect::<BTreeSet<_>>().into_iter().collect();
    let mut found: HashMap<(String, String), Vec<Song>> = HashMap::new();
    for keys in keys.chunks(AT_ONCE) {
        for song in with_names(catalogue, audience, keys).await? {
            found.entry((key(&song.artist), key(&song.title))).or_default().push(song);
        }
    }
    Ok(found)
}

async fn with_names(
    catalogue: &Catalogue,
    audience: &Audience,
    keys: &[Keys],
) -> Result<Vec<Song>, CatalogueError> {
    // `a` is the artist of the song that `songs!` joins.
    let statement = sql_each(
        concat!(
            songs!("json_each($5) CROSS JOIN songs s"),
            " WHERE s.title_key = json_each.value ->> 'title'
                AND a.name_key = json_each.value ->> 'artist' AND ",
            visible!(),
            " LIMIT $6"
        ),
        concat!(
            songs!(
                "json_to_recordset(CAST($5 AS json)) AS w(artist text, title text)
                    JOIN songs s ON s.title_key = w.title"
            ),
            " WHERE a.name_key = w.artist AND ",
            visible!(),
            " LIMIT $6"
        ),
    );
    let statement = statement.bind_audience(audience, catalogue.now_ms());
    let rows = catalogue.read().all(statement.bind(json(keys)).bind(MOST_AT_ONCE)).await?;
    rows.iter().map(read_song).collect()
}

fn json<T: Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).expect("texts are plain JSON")
}
