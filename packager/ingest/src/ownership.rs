//! Who may change what is there already: songs and albums that a path names.

use axum::extract::RawPathParams;
use axum::extract::rejection::RawPathParamsRejection;
use axum::http::StatusCode;
use catalogue::{Audience, AuthenticatedUser, Catalogue, Song, Viewer};
use media::SongId;
use service::Problem;

use crate::refusals::catalogue_failed;

pub(crate) type Params = Result<RawPathParams, RawPathParamsRejection>;

/// The song, if `user` may change it: its uploader and admins.
pub(crate) async fn own_song(
    catalogue: &Catalogue,
    user: &AuthenticatedUser,
    id: SongId,
) -> Result<Song, Problem> {
    let audience = audience(user);
    let song = catalogue.songs().seen(id, &audience).await;
    let song = song.map_err(|error| catalogue_failed(&error))?;
    let song = song.ok_or_else(|| missing("no-such-song", "There is no song with this id."))?;
    if song.is_of(&audience.viewer) { Ok(song) } else { Err(not_yours()) }
}

pub(crate) fn audience(user: &AuthenticatedUser) -> Audience {
    Viewer::from(Some(user)).into()
}

/// What stands in the path in the place of its only parameter.
pub(crate) fn word(params: &Params) -> Result<&str, Problem> {
    let params = params.as_ref().map_err(|_| {
        let detail = "The URL holds percent-encoded bytes that are no UTF-8.";
        Problem::new(StatusCode::BAD_REQUEST, "unreadable-url", detail)
    })?;
    Ok(params.iter().next().map_or("", |(_, text)| text))
}

/// An id in the one form that we write.
pub(crate) fn id<T: std::str::FromStr + ToString>(params: &Params) -> Result<T, Problem> {
    let text = word(params)?;
    let id = text.parse::<T>().ok().filter(|id| id.to_string() == text);
    id.ok_or_else(|| Problem::field("id", "An id is a UUID in lower case with hyphens."))
}

pub(crate) fn missing(slug: &str, detail: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, slug, detail)
}

pub(crate) fn not_yours() -> Problem {
    let detail = "Only whoever uploaded it, and admins, may do this.";
    Problem::new(StatusCode::FORBIDDEN, "not-yours", detail)
}
