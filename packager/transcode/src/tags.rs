//! What a master says of itself: ID3, Vorbis comments, MP4 items, RIFF INFO, APE, whatever is there.
//!
//! Tags decide no byte of a package. They name things, and a file whose tags cannot be read is as
//! good a master as one without.

mod people;

use std::io::{BufReader, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use lofty::config::ParseOptions;
use lofty::file::{AudioFile, FileType, TaggedFile, TaggedFileExt};
use lofty::flac::FlacFile;
use lofty::ogg::tag::VorbisComments;
use lofty::ogg::{OpusFile, VorbisFile};
use lofty::probe::Probe;
use lofty::tag::{ItemKey, Tag};
use serde::{Deserialize, Serialize};

pub use self::people::{Part, Person};
use crate::master::Master;

/// The longest text that is taken from a tag, in characters: the longest name of a catalogue.
const LONGEST: usize = 200;

/// The most artists of a song that are taken.
const MOST_ARTISTS: usize = 20;

/// What says in Vorbis comments, as iTunes says it in MP4, whether the words are for children. There is no key of lofty's
/// for it.
const ADVISORY: &str = "ITUNESADVISORY";

/// The tags of a master, each as far as it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tags {
    /// The title of the song.
    pub title: Option<String>,
    /// Who made it, all of them in one text.
    pub artist: Option<String>,
    /// Who made it, one by one, where the tags tell them apart.
    pub artists: Vec<String>,
    /// Who else took part.
    pub people: Vec<Person>,
    /// Who the album is filed under, where that is said apart.
    pub album_artist: Option<String>,
    /// The title of the album.
    pub album: Option<String>,
    /// What kind of music it is.
    pub genre: Option<String>,
    /// The year of its release.
    pub year: Option<u16>,
    /// The number of the disc in its album.
    pub disc: Option<u32>,
    /// The number of the song on its disc.
    pub track: Option<u32>,
    /// Whether its words are not for children.
    pub explicit: Option<bool>,
    /// The recording's code, as it is written there.
    pub isrc: Option<String>,
    /// MusicBrainz' id of the recording.
    pub recording_id: Option<String>,
    /// MusicBrainz' id of the release.
    pub release_id: Option<String>,
    /// MusicBrainz' ids of those who made it.
    pub artist_ids: Vec<String>,
}

impl Tags {
    /// The tags of a master; none where there are none that can be read.
    pub(crate) fn of(master: Master) -> Self {
        // Foreign bytes: a parser that panics over them costs the tags, not the song.
        let tags = catch_unwind(AssertUnwindSafe(|| read(master))).ok().flatten();
        tags.unwrap_or_default().cleaned()
    }

    /// The same, whoever says them: texts of one line and no great length, and not too many.
    pub(crate) fn cleaned(self) -> Self {
        let clean = |text: Option<String>| text.as_deref().and_then(clean);
        let artist_ids = self.artist_ids.iter().filter_map(|id| id_in(id));
        Self {
            title: clean(self.title),
            artist: clean(self.artist),
            artists: several(self.artists),
            people: people::cleaned(self.people),
            album_artist: clean(self.album_artist),
            album: clean(self.album),
            genre: clean(self.genre),
            isrc: clean(self.isrc),
            recording_id: self.recording_id.as_deref().and_then(id_in),
            release_id: self.release_id.as_deref().and_then(id_in),
            artist_ids: artist_ids.take(MOST_ARTISTS).collect(),
            ..self
        }
    }

    /// Whom the song is filed under: the first of those who made it.
    #[must_use]
    pub fn lead(&self) -> Option<&str> {
        match &self.artists[..] {
            [lead, _, ..] => Some(lead),
            _ => self.artist.as_deref(),
        }
    }

