//! All that lies under a path.

use std::fmt;
use std::str::FromStr;

use media::ids::{AlbumId, ArtistId, SongId};
use media::{Container, Kbps, SwitchingSet};
use serde::{Deserialize, Serialize};

use crate::folder::SongFolder;
use crate::object::Object;
use crate::song_file::SongFile;

/// A folder of the store that objects of songs can lie in, named by whole path segments: what is
/// not one of these is no prefix, so that no half of a name ever matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum PathPrefix {
    /// `artist/{artist}`.
    Artist(ArtistId),
    /// `artist/{artist}/album/{album}`.
    Album(ArtistId, AlbumId),
    /// `artist/{artist}/album/{album}/{song}`.
    Song(ArtistId, AlbumId, SongId),
    /// A version's folder.
    Version(SongFolder),
    /// `{version}/{set}`.
    Set(SongFolder, SwitchingSet),
    /// `{version}/{set}/{kbps}`: a rendition that has a folder.
    Rendition(SongFolder, SwitchingSet, Kbps),
}

/// Not a folder that objects of songs can lie in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no prefix: it is artist/{{id}}, /album/{{id}}, /{{song}}, /{{version}}, /{{set}} and /{{kbps}} up to any of these, without a slash at either end"
)]
pub struct InvalidPathPrefix(String);

impl PathPrefix {
    /// Whether the object lies in the folder.
    #[must_use]
    pub fn covers(&self, object: &Object) -> bool {
        Self::all_of(object).contains(&Some(*self))
    }

    /// Every folder that the object lies in, widest first.
    #[must_use]
    pub fn all_of(object: &Object) -> [Option<Self>; 6] {
        let Object::Song(folder, file) = *object else { return [None; 6] };
        let SongFolder { artist, album, song, .. } = folder;
        let set = file.set();
        [
            Some(Self::Artist(artist)),
            Some(Self::Album(artist, album)),
            Some(Self::Song(artist, album, song)),
            Some(Self::Version(folder)),
            set.map(|(set, _)| Self::Set(folder, set)),
            set.and_then(|(set, kbps)| Self::rendition(folder, set, kbps)),
        ]
    }

    /// Renditions in Ogg are files, not folders.
    fn rendition(folder: SongFolder, set: SwitchingSet, kbps: Kbps) -> Option<Self> {
        let has_folder = set.container() == Container::Fmp4;
        has_folder.then_some(Self::Rendition(folder, set, kbps))
    }
}

impl SongFile {
    /// Which set's folder the file lies in, and of which rate.
    fn set(self) -> Option<(SwitchingSet, Kbps)> {
        match self {
            Self::Playlist(set, kbps)
            | Self::Init(set, kbps)
            | Self::Segment(set, kbps, _)
            | Self::Key(set, kbps, _)
            | Self::Whole(set, kbps) => Some((set, kbps)),
            Self::Multivariant(..) | Self::Dash(_) | Self::Waveform | Self::Asset => None,
        }
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Artist(artist) => write!(f, "artist/{artist}"),
            Self::Album(artist, album) => write!(f, "artist/{artist}/album/{album}"),
            Self::Song(artist, album, song) => write!(f, "artist/{artist}/album/{album}/{song}"),
            Self::Version(folder) => write!(f, "{folder}"),
            Self::Set(folder, set) => write!(f, "{folder}/{set}"),
            Self::Rendition(folder, set, kbps) => write!(f, "{folder}/{set}/{kbps}"),
        }
    }
}

impl FromStr for PathPrefix {
    type Err = InvalidPathPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPathPrefix> {
        read(text)
            .filter(|prefix| prefix.to_string() == text)
            .ok_or_else(|| InvalidPathPrefix(text.to_owned()))
    }
}

fn read(text: &str) -> Option<PathPrefix> {
    let mut parts = text.strip_prefix("artist/")?.split('/');
    let artist = parts.next()?.parse().ok()?;
    let Some(word) = parts.next() else { return Some(PathPrefix::Artist(artist)) };
    (word == "album").then_some(())?;
    let album = parts.next()?.parse().ok()?;
    let Some(song) = parts.next() else { return Some(PathPrefix::Album(artist, album)) };
    let song = song.parse().ok()?;
    let Some(version) = parts.next() else { return Some(PathPrefix::Song(artist, album, song)) };
    let folder = SongFolder { artist, album, song, version: version.parse().ok()? };
    let Some(set) = parts.next() else { return Some(PathPrefix::Version(folder)) };
    let set = set.parse().ok()?;
    let Some(kbps) = parts.next() else { return Some(PathPrefix::Set(folder, set)) };
    let rendition = PathPrefix::rendition(folder, set, kbps.parse().ok()?);
    rendition.filter(|_| parts.next().is_none())
}

impl From<PathPrefix> for String {
    fn from(prefix: PathPrefix) -> Self {
        prefix.to_string()
    }
}

impl TryFrom<String> for PathPrefix {
    type Error = InvalidPathPrefix;

    fn try_from(text: String) -> Result<Self, InvalidPathPrefix> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
        0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
        00112233445566778899aabbccddeeff";

    fn folders() -> Vec<String> {
        let parts: Vec<&str> = FOLDER.split('/').collect();
        let mut folders: Vec<String> = [2, 4, 5, 6].map(|count| parts[..count].join("/")).into();
        folders.extend([format!("{FOLDER}/aac"), format!("{FOLDER}/aac/320")]);
        folders
    }

    #[test]
    fn prefixes_read_back() {
        for text in folders().into_iter().chain([format!("{FOLDER}/ogg")]) {
            assert_eq!(text.parse::<PathPrefix>().expect("a prefix").to_string(), text);
        }
    }

    #[test]
    fn an_object_lies_where_its_path_says() {
        let files = [
            "asset.json",
            "index.m3u8",
            "manifest.mpd",
            "aac/320/playlist.m3u8",
            "aac/320/00007.m4s",
            "aac/64/init.mp4",
            "opus/320/media.mp4",
            "ogg/320.ogg",
            "ogg/320.m3u8",
        ];
        for file in files {
            let path = format!("{FOLDER}/{file}");
            let object: Object = path.parse().expect("a key");
            for folder in folders() {
                let prefix: PathPrefix = folder.parse().expect("a prefix");
                let lies_in = path.starts_with(&format!("{folder}/"));
                assert_eq!(prefix.covers(&object), lies_in, "{file} in {folder}");
            }
        }
    }

    #[test]
    fn anything_else_is_no_prefix() {
        let mut wrong = vec!["", "/", "artist", "artist/", "masters", "artwork", "artist/*"]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        for folder in folders() {
            wrong.push(format!("/{folder}"));
            wrong.push(format!("{folder}/"));
            wrong.push(folder[..folder.len() - 1].to_owned());
            wrong.push(format!("{folder}/.."));
            wrong.push(format!("{folder}//"));
        }
        wrong.push(FOLDER.replace("album", "albums"));
        wrong.push(FOLDER.to_uppercase());
        wrong.push(format!("{FOLDER}/ogg/320"));
        wrong.push(format!("{FOLDER}/aac/0320"));
        wrong.push(format!("{FOLDER}/aac/320/00000.m4s"));
        wrong.push(format!("{FOLDER}/index.m3u8"));
        for text in wrong {
            assert!(text.parse::<PathPrefix>().is_err(), "{text:?}");
        }
    }
}
