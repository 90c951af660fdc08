//! Files as one album: in the order of their tracks, under one name.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

use media::AlbumId;
use serde_json::{Value, json};
use transcode::{MasterReader, Tags};

use super::ids::album_of;
use super::outcome::{Outcome, State};
use crate::details::Details;
use crate::inputs::{Input, Refused};
use crate::names::{VARIOUS, album_artist};
use crate::shown::Shown;

/// What all songs of the album share, whatever their tags say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Album {
    pub(crate) artist: String,
    pub(crate) title: String,
}

impl Album {
    /// Brings the files into the order of the album, and finds out its name: what was said, else what
    /// most tags say, else the name of the folder.
    pub(crate) fn arrange(
        files: &mut [Result<Input, Refused>],
        details: &Details,
        reader: &MasterReader,
    ) -> Self {
        let tags = |file: &Result<Input, Refused>| reader.tags(path_of(file));
        files.sort_by_cached_key(|file| Place::of(&tags(file), path_of(file)));
        let tagged: Vec<(Tags, String)> =
            files.iter().map(|file| (details.over(tags(file)), folder_of(path_of(file)))).collect();
        let title = most(tagged.iter().filter_map(|(tags, _)| tags.album.clone()))
            .or_else(|| most(tagged.iter().map(|(_, folder)| folder.clone())))
            .filter(|title| !title.is_empty());
        let artist = album_artist(tagged.iter().map(|(tags, _)| tags));
        Self {
            artist: artist.unwrap_or_else(|| VARIOUS.to_owned()),
            title: title.unwrap_or_else(|| "Untitled".to_owned()),
        }
    }

    /// The tags of one of its songs.
    pub(crate) fn over(&self, tags: Tags) -> Tags {
        Tags { album: Some(self.title.clone()), album_artist: Some(self.artist.clone()), ..tags }
    }
}

fn path_of(file: &Result<Input, Refused>) -> &Path {
    file.as_ref().map_or_else(|refused| &refused.path, |input| &input.path)
}

/// The name of the folder that a file lies in.
fn folder_of(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    folder.to_string_lossy().into_owned()
}

/// Where a song stands in its album: disc, track, name. Numbers in names count as numbers, so that
/// "10" follows "9".
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u32, u32, Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Number(u64),
    Text(String),
}

impl Place {
    fn of(tags: &Tags, path: &Path) -> Self {
        let name = parts(&path.to_string_lossy());
        Self(tags.disc.unwrap_or(1), tags.track.unwrap_or(u32::MAX), name)
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn parts(name: &str) -> Vec<Part> {
    let chars: Vec<char> = name.chars().collect();
    let runs = chars.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
    let part = |run: &[char]| {
        let text: String = run.iter().collect();
        text.parse().map_or(Part::Text(text), Part::Number)
    };
    runs.map(part).collect()
}

/// What is said most often; of equals, the first by name.
fn most(said: impl Iterator<Item = String>) -> Option<String> {
    let mut counts = BTreeMap::<String, usize>::new();
    said.for_each(|text| *counts.entry(text).or_default() += 1);
    let best = counts.values().copied().max()?;
    counts.into_iter().find(|(_, count)| *count == best).map(|(text, _)| text)
}

/// What is known of the album when its songs are packaged.
#[derive(Debug, Default)]
pub(crate) struct Sleeve {
    songs: Vec<String>,
    seconds: f64,
    /// Energy over time, and the time of the songs that have a loudness.
    loud: (f64, f64),
}

impl Sleeve {
    /// The next song, in the order of the album.
    pub(crate) fn add(&mut self, outcome: &Outcome<'_>) {
        let (State::Packaged { place, asset, .. } | State::AlreadyPackaged { place, asset }) =
            &outcome.state
        else {
            return;
        };
        // The same master twice is one song.
        if self.songs.contains(&place.song()) {
            return;
        }
        self.songs.push(place.song());
        let seconds = asset.samples.seconds();
        self.seconds += seconds;
        if let Some(level) = asset.loudness.integrated_lufs {
            self.loud.0 += seconds * 10_f64.powf(level.get() / 10.0);
            self.loud.1 += seconds;
        }
    }

    /// The songs' loudness, each weighted by its length, in LUFS. BS.1770's gate over all songs at
    /// once, which a packaged song no longer tells, would give a little more where some are soft.
    fn loudness(&self) -> Option<f64> {
        (self.loud.1 > 0.0).then(|| 10.0 * (self.loud.0 / self.loud.1).log10())
    }

    /// A line for people.
    pub(crate) fn line(&self, album: &Album) -> String {
        let (minutes, seconds) = (self.seconds as u64 / 60, self.seconds as u64 % 60);
        let loudness = self.loudness().map(|it| format!(", {it:.1} LUFS by length"));
        let loudness = loudness.unwrap_or_default();
        let (title, artist) = (Shown(&album.title), Shown(&album.artist));
        let songs = self.songs.len();
        format!("album '{title}' by {artist}: {songs} songs, {minutes}:{seconds:02}{loudness}")
    }

    /// An object for machines, after those of its songs.
    pub(crate) fn document(&self, album: &Album, chosen: Option<AlbumId>) -> Value {
        json!({
            "state": "album",
            "album": album.title,
            "artist": album.artist,
            "album_id": chosen.unwrap_or_else(|| album_of(&album.artist, &album.title)),
            "songs": self.songs,
            "duration_ms": (self.seconds * 1_000.0).round() as u64,
            "loudness_by_length_lufs": self.loudness().map(|it| (it * 100.0).round() / 100.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_stand_by_disc_and_number_and_then_by_name() {
        let place = |disc, track, path: &str| {
            Place::of(&Tags { disc, track, ..Tags::default() }, Path::new(path))
        };
        let ordered = [
            place(None, Some(1), "z"),
            place(Some(1), Some(2), "y"),
            place(None, None, "cd/2 b"),
            place(None, None, "cd/10 a"),
            place(Some(2), Some(1), "a"),
        ];
        assert!(ordered.is_sorted());
    }

    #[test]
    fn an_albums_title_is_what_most_say() {
        let said = ["B", "A", "B"].map(str::to_owned);
        assert_eq!(most(said.into_iter()), Some("B".to_owned()));
    }
}
