//! The files of one version of a song.

use std::fmt;
use std::str::FromStr;

use media::ladder::TOP;
use media::units::Kbps;
use media::{Container, SecretFingerprint, SwitchingSet};

use crate::object::UnknownObject;

/// A file under a version's folder; all but [`Key`](Self::Key) are stored there. `Display` writes its path there, `FromStr` reads it back; the
/// two are inverse, so a path that parses has exactly one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SongFile {
    /// A multivariant playlist that lists a set's renditions up to a cap.
    Multivariant(SwitchingSet, Kbps),
    /// A rendition's media playlist.
    Playlist(SwitchingSet, Kbps),
    /// The init section of an fMP4 rendition.
    Init(SwitchingSet, Kbps),
    /// A segment of an fMP4 rendition, by number from 0.
    Segment(SwitchingSet, Kbps, u32),
    /// What an encrypted fMP4 rendition is opened with. It is stored nowhere: whoever holds the secret
    /// of that fingerprint derives it ([`media::SegmentSecret::key`]).
    Key(SwitchingSet, Kbps, SecretFingerprint),
    /// A whole rendition: progressive Ogg, or fMP4 in the single-file layout.
    Whole(SwitchingSet, Kbps),
    /// A DASH manifest that lists the fMP4 renditions up to a cap.
    Dash(Kbps),
    /// Peaks to draw the song by.
    Waveform,
    /// What is written down about the version.
    Asset,
}

impl SongFile {
    /// The media type (RFC 8216bis 4, RFC 5334, RFC 6381, ISO 23009-1 annex C).
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Multivariant(..) | Self::Playlist(..) => "application/vnd.apple.mpegurl",
            Self::Whole(SwitchingSet::Ogg, _) => "audio/ogg",
            Self::Init(..) | Self::Segment(..) | Self::Whole(..) => "audio/mp4",
            Self::Key(..) => "application/octet-stream",
            Self::Dash(_) => "application/dash+xml",
            Self::Waveform | Self::Asset => "application/json",
        }
    }

    /// The rate a listener must be entitled to; `None` where the file holds no sound.
    #[must_use]
    pub fn required_kbps(self) -> Option<Kbps> {
        match self {
            Self::Multivariant(_, kbps)
            | Self::Playlist(_, kbps)
            | Self::Init(_, kbps)
            | Self::Segment(_, kbps, _)
            | Self::Key(_, kbps, _)
            | Self::Whole(_, kbps)
            | Self::Dash(kbps) => Some(kbps),
            Self::Waveform | Self::Asset => None,
        }
    }

    /// Whether the file is text that is worth compressing on the way out.
    #[must_use]
    pub fn is_text(self) -> bool {
        match self {
            Self::Multivariant(..)
            | Self::Playlist(..)
            | Self::Dash(_)
            | Self::Waveform
            | Self::Asset => true,
            Self::Init(..) | Self::Segment(..) | Self::Key(..) | Self::Whole(..) => false,
        }
    }
}

impl fmt::Display for SongFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Multivariant(set, TOP) => write!(f, "{}.m3u8", set.stem()),
            Self::Multivariant(set, cap) => write!(f, "{}-{cap}.m3u8", set.stem()),
            Self::Playlist(set, kbps) => match set.container() {
                Container::Fmp4 => write!(f, "{set}/{kbps}/playlist.m3u8"),
                Container::Ogg => write!(f, "{set}/{kbps}.m3u8"),
            },
            Self::Init(set, kbps) => write!(f, "{set}/{kbps}/init.mp4"),
            Self::Segment(set, kbps, index) => write!(f, "{set}/{kbps}/{index:05}.m4s"),
            Self::Key(set, kbps, secret) => write!(f, "{set}/{kbps}/{secret}.key"),
            Self::Whole(set, kbps) => match set.container() {
                Container::Fmp4 => write!(f, "{set}/{kbps}/media.mp4"),
                Container::Ogg => write!(f, "{set}/{kbps}.ogg"),
            },
            Self::Dash(TOP) => f.write_str("manifest.mpd"),
            Self::Dash(cap) => write!(f, "manifest-{cap}.mpd"),
            Self::Waveform => f.write_str("waveform.json"),
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

