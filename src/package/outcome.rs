//! What became of one file, for people and for machines.
//!
//! With `--json`, one object per file:
//!
//! ```json
//! {"file": "song.flac", "state": "packaged", "version": "…", "duration_ms": 210000,
//!  "artist_id": "…", "album_id": "…", "song_id": "…", "title": "Song", "artist": "Ann", "track": 1,
//!  "realtime_factor": 25.1, "folder": "…", "index": "…/index.m3u8", "ogg": "…/ogg.m3u8",
//!  "renditions": [{"set": "aac", "codec": "aac", "kbps": 128, "average": 130000, "peak": 134000}]}
//! {"file": "song.flac", "state": "already-packaged", "folder": "…", …}
//! {"file": "song.flac", "state": "would-package", …}
//! {"file": "cover.jpg", "state": "skipped"}
//! {"file": "song.flac", "state": "stopped"}
//! {"file": "notes.txt", "state": "failed", "error": "this is not audio …"}
//! ```

use std::fmt;
use std::path::Path;
use std::time::Duration;

use media::asset::Asset;
use media::{AlbumId, ArtistId, Samples, SongId, SwitchingSet, SwitchingSets, Version};
use origin::{SongFile, SongFolder};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use transcode::Tags;

use super::cover::Cover;
use super::failure::Failure;
use super::target::Target;
use crate::shown::Shown;

/// What became of one file.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) file: &'a Path,
    pub(crate) state: State,
}

/// How a file may end.
#[derive(Debug)]
pub(crate) enum State {
    Packaged {
        place: Playlists,
        asset: Box<Asset>,
        artwork: Vec<Cover>,
        elapsed: Duration,
    },
    AlreadyPackaged {
        place: Playlists,
        asset: Box<Asset>,
    },
    /// A dry run: what would be packaged, and its length where the header promises one.
    Planned {
        place: Playlists,
        version: Version,
        promised: Option<Samples>,
    },
    /// No audio, and nobody said that it is.
    Skipped,
    /// We were told to stop before it was published.
    Stopped,
    Failed(Failure),
}

impl State {
    /// The length of the song, as far as it is known.
    pub(crate) fn seconds(&self) -> Option<f64> {
        match self {
            Self::Packaged { asset, .. } | Self::AlreadyPackaged { asset, .. } => {
                Some(asset.samples.seconds())
            }
            Self::Planned { promised, .. } => promised.map(Samples::seconds),
            Self::Skipped | Self::Stopped | Self::Failed(_) => None,
        }
    }
}

/// Where a version is, and what a player is pointed at.
#[derive(Debug)]
pub(crate) struct Playlists {
    artist: ArtistId,
    album: AlbumId,
    song: SongId,
    folder: String,
    /// The multivariant playlist of each set, by the stem of its name.
    playlists: Vec<(&'static str, String)>,
    /// What the song is called.
    tags: Tags,
}

impl Playlists {
    pub(crate) fn of(
        target: &Target,
        folder: SongFolder,
        sets: &SwitchingSets,
        tags: Tags,
    ) -> Self {
        let playlist = |set: SwitchingSet| {
            let file = SongFile::Multivariant(set, media::ladder::TOP);
            (set.stem(), target.address(folder, Some(file)))
        };
        Self {
            artist: folder.artist,
            album: folder.album,
            song: folder.song,
            folder: target.address(folder, None),
            playlists: sets.iter().map(playlist).collect(),
            tags,
        }
    }

