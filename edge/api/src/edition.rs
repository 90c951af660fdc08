//! Entity tags: who changes something says which edition they have read (RFC 9110 13.1.1), so that two editors do not
//! overwrite each other.

use axum::http::header::{HeaderValue, IF_MATCH};
use axum::http::{HeaderMap, StatusCode};
use catalogue::{Album, Song};
use service::Problem;

use crate::refusals::stale;

/// The tag of a song.
pub(crate) fn of_song(song: &Song) -> String {
    format!("\"{}\"", song.edition)
}

/// The tag of an album and all that is on it.
pub(crate) fn of_album(album: &Album) -> String {
    let edition = album.edition();
    format!("\"{}-{:x}\"", edition.0, edition.1)
}

/// Whether a list of tags, or `*`, names `tag`. Weak ones count: they differ in spelling alone.
pub(crate) fn names(tags: &HeaderValue, tag: &str) -> bool {
    let tags = tags.to_str().unwrap_or_default();
    tags.trim() == "*" || tags.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

/// Lets only those change something who have read what it is: 428 (RFC 6585 3) and 412 otherwise.
pub(crate) fn check(headers: &HeaderMap, tag: &str) -> Result<(), Problem> {
    let tags = headers.get(IF_MATCH).ok_or_else(|| {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if-match-required",
            "Send the ETag that you read as If-Match, so that nobody's change is lost.",
        )
    })?;
    // RFC 9110 13.1.1: compared strongly.
    let weak = tags.as_bytes().windows(2).any(|pair| pair == b"W/");
    if !weak && names(tags, tag) { Ok(()) } else { Err(stale()) }
}
