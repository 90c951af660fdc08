//! What the caller likes and whom they follow, and the paths at which clients of earlier designs look for it.

use std::str::FromStr;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use catalogue::library::{Like, Start};
use catalogue::song_document::rfc3339;
use catalogue::{AuthenticatedUser, SongDocument};
use media::{ArtistId, SongId};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bearer::Caller;
use crate::paging::cut;
use crate::playlist_entries::read_limit;
use crate::playlist_refusals::id;
use crate::playlists::PlaylistPaging;
use crate::refusals::{Parameters, SongPath, catalogue_failed, no_such_song};
use crate::visitor::Visitor;

/// One page of likes, the last liked first. `next`, given back as `after`, leads to the one that follows. Songs that
/// cannot be played now are left out.
#[derive(Serialize, ToSchema)]
pub(crate) struct LikePage {
    likes: Vec<LikeDocument>,
    next: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Like)]
struct LikeDocument {
    song: SongDocument,
    /// Since when (RFC 3339).
    liked_at: String,
}

/// Songs that the caller likes, the last liked first.
#[derive(Serialize, ToSchema)]
pub(crate) struct LikedSongs {
    songs: Vec<SongDocument>,
}

/// Whether the caller likes the song now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Liked {
    liked: bool,
}

/// One page of follows, the last followed first. `next`, given back as `after`, leads to the one that follows.
#[derive(Serialize, ToSchema)]
pub(crate) struct FollowPage {
    follows: Vec<FollowDocument>,
    next: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Follow)]
struct FollowDocument {
    /// Whom.
    #[schema(value_type = Uuid)]
    artist_id: ArtistId,
    /// Their name.
    artist: String,
    /// Since when (RFC 3339).
    followed_at: String,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offset {
    /// How many at most, from 1 to 1000; 50 where nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// How many to leave out, from 0 to 1000000.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000)]
    offset: Option<String>,
}

/// The id of a song in the path, under the name that says so.
pub(crate) struct LikedPath(SongId);

/// The id of an artist in the path.
pub(crate) struct FollowedPath(ArtistId);

impl<S: Send + Sync> FromRequestParts<S> for LikedPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(id(parts, state, "song_id").await?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for FollowedPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(id(parts, state, "artist_id").await?))
    }
}

/// Likes a song.
#[utoipa::path(put, path = "/v1/users/me/likes/{song_id}", tag = "library",
    params(("song_id" = Uuid, Path)), responses((status = 204, description = "It is liked.")))]
pub(crate) async fn like(
    Caller(user): Caller,
    visitor: Visitor,
    LikedPath(song): LikedPath,
) -> Result<StatusCode, Problem> {
    let liked = visitor.catalogue.library().like(user.id, &visitor.audience, song).await;
    done(liked.map_err(catalogue_failed)?, no_such_song)
}

/// Likes a song no longer.
#[utoipa::path(delete, path = "/v1/users/me/likes/{song_id}", tag = "library",
    params(("song_id" = Uuid, Path)), responses((status = 204, description = "It is not liked.")))]
pub(crate) async fn unlike(
    Caller(user): Caller,
    visitor: Visitor,
    LikedPath(song): LikedPath,
) -> Result<StatusCode, Problem> {
    let unliked = visitor.catalogue.library().unlike(user.id, song).await;
    unliked.map_err(catalogue_failed)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the caller likes.
#[utoipa::path(get, path = "/v1/users/me/likes", tag = "library", params(PlaylistPaging),
    responses((status = 200, description = "One page.", body = LikePage)))]
pub(crate) async fn likes(
    Caller(user): Caller,
    visitor: Visitor,
    Parameters(paging): Parameters<PlaylistPaging>,
) -> Result<Json<LikePage>, Problem> {
    let (limit, after) = paging.read()?;
    let likes = liked_by(&visitor, &user, Start::Behind(after), limit + 1).await?;
    let (likes, next) = cut(likes, limit, |last| last.id);
    let document = |like: Like| {
        let liked_at = rfc3339(like.since_ms);
        like.song.map(|song| LikeDocument { song: song.into(), liked_at })
    };
    Ok(Json(LikePage { likes: likes.into_iter().filter_map(document).collect(), next }))
}

/// Likes a song that the caller does not like, and the other way round.
#[utoipa::path(post, path = "/songs/{id}/like", tag = "aliases", params(("id" = Uuid, Path)),
    responses((status = 200, description = "Whether it is liked now.", body = Liked)))]
pub(crate) async fn toggle(
    Caller(user): Caller,
    visitor: Visitor,
    SongPath(song): SongPath,
) -> Result<Json<Liked>, Problem> {
    let toggled = visitor.catalogue.library().toggle_like(user.id, &visitor.audience, song).await;
    let liked = toggled.map_err(catalogue_failed)?.ok_or_else(no_such_song)?;
    Ok(Json(Liked { liked }))
}