    /// The id of the song.
    pub(crate) fn song(&self) -> String {
        self.song.to_string()
    }
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = Shown(self.file.display());
        match &self.state {
            State::Packaged { place, asset, artwork, elapsed } => {
                let length = asset.duration_ms as f64 / 1_000.0;
                let factor = realtime_factor(asset, *elapsed);
                writeln!(f, "{file}: {length:.3} s, {factor:.1} x realtime")?;
                for it in &asset.renditions {
                    let kbps = it.average.0 as f64 / 1_000.0;
                    writeln!(f, "  {:<4} {:>3}  {kbps:.1} kbit/s on average", it.set, it.kbps)?;
                }
                for it in artwork {
                    writeln!(f, "  cover {} x {}  {}", it.width, it.height, Shown(&it.url))?;
                }
                playlists(f, place)
            }
            State::AlreadyPackaged { place, .. } => {
                writeln!(f, "{file}: already packaged")?;
                playlists(f, place)
            }
            State::Planned { place, promised, .. } => {
                let length = promised.map(|it| format!(" ({:.3} s)", it.seconds()));
                let length = length.unwrap_or_default();
                writeln!(f, "{file}: would be packaged{length}")?;
                playlists(f, place)
            }
            State::Skipped | State::Stopped | State::Failed(_) => Ok(()),
        }
    }
}

fn playlists(f: &mut fmt::Formatter<'_>, place: &Playlists) -> fmt::Result {
    place.playlists.iter().try_for_each(|(_, playlist)| writeln!(f, "  {}", Shown(playlist)))
}

impl Serialize for Outcome<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = match &self.state {
            State::Packaged { place, asset, artwork, elapsed } => {
                let mut object = paths("packaged", place);
                object.insert("version".into(), json!(asset.version));
                object.insert("duration_ms".into(), json!(asset.duration_ms));
                object.insert("realtime_factor".into(), json!(realtime_factor(asset, *elapsed)));
                object.insert("renditions".into(), renditions(asset));
                object.insert("artwork".into(), json!(artwork));
                object
            }
            State::AlreadyPackaged { place, asset } => {
                let mut object = paths("already-packaged", place);
                object.insert("version".into(), json!(asset.version));
                object.insert("duration_ms".into(), json!(asset.duration_ms));
                object
            }
            State::Planned { place, version, promised } => {
                let mut object = paths("would-package", place);
                object.insert("version".into(), json!(version));
                object.insert("duration_ms".into(), json!(promised.map(Samples::milliseconds)));
                object
            }
            State::Skipped => Map::from_iter([("state".into(), json!("skipped"))]),
            State::Stopped => Map::from_iter([("state".into(), json!("stopped"))]),
            State::Failed(failure) => Map::from_iter([
                ("state".into(), json!("failed")),
                ("error".into(), json!(failure.to_string())),
            ]),
        };
        object.insert("file".into(), json!(self.file.display().to_string()));
        object.serialize(serializer)
    }
}

fn paths(state: &str, place: &Playlists) -> Map<String, Value> {
    let playlists = place.playlists.iter().map(|(stem, url)| ((*stem).to_owned(), json!(url)));
    let fields = [
        ("state".into(), json!(state)),
        ("artist_id".into(), json!(place.artist)),
        ("album_id".into(), json!(place.album)),
        ("song_id".into(), json!(place.song)),
        ("folder".into(), json!(place.folder)),
    ];
    let names = names(&place.tags).into_iter().filter(|(_, value)| !value.is_null());
    let names = names.map(|(name, value)| (name.to_owned(), value));
    Map::from_iter(fields.into_iter().chain(playlists).chain(names))
}

fn names(tags: &Tags) -> [(&'static str, Value); 7] {
    [
        ("title", json!(tags.title)),
        ("artist", json!(tags.artist)),
        ("album", json!(tags.album)),
        ("genre", json!(tags.genre)),
        ("release_year", json!(tags.year)),
        ("disc", json!(tags.disc)),
        ("track", json!(tags.track)),
    ]
}

fn renditions(asset: &Asset) -> Value {
    let one = |it: &media::asset::RenditionAsset| json!({"set": it.set, "codec": it.codec, "kbps": it.kbps, "average": it.average, "peak": it.peak});
    asset.renditions.iter().map(one).collect()
}

fn realtime_factor(asset: &Asset, elapsed: Duration) -> f64 {
    asset.samples.seconds() / elapsed.as_secs_f64().max(1e-3)
}
