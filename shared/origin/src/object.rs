//! Everything in the object store.

use std::fmt;
use std::str::FromStr;

use media::ids::{ArtworkHash, MasterHash};

use crate::folder::SongFolder;
use crate::song_file::SongFile;

/// No object has this path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no object is stored at '{path}'")]
pub struct UnknownObject {
    path: String,
}

impl UnknownObject {
    pub(crate) fn new(path: &str) -> Self {
        Self { path: path.to_owned() }
    }
}

/// How long an answer may be reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CachePolicy {
    /// Never changes under its path.
    Immutable,
    /// Nothing that anybody may keep: masters, which never leave through an edge, and keys.
    Private,
}

impl CachePolicy {
    /// `Cache-Control` for one listener, whose URL carries a token.
    #[must_use]
    pub fn personal(self) -> &'static str {
        match self {
            Self::Immutable => "private, max-age=31536000, immutable",
            Self::Private => "no-store",
        }
    }

    /// `Cache-Control` as a store keeps it beside the object, for whoever is let to it there: a CDN
    /// that pulls from the bucket.
    #[must_use]
    pub fn stored(self) -> &'static str {
        match self {
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Private => "no-store",
        }
    }
}

/// One object. `Display` writes its key, `FromStr` reads it back; the two are inverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// A master by content.
    Master(MasterHash),
    /// A cover in one size, by content: a JPEG.
    Artwork(ArtworkHash),
    /// A file of a packaged version, or a key to such files: the only kind that an edge serves.
    Song(SongFolder, SongFile),
}

impl Object {
    /// Its media type.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Master(_) => "application/octet-stream",
            Self::Artwork(_) => "image/jpeg",
            Self::Song(_, file) => file.content_type(),
        }
    }

    /// How long an answer may be reused.
    #[must_use]
    pub fn cache_policy(&self) -> CachePolicy {
        match self {
            Self::Master(_) | Self::Song(_, SongFile::Key(..)) => CachePolicy::Private,
            Self::Artwork(_) | Self::Song(..) => CachePolicy::Immutable,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Master(hash) => write!(f, "masters/{hash}"),
            Self::Artwork(hash) => write!(f, "artwork/{hash}.jpg"),
            Self::Song(folder, file) => write!(f, "{folder}/{file}"),
        }
    }
}

impl FromStr for Object {
    type Err = UnknownObject;

    fn from_str(path: &str) -> Result<Self, UnknownObject> {
        read(path).ok_or_else(|| UnknownObject::new(path))
    }
}

fn read(path: &str) -> Option<Object> {
    let (kind, rest) = path.split_once('/')?;
    match kind {
        "masters" => Some(Object::Master(rest.parse().ok()?)),
        "artwork" => Some(Object::Artwork(rest.strip_suffix(".jpg")?.parse().ok()?)),
        "artist" => read_song(rest),
        _ => None,
    }
}

fn read_song(rest: &str) -> Option<Object> {
    let mut parts = rest.splitn(6, '/');
    let artist = parts.next()?.parse().ok()?;
    (parts.next()? == "album").then_some(())?;
    let album = parts.next()?.parse().ok()?;
    let song = parts.next()?.parse().ok()?;
    let version = parts.next()?.parse().ok()?;
    let file = parts.next()?.parse().ok()?;
    Some(Object::Song(SongFolder { artist, album, song, version }, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
        0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
        00112233445566778899aabbccddeeff";

    #[test]
    fn keys_read_back() {
        let keys = [
            format!("{FOLDER}/index.m3u8"),
            format!("{FOLDER}/aac/320/00042.m4s"),
            format!("masters/{}", "ab".repeat(32)),
            format!("artwork/{}.jpg", "ab".repeat(32)),
        ];
        for key in keys {
            assert_eq!(key.parse::<Object>().expect("a key").to_string(), key);
        }
    }

    #[test]
    fn anything_else_is_no_object() {
        for path in [
            "".to_owned(),
            FOLDER.to_owned(),
            format!("/{FOLDER}/index.m3u8"),
            format!("{FOLDER}//index.m3u8"),
            format!("{FOLDER}/index.m3u8/"),
            format!("{FOLDER}/../index.m3u8"),
            format!("{}/index.m3u8", FOLDER.replace("album", "albums")),
            "masters/../uploads/x".to_owned(),
            format!("artwork/{}", "ab".repeat(32)),
            format!("artwork/{}.webp", "ab".repeat(32)),
            format!("artwork/{}.jpg", "AB".repeat(32)),
        ] {
            assert!(path.parse::<Object>().is_err(), "{path:?}");
        }
    }

    #[test]
    fn surrogate_keys_come_off_the_path() {
        let Ok(Object::Song(folder, _)) = format!("{FOLDER}/asset.json").parse() else {
            panic!("a song's object")
        };
        assert_eq!(
            folder.surrogate_keys().map(|key| key.to_string()),
            [
                "song:0190d2a5-7c1e-7bbb-8123-000000000003",
                "album:0190d2a5-7c1e-7bbb-8123-000000000002",
                "artist:0190d2a5-7c1e-7bbb-8123-000000000001",
                "version:00112233445566778899aabbccddeeff",
            ]
        );
    }
}
