//! What is said of a master beside its bytes, whichever way it comes: the fields of a form, the keys of `Upload-Metadata`.

use std::fmt::Display;
use std::str::FromStr;

use catalogue::name::LONGEST_NAME;
use catalogue::{Again, ArtistIds, Isrc, Mbid, Name, ReleaseYear, TrackNumber};
use service::Problem;
use transcode::Tags;

/// What is said about a master beside its bytes. What is not said, its tags say.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// The song's title.
    pub title: Option<Name>,
    /// Who made it.
    pub artist: Option<Name>,
    /// Where it belongs.
    pub album: Option<Name>,
    /// Whom the album is filed under, where that is somebody else than the song's artist.
    pub album_artist: Option<Name>,
    /// What kind of music it is.
    pub genre: Option<Name>,
    /// When it came out.
    pub release_year: Option<ReleaseYear>,
    /// Whether its words are not for children.
    pub explicit: Option<Flag>,
    /// The recording's code.
    pub isrc: Option<Isrc>,
    /// The disc of the album that it is on.
    pub disc: Option<TrackNumber>,
    /// Its place on that disc.
    pub track: Option<TrackNumber>,
    /// What MusicBrainz calls the recording.
    pub recording_id: Option<Mbid>,
    /// What MusicBrainz calls the release that it is on.
    pub release_id: Option<Mbid>,
    /// What MusicBrainz calls those who made it.
    pub artist_ids: Option<ArtistIds>,
    /// Whether it is a song of its own, even where its sender has one of the same master.
    pub duplicate: Option<Flag>,
    /// What the file was called.
    pub file_name: Option<String>,
}

/// The fields that [`Details::set`] takes.
pub(crate) const FIELDS: [&str; 14] = [
    "title",
    "artist",
    "album",
    "album_artist",
    "genre",
    "release_year",
    "explicit",
    "isrc",
    "disc",
    "track",
    "musicbrainz_recording_id",
    "musicbrainz_release_id",
    "musicbrainz_artist_ids",
    "duplicate",
];

/// The longest of them in bytes: the longest name, should each character take four.
pub(crate) const LONGEST_TEXT: usize = LONGEST_NAME * 4;

impl Details {
    /// Takes one of the [`FIELDS`] as it was sent, once. An empty one is as if it had not been sent: that is how browsers send
    /// what nobody filled in.
    ///
    /// # Errors
    /// What is accepted instead.
    pub(crate) fn set(&mut self, field: &str, value: &[u8]) -> Result<(), Problem> {
        let text = text_of(field, value)?;
        match field {
            "title" => put(field, &mut self.title, text),
            "artist" => put(field, &mut self.artist, text),
            "album" => put(field, &mut self.album, text),
            "album_artist" => put(field, &mut self.album_artist, text),
            "genre" => put(field, &mut self.genre, text),
            "release_year" => put(field, &mut self.release_year, text),
            "explicit" => put(field, &mut self.explicit, text),
            "isrc" => put(field, &mut self.isrc, text),
            "disc" => put(field, &mut self.disc, text),
            "track" => put(field, &mut self.track, text),
            "musicbrainz_recording_id" => put(field, &mut self.recording_id, text),
            "musicbrainz_release_id" => put(field, &mut self.release_id, text),
            "musicbrainz_artist_ids" => put(field, &mut self.artist_ids, text),
            "duplicate" => put(field, &mut self.duplicate, text),
            _ => Err(unknown(field, "")),
        }
    }

    /// What a master is that its sender has a song of already.
    pub(crate) fn again(&self) -> Again {
        if self.duplicate == Some(Flag(true)) { Again::Another } else { Again::Same }
    }

    /// The same as tags would say it.
    pub(crate) fn said(&self) -> Tags {
        let text = |name: &Option<Name>| name.as_ref().map(Name::to_string);
        let ids = self.artist_ids.iter().flat_map(ArtistIds::iter);
        Tags {
            title: text(&self.title),
            artist: text(&self.artist),
            album_artist: text(&self.album_artist),
            album: text(&self.album),
            genre: text(&self.genre),
            year: self.release_year.map(ReleaseYear::get),
            disc: self.disc.map(|disc| disc.get().into()),
            track: self.track.map(|track| track.get().into()),
            explicit: self.explicit.map(|flag| flag.0),
            isrc: self.isrc.as_ref().map(Isrc::to_string),
            recording_id: self.recording_id.map(|id| id.to_string()),
            release_id: self.release_id.map(|id| id.to_string()),
            artist_ids: ids.map(Mbid::to_string).collect(),
            ..Tags::default()
        }
    }
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag(pub bool);

/// Neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("accepted is true or false")]
pub struct InvalidFlag;

impl FromStr for Flag {
    type Err = InvalidFlag;

    fn from_str(text: &str) -> Result<Self, InvalidFlag> {
        text.trim().parse().map(Self).map_err(|_| InvalidFlag)
    }
}

fn text_of<'a>(field: &str, value: &'a [u8]) -> Result<&'a str, Problem> {
    if value.len() > LONGEST_TEXT {
        return Err(too_long(field));
    }
    let text = std::str::from_utf8(value);
    text.map_err(|_| Problem::field(field, format!("The {field} is not UTF-8.")))
}

fn put<T>(field: &str, value: &mut Option<T>, text: &str) -> Result<(), Problem>
where
    T: FromStr<Err: Display>,
{
    once(field, value)?;
    if !text.trim().is_empty() {
        *value = Some(text.parse().map_err(|error: T::Err| {
            Problem::field(field, format!("The {field} cannot be used: {error}."))
        })?);
    }
    Ok(())
}

/// Refuses what was sent before.
pub(crate) fn once<T>(field: &str, value: &Option<T>) -> Result<(), Problem> {
    match value {
        Some(_) => Err(Problem::field(field, format!("The field '{field}' was sent twice."))),
        None => Ok(()),
    }
}

pub(crate) fn too_long(field: &str) -> Problem {
    let accepted = format!("The {field} is too long; accepted are {LONGEST_NAME} characters.");
    Problem::field(field, accepted)
}

/// A field that there is not: beside [`FIELDS`], those in `others` are accepted.
pub(crate) fn unknown(field: &str, others: &str) -> Problem {
    let field: String = field.chars().take(100).collect();
    let fields = FIELDS.join(", ");
    Problem::field(&*field, format!("There is no field '{field}'; accepted are {others}{fields}."))
}