fn read(path: &str) -> Option<SongFile> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        ["asset.json"] => Some(SongFile::Asset),
        ["waveform.json"] => Some(SongFile::Waveform),
        [name] => read_listing(name),
        [set, name] => read_beside(set.parse().ok()?, name),
        [set, kbps, name] => read_within(set.parse().ok()?, kbps.parse().ok()?, name),
        _ => None,
    }
}

/// What lists renditions up to a cap.
fn read_listing(name: &str) -> Option<SongFile> {
    let (stem, extension) = name.split_once('.')?;
    match extension {
        "mpd" => read_cap(stem.strip_prefix("manifest")?).map(SongFile::Dash),
        "m3u8" => SwitchingSet::ALL.into_iter().find_map(|set| {
            let cap = read_cap(stem.strip_prefix(set.stem())?)?;
            Some(SongFile::Multivariant(set, cap))
        }),
        _ => None,
    }
}

/// What follows a stem: nothing, or a dash and a rate.
fn read_cap(rest: &str) -> Option<Kbps> {
    if rest.is_empty() { Some(TOP) } else { rest.strip_prefix('-')?.parse().ok() }
}

/// A rendition in one file, and its playlist beside it.
fn read_beside(set: SwitchingSet, name: &str) -> Option<SongFile> {
    let (kbps, extension) = name.split_once('.')?;
    let kbps = kbps.parse().ok()?;
    match extension {
        "ogg" => Some(SongFile::Whole(set, kbps)),
        "m3u8" => Some(SongFile::Playlist(set, kbps)),
        _ => None,
    }
}

/// A rendition in a folder.
fn read_within(set: SwitchingSet, kbps: Kbps, name: &str) -> Option<SongFile> {
    match name {
        "playlist.m3u8" => Some(SongFile::Playlist(set, kbps)),
        "init.mp4" => Some(SongFile::Init(set, kbps)),
        "media.mp4" => Some(SongFile::Whole(set, kbps)),
        _ => match name.split_once('.')? {
            (index, "m4s") => Some(SongFile::Segment(set, kbps, index.parse().ok()?)),
            (secret, "key") if set.container() == Container::Fmp4 => {
                Some(SongFile::Key(set, kbps, secret.parse().ok()?))
            }
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_those_of_the_design() {
        use SwitchingSet::{Aac, Ogg, Opus, Saver};
        let paths = [
            (SongFile::Multivariant(Aac, Kbps(320)), "index.m3u8"),
            (SongFile::Multivariant(Aac, Kbps(128)), "index-128.m3u8"),
            (SongFile::Multivariant(Ogg, Kbps(64)), "ogg-64.m3u8"),
            (SongFile::Multivariant(Opus, Kbps(320)), "opus.m3u8"),
            (SongFile::Multivariant(Saver, Kbps(320)), "saver.m3u8"),
            (SongFile::Playlist(Aac, Kbps(64)), "aac/64/playlist.m3u8"),
            (SongFile::Init(Aac, Kbps(64)), "aac/64/init.mp4"),
            (SongFile::Segment(Aac, Kbps(320), 7), "aac/320/00007.m4s"),
            (SongFile::Segment(Opus, Kbps(320), 123_456), "opus/320/123456.m4s"),
            (
                SongFile::Key(Aac, Kbps(64), SecretFingerprint::new([0xA5; 8])),
                "aac/64/a5a5a5a5a5a5a5a5.key",
            ),
            (SongFile::Whole(Saver, Kbps(64)), "saver/64/media.mp4"),
            (SongFile::Whole(Ogg, Kbps(128)), "ogg/128.ogg"),
            (SongFile::Playlist(Ogg, Kbps(128)), "ogg/128.m3u8"),
            (SongFile::Dash(Kbps(320)), "manifest.mpd"),
            (SongFile::Dash(Kbps(64)), "manifest-64.mpd"),
            (SongFile::Waveform, "waveform.json"),
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
            "ogg/64/playlist.m3u8",
            "ogg/64/media.mp4",
            "aac/64.m3u8",
            "aac/64.ogg",
            "aac/64/.key",
            "aac/64/A5A5A5A5A5A5A5A5.key",
            "ogg/64/a5a5a5a5a5a5a5a5.key",
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