    /// What somebody says in the place of tags, each thing by itself, and these tags where nothing is said. Who names the
    /// artist means all who made it, and the album's; who names another than the tags do, or another album, means none of
    /// those that the ids are of.
    #[must_use]
    pub fn under(self, said: Self) -> Self {
        let other = |said: &Option<String>, tag: &Option<String>| said.is_some() && said != tag;
        let (by_another, on_another) =
            (other(&said.artist, &self.artist), other(&said.album, &self.album));
        let names_artist = said.artist.is_some();
        let unless = |gone: bool, list: Vec<String>| if gone { Vec::new() } else { list };
        let or = |said: Vec<String>, tags: Vec<String>| if said.is_empty() { tags } else { said };
        Self {
            title: said.title.or(self.title),
            artist: said.artist.or(self.artist),
            artists: or(said.artists, unless(names_artist, self.artists)),
            people: if said.people.is_empty() { self.people } else { said.people },
            album_artist: said.album_artist.or(self.album_artist.filter(|_| !names_artist)),
            album: said.album.or(self.album),
            genre: said.genre.or(self.genre),
            year: said.year.or(self.year),
            disc: said.disc.or(self.disc),
            track: said.track.or(self.track),
            explicit: said.explicit.or(self.explicit),
            isrc: said.isrc.or(self.isrc),
            recording_id: said.recording_id.or(self.recording_id),
            release_id: said.release_id.or(self.release_id.filter(|_| !on_another)),
            artist_ids: or(said.artist_ids, unless(by_another, self.artist_ids)),
        }
    }
}

fn read(master: Master) -> Option<Tags> {
    let (found, advisory) = parse(master)?;
    // The format's own kind of tag before those that are glued to it.
    let own = found.primary_tag_type();
    let mut tags: Vec<&Tag> = found.tags().iter().collect();
    tags.sort_by_key(|tag| tag.tag_type() != own);
    let text = |keys: &[ItemKey]| {
        let found = keys.iter().flat_map(|key| tags.iter().filter_map(|tag| tag.get_string(*key)));
        found.filter_map(clean).next()
    };
    // All of one tag, not those of several tags that say the same.
    let texts = |key: ItemKey| -> Vec<String> {
        let of = |tag: &&Tag| tag.get_strings(key).filter_map(clean).collect::<Vec<_>>();
        tags.iter().map(of).find(|texts| !texts.is_empty()).unwrap_or_default()
    };
    let (mut names, ids) = (texts(ItemKey::TrackArtist), texts(ItemKey::MusicBrainzArtistId));
    let artists = Some(texts(ItemKey::TrackArtists)).filter(|artists| !artists.is_empty());
    // Said apart by no key of their own: as several values of one.
    let artist = Some(names.join(", ")).filter(|artist| !artist.is_empty());
    let artists = artists.unwrap_or_else(|| std::mem::take(&mut names));
    Some(Tags {
        title: text(&[ItemKey::TrackTitle]),
        artist,
        artists: if artists.len() > 1 { artists } else { Vec::new() },
        people: people::found(texts),
        album_artist: text(&[ItemKey::AlbumArtist]),
        album: text(&[ItemKey::AlbumTitle]),
        genre: text(&[ItemKey::Genre]),
        year: text(&[ItemKey::RecordingDate, ItemKey::Year, ItemKey::ReleaseDate])
            .and_then(|text| text.get(..4)?.parse().ok()),
        disc: text(&[ItemKey::DiscNumber]).and_then(number),
        track: text(&[ItemKey::TrackNumber]).and_then(number),
        explicit: text(&[ItemKey::ParentalAdvisory]).or(advisory).and_then(|text| advised(&text)),
        isrc: text(&[ItemKey::Isrc]),
        recording_id: text(&[ItemKey::MusicBrainzRecordingId]),
        release_id: text(&[ItemKey::MusicBrainzReleaseId]),
        // ID3v2.3 has one text for all.
        artist_ids: ids
            .iter()
            .flat_map(|ids| ids.split(['/', ';', ' ']))
            .map(str::to_owned)
            .collect(),
    })
}

/// What is tagged, and the advisory that lofty has no key for.
fn parse(master: Master) -> Option<(TaggedFile, Option<String>)> {
    let options = ParseOptions::new().read_properties(false).read_cover_art(false);
    let probe = Probe::new(BufReader::new(master)).options(options).guess_file_type().ok()?;
    let kind = probe.file_type();
    if !matches!(kind, Some(FileType::Flac | FileType::Vorbis | FileType::Opus)) {
        return Some((probe.read().ok()?, None));
    }
    let mut master = probe.into_inner();
    master.rewind().ok()?;
    let advisory = |comments: &VorbisComments| comments.get(ADVISORY).map(str::to_owned);
    Some(match kind {
        Some(FileType::Flac) => {
            let file = FlacFile::read_from(&mut master, options).ok()?;
            let advisory = file.vorbis_comments().and_then(advisory);
            (file.into(), advisory)
        }
        Some(FileType::Vorbis) => {
            let file = VorbisFile::read_from(&mut master, options).ok()?;
            let advisory = advisory(file.vorbis_comments());
            (file.into(), advisory)
        }
        _ => {
            let file = OpusFile::read_from(&mut master, options).ok()?;
            let advisory = advisory(file.vorbis_comments());
            (file.into(), advisory)
        }
    })
}

