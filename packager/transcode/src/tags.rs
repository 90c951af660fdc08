//! What a master says of itself: ID3, Vorbis comments, MP4 items, RIFF INFO, APE, whatever is there.
//!
//! Tags decide no byte of a package. They name things, and a file whose tags cannot be read is as
//! good a master as one without.

use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lofty::config::ParseOptions;
use lofty::file::TaggedFileExt;
use lofty::probe::Probe;
use lofty::tag::{ItemKey, Tag};
use serde::{Deserialize, Serialize};

use crate::master::Master;

/// The longest text that is taken from a tag, in characters: the longest name of a catalogue.
const LONGEST: usize = 200;

/// The tags of a master, each as far as it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tags {
    /// The title of the song.
    pub title: Option<String>,
    /// Who made it.
    pub artist: Option<String>,
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
}

impl Tags {
    /// The tags of a master; none where there are none that can be read.
    pub(crate) fn of(master: Master) -> Self {
        // Foreign bytes: a parser that panics over them costs the tags, not the song.
        catch_unwind(AssertUnwindSafe(|| read(master))).ok().flatten().unwrap_or_default()
    }

    /// The same, whoever says them: texts of one line and no great length.
    pub(crate) fn cleaned(self) -> Self {
        let clean = |text: Option<String>| text.as_deref().and_then(clean);
        Self {
            title: clean(self.title),
            artist: clean(self.artist),
            album_artist: clean(self.album_artist),
            album: clean(self.album),
            genre: clean(self.genre),
            ..self
        }
    }
}

fn read(master: Master) -> Option<Tags> {
    let options = ParseOptions::new().read_properties(false).read_cover_art(false);
    let found =
        Probe::new(BufReader::new(master)).options(options).guess_file_type().ok()?.read().ok()?;
    // The format's own kind of tag before those that are glued to it.
    let own = found.primary_tag_type();
    let mut tags: Vec<&Tag> = found.tags().iter().collect();
    tags.sort_by_key(|tag| tag.tag_type() != own);
    let text = |keys: &[ItemKey]| {
        let found = keys.iter().flat_map(|key| tags.iter().filter_map(|tag| tag.get_string(*key)));
        found.filter_map(clean).next()
    };
    Some(Tags {
        title: text(&[ItemKey::TrackTitle]),
        artist: text(&[ItemKey::TrackArtist]),
        album_artist: text(&[ItemKey::AlbumArtist]),
        album: text(&[ItemKey::AlbumTitle]),
        genre: text(&[ItemKey::Genre]),
        year: text(&[ItemKey::RecordingDate, ItemKey::Year, ItemKey::ReleaseDate])
            .and_then(|text| text.get(..4)?.parse().ok()),
        disc: text(&[ItemKey::DiscNumber]).and_then(number),
        track: text(&[ItemKey::TrackNumber]).and_then(number),
    })
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
    fn the_demo_song_says_who_it_is() {
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo.flac");
        let tags = Tags::of(Master::open(&demo).unwrap());
        assert_eq!(tags.clone().cleaned(), tags);
        assert!(tags.title.is_some(), "{tags:?}");
    }
}
