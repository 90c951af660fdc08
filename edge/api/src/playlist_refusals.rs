//! What can be wrong with a request about a playlist, and which playlist it is about.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use catalogue::playlist::{EntryId, MOST_AT_ONCE, MOST_PLAYLISTS, MOST_SONGS};
use catalogue::playlist_members::{MOST_LINKS, MOST_MEMBERS};
use catalogue::playlist_rules::Action;
use catalogue::{PlaylistError, PlaylistId};
use media::SongId;
use service::Problem;

pub(crate) use crate::parameters::id;
use crate::refusals::catalogue_failed;

/// The id of a playlist in the path.
pub(crate) struct PlaylistPath(pub(crate) PlaylistId);

/// The ids of a playlist and of an entry.
pub(crate) struct EntryPath(pub(crate) PlaylistId, pub(crate) EntryId);

/// The ids of a playlist and of a song.
pub(crate) struct PlaylistSongPath(pub(crate) PlaylistId, pub(crate) SongId);

impl<S: Send + Sync> FromRequestParts<S> for PlaylistPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(id(parts, state, "id").await?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for EntryPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(id(parts, state, "id").await?, id(parts, state, "entry_id").await?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PlaylistSongPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(id(parts, state, "id").await?, id(parts, state, "song_id").await?))
    }
}

/// Refuses more than one request may name, and nothing at all.
pub(crate) fn check_count(field: &str, count: usize) -> Result<(), Problem> {
    if (1..=MOST_AT_ONCE).contains(&count) {
        return Ok(());
    }
    let accepted = format!("One request names 1 to {MOST_AT_ONCE} of them, not {count}.");
    Err(Problem::field(field, accepted))
}

/// What is wrong, told to the caller.
pub(crate) fn refused(error: PlaylistError) -> Problem {
    match error {
        PlaylistError::NoSuchPlaylist => {
            let detail = "There is no playlist with this id that you may see.";
            Problem::new(StatusCode::NOT_FOUND, "no-such-playlist", detail)
        }
        PlaylistError::Refused(action) => {
            Problem::new(StatusCode::FORBIDDEN, "not-your-playlist", may_not(action))
        }
        PlaylistError::Changed => Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "changed",
            "The playlist has changed since you read it; read it again and decide anew.",
        ),
        PlaylistError::NoSuchSong(song) => {
            Problem::field("songs_id", format!("There is no song {song}."))
        }
        PlaylistError::NoSuchEntry(entry) => {
            let detail = format!("The playlist has no entry {entry}, or it is named twice.");
            Problem::field("entries", detail)
        }
        PlaylistError::Full => Problem::new(
            StatusCode::CONFLICT,
            "playlist-full",
            format!("A playlist has at most {MOST_SONGS} songs."),
        ),
        PlaylistError::TooMany => Problem::new(
            StatusCode::CONFLICT,
            "too-many-playlists",
            format!("You have {MOST_PLAYLISTS} playlists, and cannot have more."),
        ),
        PlaylistError::Rearranged => Problem::new(
            StatusCode::GONE,
            "rearranged",
            "The playlist was arranged anew since the page before; begin again without 'after'.",
        ),
        PlaylistError::NoSuchMember => {
            let detail = "Nobody with this id is a member of the playlist.";
            Problem::new(StatusCode::NOT_FOUND, "no-such-member", detail)
        }
        PlaylistError::NoSuchLink => {
            let detail = "There is no such link, or it was revoked.";
            Problem::new(StatusCode::NOT_FOUND, "no-such-link", detail)
        }
        PlaylistError::TooManyLinks => Problem::new(
            StatusCode::CONFLICT,
            "too-many-links",
            format!("A playlist has at most {MOST_LINKS} links; revoke one first."),
        ),
        PlaylistError::TooManyMembers => Problem::new(
            StatusCode::CONFLICT,
            "too-many-members",
            format!("A playlist has at most {MOST_MEMBERS} members beside its owner."),
        ),
        PlaylistError::Catalogue(error) => catalogue_failed(error),
    }
}

fn may_not(action: Action) -> &'static str {
    match action {
        Action::See => "You may not see this playlist.",
        Action::Edit => "Only its owner and editors may change the songs of a playlist.",
        Action::Describe => "Only its owner may rename, describe or publish a playlist.",
        Action::Share => "Only its owner may decide who else may see or edit a playlist.",
        Action::Leave => "Only a member can leave a playlist.",
        Action::Delete => "Only its owner may delete a playlist.",
    }
}