/// What iTunes says of words: 1, and 4 in old files, that they are not for children, and 2 that such are left out.
fn advised(text: &str) -> Option<bool> {
    match text {
        "1" | "4" => Some(true),
        "0" | "2" => Some(false),
        _ => None,
    }
}

/// Some names, each once.
fn several(names: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for name in names.iter().filter_map(|name| clean(name)) {
        if kept.len() < MOST_ARTISTS && !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

/// A UUID as it is written, in lower case.
fn id_in(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let is_id = text.len() == 36 && text.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    is_id.then(|| text.to_ascii_lowercase())
}

/// One line without spaces around it; nothing where nothing is left.
fn clean(text: &str) -> Option<String> {
    let kept: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let cut: String = kept.trim().chars().take(LONGEST).collect();
    let cut = cut.trim_end();
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// The 3 of `3/12`.
fn number(text: String) -> Option<u32> {
    text.split('/').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_file_without_tags_or_without_sense_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.flac");
        std::fs::write(&path, "fLaC, but not really").unwrap();
        assert_eq!(Tags::of(Master::open(&path).unwrap()), Tags::default());
    }

    #[test]
    fn texts_are_one_line_and_numbers_may_have_a_total() {
        assert_eq!(clean(" a\tb\n"), Some("a b".to_owned()));
        assert_eq!(clean("\0"), None);
        assert_eq!(clean(&"ä".repeat(300)).map(|it| it.chars().count()), Some(LONGEST));
        assert_eq!(number("3/12".to_owned()), Some(3));
        assert_eq!(number("A1".to_owned()), None);
    }

    #[test]
    fn what_is_said_goes_before_the_tags_each_by_itself() {
        let text = |text: &str| Some(text.to_owned());
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let tags = Tags {
            title: text("Title"),
            artist: text("Ann feat. Bob"),
            artists: list(&["Ann", "Bob"]),
            album: text("Album"),
            album_artist: text("Various"),
            release_id: text("release"),
            artist_ids: list(&["ann", "bob"]),
            ..Tags::default()
        };
        assert_eq!(tags.clone().under(Tags::default()), tags);
        assert_eq!(tags.lead(), Some("Ann"));
        let said = Tags { artist: text("Eve"), ..Tags::default() };
        let merged = tags.clone().under(said);
        assert_eq!((merged.title.as_deref(), merged.lead()), (Some("Title"), Some("Eve")));
        assert_eq!((merged.album_artist, merged.artist_ids.len()), (None, 0));
        let said = Tags { artist: tags.artist.clone(), album: text("Other"), ..Tags::default() };
        let merged = tags.clone().under(said);
        assert_eq!((merged.lead(), merged.artist_ids.len()), (Some("Ann feat. Bob"), 2));
        assert_eq!((merged.album.as_deref(), merged.release_id), (Some("Other"), None));
    }

    #[test]
    fn what_is_no_id_is_none_and_lists_have_an_end() {
        let id = "8F6BD1E4-FBE1-4F50-AA9B-94C450EC0F11";
        assert_eq!(id_in(&format!(" {id}\0")), Some(id.to_lowercase()));
        assert_eq!(id_in(&id[1..]), None);
        assert_eq!(id_in(&id.replace('F', "G")), None);
        let many: Vec<String> = (0..100).map(|number| (number / 2).to_string()).collect();
        assert_eq!(several(many).len(), MOST_ARTISTS);
        assert_eq!([advised("1"), advised("2"), advised("x")], [Some(true), Some(false), None]);
    }

    #[test]
    fn the_demo_song_says_who_it_is() {
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo.flac");
        let tags = Tags::of(Master::open(&demo).unwrap());
        assert_eq!(tags.clone().cleaned(), tags);
        assert!(tags.title.is_some(), "{tags:?}");
    }
}
