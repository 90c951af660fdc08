//! Playlists as files that other programs read and write: M3U8, XSPF and JSPF.
//!
//! All three say the same: a title, and for each song where it is, who made it, what it is called and how long it is.

mod jspf;
mod m3u;
mod xspf;

use std::fmt;

use media::SongId;

/// The most songs that a file may name: those of one playlist.
const MOST_TRACKS: usize = catalogue::playlist::MOST_SONGS as usize;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Extended M3U in UTF-8.
    M3u8,
    /// XML Shareable Playlist Format 1.
    Xspf,
    /// The same in JSON.
    Jspf,
}

impl Format {
    pub(crate) const ALL: [Self; 3] = [Self::M3u8, Self::Xspf, Self::Jspf];

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::M3u8 => "audio/x-mpegurl; charset=utf-8",
            Self::Xspf => "application/xspf+xml",
            Self::Jspf => "application/jspf+json",
        }
    }

    /// What a file is, by how it begins.
    fn of(text: &str) -> Self {
        match text.trim_start().as_bytes().first() {
            Some(b'<') => Self::Xspf,
            Some(b'{') => Self::Jspf,
            _ => Self::M3u8,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::M3u8 => "m3u8",
            Self::Xspf => "xspf",
            Self::Jspf => "jspf",
        })
    }
}

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PlaylistFile {
    pub(crate) title: Option<String>,
    /// What it is.
    pub(crate) annotation: Option<String>,
    pub(crate) tracks: Vec<Track>,
}

/// A song in a file. What is empty is not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Track {
    /// URLs and paths, of which any may lead to it.
    pub(crate) locations: Vec<String>,
    /// URIs that name it.
    pub(crate) identifiers: Vec<String>,
    pub(crate) title: Option<String>,
    pub(crate) artist: Option<String>,
    pub(crate) album: Option<String>,
    pub(crate) duration_ms: Option<u64>,
}

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the file is empty")]
    Empty,
    #[error("the file is not UTF-8")]
    NotUtf8,
    #[error("this is an HLS playlist, which plays one song; it names no songs")]
    Hls,
    #[error("this is no playlist: {0}")]
    Malformed(String),
    #[error("a playlist has no document type and no entities of its own")]
    DocumentType,
    #[error("it names more than {MOST_TRACKS} songs")]
    TooManyTracks,
}

impl PlaylistFile {
    /// Reads a file of any of the three kinds.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotUtf8)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(Unreadable::Empty);
        }
        match Format::of(text) {
            Format::M3u8 => m3u::read(text),
            Format::Xspf => xspf::read(text),
            Format::Jspf => jspf::read(text),
        }
    }

    pub(crate) fn write(&self, format: Format) -> String {
        match format {
            Format::M3u8 => m3u::write(self),
            Format::Xspf => xspf::write(self),
            Format::Jspf => jspf::write(self),
        }
    }

    fn push(&mut self, track: Track) -> Result<(), Unreadable> {
        if self.tracks.len() >= MOST_TRACKS {
            return Err(Unreadable::TooManyTracks);
        }
        self.tracks.push(track);
        Ok(())
    }
}

impl Track {
    /// The song of ours that it names: by a URL whose path ends in `/songs/{id}`, of whatever host, since ids are nobody
    /// else's.
    pub(crate) fn song(&self) -> Option<SongId> {
        let uris = self.locations.iter().chain(&self.identifiers);
        uris.filter_map(|uri| uri.rsplit_once("/songs/")?.1.parse().ok()).next()
    }

    /// The code of the recording, from `isrc:…` or `urn:isrc:…`.
    pub(crate) fn isrc(&self) -> Option<catalogue::Isrc> {
        let code = |uri: &String| {
            let uri = uri.to_ascii_lowercase();
            let uri = uri.strip_prefix("urn:").unwrap_or(&uri);
            uri.strip_prefix("isrc:")?.parse().ok()
        };
        self.identifiers.iter().chain(&self.locations).find_map(code)
    }

