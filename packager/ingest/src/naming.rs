//! What a song is called and who made it: what was said of its master, else what the master's tags say, else what its
//! file is called.
//!
//! A request that says what cannot be is refused where it is read; tags are only left aside.

mod join;

use std::str::FromStr;

use catalogue::credits::{CreditRole, MOST_CREDITS};
use catalogue::{
    ArtistIds, MusicBrainz, Name, NewCredit, NewSong, Particulars, ReleaseYear, TrackNumber,
};
use media::UserId;
use transcode::{Part, Person, Tags};

use crate::details::Details;
use crate::received::Received;

const UNKNOWN_ARTIST: &str = "Unknown artist";
const UNTITLED: &str = "Untitled";

/// The song that a master becomes.
pub(crate) fn song_of(
    received: &Received,
    details: &Details,
    tags: Tags,
    uploader: UserId,
) -> NewSong {
    let tags = tags.under(details.said());
    let file_name = details.file_name.as_deref().unwrap_or_default();
    NewSong {
        title: read(tags.title.as_deref()).unwrap_or_else(|| title_of(file_name)),
        artist: read(tags.lead()).unwrap_or_else(|| Name::nearest(UNKNOWN_ARTIST, UNKNOWN_ARTIST)),
        album: read(tags.album.as_deref()),
        album_artist: read(tags.album_artist.as_deref()),
        genre: read(tags.genre.as_deref()),
        release_year: tags.year.and_then(ReleaseYear::new),
        master: received.hash(),
        file_name: file_name_of(file_name),
        uploader,
        particulars: particulars(&tags),
    }
}

fn particulars(tags: &Tags) -> Particulars {
    let artist_ids = tags.artist_ids.iter().filter_map(|id| id.parse().ok());
    Particulars {
        explicit: tags.explicit.unwrap_or_default(),
        isrc: read(tags.isrc.as_deref()),
        disc: tags.disc.and_then(TrackNumber::new),
        track: tags.track.and_then(TrackNumber::new),
        musicbrainz: MusicBrainz {
            recording: read(tags.recording_id.as_deref()),
            release: read(tags.release_id.as_deref()),
            artists: ArtistIds::of(artist_ids),
        },
        credits: credits(tags),
    }
}

/// What is something, and nothing where it is odd.
fn read<T: FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

/// Those who made it, where they are several, and then who else took part.
fn credits(tags: &Tags) -> Vec<NewCredit> {
    let artists = match &tags.artists[..] {
        [] | [_] => Vec::new(),
        artists => join::credits(artists, tags.artist.as_deref().unwrap_or_default()),
    };
    let others = tags.people.iter().filter_map(other);
    artists.into_iter().chain(others).take(MOST_CREDITS).collect()
}

fn other(person: &Person) -> Option<NewCredit> {
    let role = match person.part {
        Part::Composer => CreditRole::Composer,
        Part::Lyricist => CreditRole::Lyricist,
        Part::Producer => CreditRole::Producer,
        Part::Remixer => CreditRole::Remixer,
        Part::Conductor => CreditRole::Conductor,
    };
    Some(NewCredit { artist: read(Some(&person.name))?, role, join_phrase: String::new() })
}

/// The name of a file without its folders, whichever way they are written, and its extension.
fn title_of(file_name: &str) -> Name {
    let name = last_part(file_name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    Name::nearest(if stem.is_empty() { name } else { stem }, UNTITLED)
}

/// The name of a file without its folders.
pub(crate) fn file_name_of(file_name: &str) -> Name {
    Name::nearest(last_part(file_name), UNTITLED)
}

fn last_part(file_name: &str) -> &str {
    file_name.rsplit(['/', '\\']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_files_stem() {
        for (file, title) in [
            ("Song.flac", "Song"),
            ("My.Song.v2.wav", "My.Song.v2"),
            ("C:\\music\\Song.flac", "Song"),
            ("../../etc/passwd", "passwd"),
            (".flac", ".flac"),
            ("", "Untitled"),
            ("a/", "Untitled"),
        ] {
            assert_eq!(title_of(file).as_str(), title, "{file:?}");
        }
    }

    #[test]
    fn what_is_odd_in_tags_is_left_aside() {
        let tags = Tags {
            isrc: Some("none".to_owned()),
            disc: Some(0),
            track: Some(100_000),
            recording_id: Some("-".repeat(36)),
            ..Tags::default()
        };
        let found = particulars(&tags);
        assert_eq!((found.isrc, found.disc, found.track), (None, None, None));
        assert_eq!(found.musicbrainz, MusicBrainz::default());
        let tags = Tags { isrc: Some("at-a01-26-00001".to_owned()), disc: Some(2), ..tags };
        let found = particulars(&tags);
        assert_eq!(found.isrc.map(|isrc| isrc.to_string()).as_deref(), Some("ATA012600001"));
        assert_eq!(found.disc.map(TrackNumber::get), Some(2));
    }
}
