//! The files of one version of a song.

use std::fmt;
use std::str::FromStr;

use media::codec::Codec;
use media::ladder::RATES;
use media::units::Kbps;

use crate::object::UnknownObject;

/// A file under a version's folder. `Display` writes its path there, `FromStr` reads it back; the
/// two are inverse, so a path that parses has exactly one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SongFile {
    /// A multivariant playlist that lists a codec's renditions up to a cap.
    Multivariant(Codec, Kbps),
    /// A rendition's media playlist.
    Playlist(Codec, Kbps),
    /// The init section of an AAC rendition.
    Init(Kbps),
    /// A segment of an AAC rendition, by number from 0.
    Segment(Kbps, u32),
    /// An Opus rendition: one progressive Ogg file.
    Ogg(Kbps),
    /// What is written down about the version.
    Asset,
}

/// A listener without a cap: the top of the ladder.
const TOP: Kbps = RATES[RATES.len() - 1];

impl SongFile {
    /// The media type (RFC 8216bis 4, RFC 5334, RFC 6381).
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Multivariant(..) | Self::Playlist(..) => "application/vnd.apple.mpegurl",
            Self::Init(_) | Self::Segment(..) => "audio/mp4",
            Self::Ogg(_) => "audio/ogg",
            Self::Asset => "application/json",
        }
    }

    /// The rate a listener must be entitled to; `None` where the file holds no sound.
    #[must_use]
    pub fn required_kbps(self) -> Option<Kbps> {
        match self {
            Self::Multivariant(_, kbps)
            | Self::Playlist(_, kbps)
            | Self::Init(kbps)
            | Self::Segment(kbps, _)
            | Self::Ogg(kbps) => Some(kbps),
            Self::Asset => None,
        }
    }

    /// Whether the file is text that is worth compressing on the way out.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Self::Multivariant(..) | Self::Playlist(..) | Self::Asset)
    }
}

impl fmt::Display for SongFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Multivariant(codec, TOP) => write!(f, "{}.m3u8", multivariant_stem(codec)),
            Self::Multivariant(codec, cap) => write!(f, "{}-{cap}.m3u8", multivariant_stem(codec)),
            Self::Playlist(Codec::AacLc, kbps) => write!(f, "aac/{kbps}/playlist.m3u8"),
            Self::Playlist(Codec::Opus, kbps) => write!(f, "ogg/{kbps}.m3u8"),
            Self::Init(kbps) => write!(f, "aac/{kbps}/init.mp4"),
            Self::Segment(kbps, index) => write!(f, "aac/{kbps}/{index:05}.m4s"),
            Self::Ogg(kbps) => write!(f, "ogg/{kbps}.ogg"),
            Self::Asset => f.write_str("asset.json"),
        }
    }
}

impl FromStr for SongFile {
    type Err = UnknownObject;

    fn from_str(path: &str) -> Result<Self, UnknownObject> {
        read(path).filter(|file| file.to_string() == path).ok_or_else(|| UnknownObject::new(path))
    }
}

fn multivariant_stem(codec: Codec) -> &'static str {
    match codec {
        Codec::AacLc => "index",
        Codec::Opus => "ogg",
    }
}

fn read(path: &str) -> Option<SongFile> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        ["asset.json"] => Some(SongFile::Asset),
        [name] => read_multivariant(name.strip_suffix(".m3u8")?),
        ["aac", kbps, name] => read_aac(kbps.parse().ok()?, name),
        ["ogg", name] => read_ogg(name),
        _ => None,
    }
}

fn read_multivariant(stem: &str) -> Option<SongFile> {
    [Codec::AacLc, Codec::Opus].into_iter().find_map(|codec| {
        let rest = stem.strip_prefix(multivariant_stem(codec))?;
        let cap = match rest.strip_prefix('-') {
            Some(cap) => cap.parse().ok()?,
            None => TOP,
        };
        Some(SongFile::Multivariant(codec, cap))
    })
}

fn read_aac(kbps: Kbps, name: &str) -> Option<SongFile> {
    match name {
        "playlist.m3u8" => Some(SongFile::Playlist(Codec::AacLc, kbps)),
        "init.mp4" => Some(SongFile::Init(kbps)),
        _ => Some(SongFile::Segment(kbps, name.strip_suffix(".m4s")?.parse().ok()?)),
    }
}

fn read_ogg(name: &str) -> Option<SongFile> {
    let (kbps, extension) = name.split_once('.')?;
    let kbps = kbps.parse().ok()?;
    match extension {
        "ogg" => Some(SongFile::Ogg(kbps)),
        "m3u8" => Some(SongFile::Playlist(Codec::Opus, kbps)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_those_of_the_design() {
        let paths = [
            (SongFile::Multivariant(Codec::AacLc, Kbps(320)), "index.m3u8"),
            (SongFile::Multivariant(Codec::AacLc, Kbps(128)), "index-128.m3u8"),
            (SongFile::Multivariant(Codec::Opus, Kbps(64)), "ogg-64.m3u8"),
            (SongFile::Playlist(Codec::AacLc, Kbps(64)), "aac/64/playlist.m3u8"),
            (SongFile::Init(Kbps(64)), "aac/64/init.mp4"),
            (SongFile::Segment(Kbps(320), 7), "aac/320/00007.m4s"),
            (SongFile::Segment(Kbps(320), 123_456), "aac/320/123456.m4s"),
            (SongFile::Ogg(Kbps(128)), "ogg/128.ogg"),
            (SongFile::Playlist(Codec::Opus, Kbps(128)), "ogg/128.m3u8"),
            (SongFile::Asset, "asset.json"),
        ];
        for (file, path) in paths {
            assert_eq!(file.to_string(), path);
            assert_eq!(path.parse(), Ok(file));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for path in [
            "",
            "/",
            "index",
            "index-320.m3u8",
            "index-.m3u8",
            "index--64.m3u8",
            "ogg-096.m3u8",
            "aac/64/0.m4s",
            "aac/64/000000.m4s",
            "aac/64/+0000.m4s",
            "aac/96/init.mp4",
            "aac//init.mp4",
            "aac/64/init.mp4/",
            "./asset.json",
            "ogg/../asset.json",
            "ogg/64.ogg.ogg",
            "aac/64/99999999999.m4s",
            "Index.m3u8",
            "ASSET.JSON",
        ] {
            assert!(path.parse::<SongFile>().is_err(), "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_has_one_spelling(path in "[a-z0-9./-]{0,24}") {
            if let Ok(file) = path.parse::<SongFile>() {
                prop_assert_eq!(file.to_string(), path);
            }
        }
    }
}