    /// What a person knows it by.
    pub(crate) fn name(&self) -> String {
        match (&self.artist, &self.title) {
            (Some(artist), Some(title)) => format!("{artist} - {title}"),
            (None, Some(title)) => title.clone(),
            _ => self.locations.first().cloned().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd() -> PlaylistFile {
        let track = |title: &str, artist: &str| Track {
            locations: vec![
                "https://music.example/v1/songs/0190d2a5-7c1e-7bbb-8123-000000000003".to_owned(),
            ],
            title: Some(title.to_owned()),
            artist: Some(artist.to_owned()),
            album: Some("]]> & \"Album\"".to_owned()),
            duration_ms: Some(61_000),
            ..Track::default()
        };
        PlaylistFile {
            title: Some("<Mine> & \"Yours\" – 我的 🎧".to_owned()),
            annotation: None,
            tracks: vec![
                track("T.N.T.", "AC/DC"),
                track("#EXTINF:1,not this", "A - B"),
                track("a, b & <c> 'd'", "Sigur Rós"),
                track("&amp; &#65; %20\\u0041", "Motörhead"),
            ],
        }
    }

    #[test]
    fn odd_characters_survive_each_format() {
        let file = odd();
        for format in Format::ALL {
            let text = file.write(format);
            assert_eq!(Format::of(&text), format);
            assert_eq!(PlaylistFile::read(text.as_bytes()), Ok(file.clone()), "{format}: {text}");
        }
    }

    #[test]
    fn what_names_a_song_is_found() {
        let id = "0190d2a5-7c1e-7bbb-8123-000000000003";
        let at = |uri: &str| Track { locations: vec![uri.to_owned()], ..Track::default() };
        for uri in [format!("https://a/v1/songs/{id}"), format!("/songs/{id}")] {
            assert_eq!(at(&uri).song(), id.parse().ok(), "{uri}");
        }
        for uri in [format!("https://a/v1/songs/{id}/x"), id.to_owned(), "/songs/".to_owned()] {
            assert_eq!(at(&uri).song(), None, "{uri}");
        }
        for uri in ["isrc:ATA012600001", "urn:isrc:AT-A01-26-00001", "URN:ISRC:ata012600001"] {
            assert_eq!(
                at(uri).isrc().map(|isrc| isrc.to_string()),
                Some("ATA012600001".to_owned())
            );
        }
        assert_eq!(at("urn:isbn:1").isrc(), None);
    }

    #[test]
    fn what_is_no_playlist_is_refused() {
        let read = |text: &[u8]| PlaylistFile::read(text).expect_err("refused");
        assert_eq!(read(b"\xff"), Unreadable::NotUtf8);
        assert_eq!(read(b"#EXTM3U\n#EXT-X-TARGETDURATION:6\na.ts"), Unreadable::Hls);
        let bomb = "<!DOCTYPE p [<!ENTITY a \"ha\">]><playlist><title>&a;</title></playlist>";
        assert_eq!(read(bomb.as_bytes()), Unreadable::DocumentType);
        let entity = "<playlist><title>&a;</title></playlist>";
        assert_eq!(read(entity.as_bytes()), Unreadable::DocumentType);
        for malformed in ["{", "{}", "<playlist", "<p></q>", "<html/>", "<playlist><title>"] {
            let error = read(malformed.as_bytes());
            assert!(matches!(error, Unreadable::Malformed(_)), "{malformed}: {error}");
        }
        let many = "a.mp3\n".repeat(MOST_TRACKS + 1);
        assert_eq!(read(many.as_bytes()), Unreadable::TooManyTracks);
        let many = format!("<playlist>{}</playlist>", "<track/>".repeat(MOST_TRACKS + 1));
        assert_eq!(read(many.as_bytes()), Unreadable::TooManyTracks);
        let many = format!(r#"{{"playlist":{{"track":[{}{{}}]}}}}"#, "{},".repeat(MOST_TRACKS));
        let error = read(many.as_bytes()).to_string();
        assert!(error.contains("expected a list of 10000 tracks at most"), "{error}");
        let deep = format!("<playlist>{}", "<a>".repeat(1_000));
        assert!(matches!(read(deep.as_bytes()), Unreadable::Malformed(_)));
    }
}