/// What the caller likes, by how many to leave out.
#[utoipa::path(get, path = "/users/me/liked-songs", tag = "aliases", params(Offset),
    responses((status = 200, description = "Songs.", body = LikedSongs)))]
pub(crate) async fn liked_songs(
    Caller(user): Caller,
    visitor: Visitor,
    Parameters(paging): Parameters<Offset>,
) -> Result<Json<LikedSongs>, Problem> {
    let limit = read_limit(paging.limit.as_deref())?;
    let offset = paging.offset.as_deref().unwrap_or("0").parse().ok();
    let offset = offset
        .filter(|offset| *offset <= 1_000_000)
        .ok_or_else(|| Problem::field("offset", "The offset is a number from 0 to 1000000."))?;
    let likes = liked_by(&visitor, &user, Start::Offset(offset), limit).await?;
    let songs = likes.into_iter().filter_map(|like| like.song).map(SongDocument::from).collect();
    Ok(Json(LikedSongs { songs }))
}

async fn liked_by(
    visitor: &Visitor,
    user: &AuthenticatedUser,
    from: Start,
    limit: u32,
) -> Result<Vec<Like>, Problem> {
    let library = visitor.catalogue.library();
    let likes = library.likes(user.id, &visitor.audience, from, limit).await;
    likes.map_err(catalogue_failed)
}

/// Follows an artist.
#[utoipa::path(put, path = "/v1/users/me/follows/{artist_id}", tag = "library",
    params(("artist_id" = Uuid, Path)),
    responses((status = 204, description = "They are followed.")))]
pub(crate) async fn follow(
    Caller(user): Caller,
    visitor: Visitor,
    FollowedPath(artist): FollowedPath,
) -> Result<StatusCode, Problem> {
    let followed = visitor.catalogue.library().follow(user.id, &visitor.audience, artist).await;
    done(followed.map_err(catalogue_failed)?, || {
        let detail = "There is no artist with this id.";
        Problem::new(StatusCode::NOT_FOUND, "no-such-artist", detail)
    })
}

/// Follows an artist.
#[utoipa::path(post, path = "/users/me/follow/{artist_id}", tag = "aliases",
    params(("artist_id" = Uuid, Path)),
    responses((status = 204, description = "They are followed.")))]
pub(crate) async fn follow_alias(
    caller: Caller,
    visitor: Visitor,
    path: FollowedPath,
) -> Result<StatusCode, Problem> {
    follow(caller, visitor, path).await
}

/// Follows an artist no longer.
#[utoipa::path(delete, path = "/v1/users/me/follows/{artist_id}", tag = "library",
    params(("artist_id" = Uuid, Path)),
    responses((status = 204, description = "They are not followed.")))]
pub(crate) async fn unfollow(
    Caller(user): Caller,
    visitor: Visitor,
    FollowedPath(artist): FollowedPath,
) -> Result<StatusCode, Problem> {
    let unfollowed = visitor.catalogue.library().unfollow(user.id, artist).await;
    unfollowed.map_err(catalogue_failed)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whom the caller follows.
#[utoipa::path(get, path = "/v1/users/me/follows", tag = "library", params(PlaylistPaging),
    responses((status = 200, description = "One page.", body = FollowPage)))]
pub(crate) async fn follows(
    Caller(user): Caller,
    visitor: Visitor,
    Parameters(paging): Parameters<PlaylistPaging>,
) -> Result<Json<FollowPage>, Problem> {
    let (limit, after) = paging.read()?;
    let found =
        visitor.catalogue.library().follows(user.id, &visitor.audience, after, limit + 1).await;
    let (found, next) = cut(found.map_err(catalogue_failed)?, limit, |last| last.id);
    let follows = found.into_iter().map(|follow| FollowDocument {
        artist_id: follow.artist,
        artist: follow.name,
        followed_at: rfc3339(follow.since_ms),
    });
    Ok(Json(FollowPage { follows: follows.collect(), next }))
}

fn done(there: bool, none: impl FnOnce() -> Problem) -> Result<StatusCode, Problem> {
    if there { Ok(StatusCode::NO_CONTENT) } else { Err(none()) }
}

impl PlaylistPaging {
    /// How many, and behind which.
    pub(crate) fn read<T: FromStr>(&self) -> Result<(u32, Option<T>), Problem> {
        let after = self.after.as_deref().map(str::parse).transpose().map_err(|_| {
            Problem::field("after", "A page begins after the 'next' of the page before it.")
        })?;
        Ok((read_limit(self.limit.as_deref())?, after))
    }
}
