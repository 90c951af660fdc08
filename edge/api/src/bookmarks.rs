//! Places in songs that the caller wants to find again.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use catalogue::SongDocument;
use catalogue::bookmarks::{Bookmark, BookmarkError, MOST_BOOKMARKS, NewBookmark};
use catalogue::song_document::rfc3339;
use media::SongId;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bearer::Caller;
use crate::paging::cut;
use crate::playlists::PlaylistPaging;
use crate::position::Position;
use crate::refusals::{Body, IdPath, Parameters, catalogue_failed};
use crate::visitor::Visitor;

/// A bookmark to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BookmarkToMake {
    #[schema(value_type = Uuid)]
    song_id: SongId,
    /// Where in the song, in milliseconds.
    #[schema(value_type = u64, minimum = 0, maximum = 3_600_000_000_i64)]
    position_ms: Position,
    /// What it is for, in up to 2,000 characters.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
}

/// A place in a song.
#[derive(Serialize, ToSchema)]
#[schema(as = Bookmark)]
pub(crate) struct BookmarkDocument {
    id: Uuid,
    #[schema(value_type = Uuid)]
    song_id: SongId,
    /// The song; `null` where it cannot be played by the caller now.
    song: Option<SongDocument>,
    /// Where in the song, in milliseconds.
    position_ms: u64,
    /// What it is for.
    note: String,
    /// When it was made (RFC 3339).
    created_at: String,
}

/// One page of bookmarks, the last made first. `next`, given back as `after`, leads to the one that follows.
#[derive(Serialize, ToSchema)]
pub(crate) struct BookmarkPage {
    bookmarks: Vec<BookmarkDocument>,
    next: Option<Uuid>,
}

impl From<Bookmark> for BookmarkDocument {
    fn from(bookmark: Bookmark) -> Self {
        Self {
            id: bookmark.id,
            song_id: bookmark.song_id,
            song: bookmark.song.map(SongDocument::from),
            position_ms: bookmark.position_ms,
            note: bookmark.note,
            created_at: rfc3339(bookmark.created_ms),
        }
    }
}

type Made = (StatusCode, [(HeaderName, String); 1], Json<BookmarkDocument>);

/// Notes a place in a song.
#[utoipa::path(post, path = "/v1/users/me/bookmarks", tag = "library", request_body = BookmarkToMake,
    responses((status = 201, description = "Made.", body = BookmarkDocument)))]
pub(crate) async fn create(
    Caller(user): Caller,
    visitor: Visitor,
    Body(new): Body<BookmarkToMake>,
) -> Result<Made, Problem> {
    let note = new.note.parse().map_err(|_| {
        Problem::field("note", "A note is text of up to 2000 characters, none of them a control.")
    })?;
    let new = NewBookmark { song: new.song_id, position_ms: new.position_ms.0, note };
    let made = visitor.catalogue.bookmarks().make(user.id, &visitor.audience, &new).await;
    let made = made.map_err(refused)?;
    let place = format!("/v1/users/me/bookmarks/{}", made.id);
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(made.into())))
}

/// The caller's bookmarks, the last made first.
#[utoipa::path(get, path = "/v1/users/me/bookmarks", tag = "library", params(PlaylistPaging),
    responses((status = 200, description = "One page.", body = BookmarkPage)))]
pub(crate) async fn list(
    Caller(user): Caller,
    visitor: Visitor,
    Parameters(paging): Parameters<PlaylistPaging>,
) -> Result<Json<BookmarkPage>, Problem> {
    let (limit, after) = paging.read()?;
    let bookmarks = visitor.catalogue.bookmarks();
    let found = bookmarks.list(user.id, &visitor.audience, after, limit + 1).await;
    let (found, next) = cut(found.map_err(catalogue_failed)?, limit, |last| last.id);
    Ok(Json(BookmarkPage { bookmarks: found.into_iter().map(Into::into).collect(), next }))
}

/// Removes a bookmark.
#[utoipa::path(delete, path = "/v1/users/me/bookmarks/{id}", tag = "library",
    params(("id" = Uuid, Path)), responses((status = 204, description = "It is gone.")))]
pub(crate) async fn remove(
    Caller(user): Caller,
    visitor: Visitor,
    IdPath(id): IdPath<Uuid>,
) -> Result<StatusCode, Problem> {
    let removed = visitor.catalogue.bookmarks().remove(user.id, id).await;
    if removed.map_err(catalogue_failed)? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = "You have no bookmark with this id.";
    Err(Problem::new(StatusCode::NOT_FOUND, "no-such-bookmark", detail))
}

fn refused(error: BookmarkError) -> Problem {
    match error {
        BookmarkError::NoSuchSong => {
            Problem::field("song_id", "There is no song with this id that you may hear.")
        }
        BookmarkError::TooMany => Problem::new(
            StatusCode::CONFLICT,
            "too-many-bookmarks",
            format!("You have {MOST_BOOKMARKS} bookmarks; remove some first."),
        ),
        BookmarkError::Catalogue(error) => catalogue_failed(error),
    }
}
