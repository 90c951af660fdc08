//! JSPF: XSPF in JSON (<https://www.xspf.org/jspf>).

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{MOST_TRACKS, PlaylistFile, Track, Unreadable};

#[derive(Serialize, Deserialize)]
struct Document {
    playlist: Playlist,
}

#[derive(Serialize, Deserialize)]
struct Playlist {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    annotation: Option<String>,
    #[serde(default, deserialize_with = "some")]
    track: Vec<JspfTrack>,
}

#[derive(Serialize, Deserialize)]
struct JspfTrack {
    #[serde(default, skip_serializing_if = "Several::is_none")]
    location: Several,
    #[serde(default, skip_serializing_if = "Several::is_none")]
    identifier: Several,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    creator: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    album: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
}

/// One or several: programs differ on which of them it is.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Several {
    Many(Vec<String>),
    One(String),
}

impl Default for Several {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Several {
    fn is_none(&self) -> bool {
        matches!(self, Self::Many(all) if all.is_empty())
    }

    fn all(self) -> Vec<String> {
        match self {
            Self::Many(all) => all,
            Self::One(one) => vec![one],
        }
    }
}

/// No more tracks than a playlist has songs, counted as they come: an empty one is three bytes in the file and many here.
fn some<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<JspfTrack>, D::Error> {
    struct Tracks;

    impl<'de> Visitor<'de> for Tracks {
        type Value = Vec<JspfTrack>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of {MOST_TRACKS} tracks at most")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut tracks = Vec::new();
            while let Some(track) = list.next_element()? {
                if tracks.len() == MOST_TRACKS {
                    return Err(de::Error::invalid_length(MOST_TRACKS + 1, &self));
                }
                tracks.push(track);
            }
            Ok(tracks)
        }
    }

    from.deserialize_seq(Tracks)
}

pub(super) fn write(file: &PlaylistFile) -> String {
    let track = |track: &Track| JspfTrack {
        location: Several::Many(track.locations.clone()),
        identifier: Several::Many(track.identifiers.clone()),
        title: track.title.clone(),
        creator: track.artist.clone(),
        album: track.album.clone(),
        duration: track.duration_ms,
    };
    let playlist = Playlist {
        title: file.title.clone(),
        annotation: file.annotation.clone(),
        track: file.tracks.iter().map(track).collect(),
    };
    serde_json::to_string_pretty(&Document { playlist }).expect("texts and numbers are plain JSON")
}

pub(super) fn read(text: &str) -> Result<PlaylistFile, Unreadable> {
    let document: Document = serde_json::from_str(text)
        .map_err(|error| Unreadable::Malformed(format!("it is not JSPF: {error}")))?;
    let Playlist { title, annotation, track } = document.playlist;
    let mut file = PlaylistFile { title, annotation, tracks: Vec::new() };
    for track in track {
        file.push(Track {
            locations: track.location.all(),
            identifiers: track.identifier.all(),
            title: track.title,
            artist: track.creator,
            album: track.album,
            duration_ms: track.duration,
        })?;
    }
    Ok(file)
}
