//! The exact paths that clients of earlier designs expect: the same answers as under `/v1`.

use axum::Json;
use media::ArtistId;
use service::Problem;

use crate::artists;
use crate::browse::{self, Trend, Trending};
use crate::refusals::{IdPath, Parameters};
use crate::search::{self, Found, Search};
use crate::songs::Page;
use crate::visitor::Visitor;

/// Alias of `/v1/search`.
#[utoipa::path(get, path = "/search", tag = "aliases", params(Search),
    responses((status = 200, description = "What was found.", body = Found)))]
pub(crate) async fn search(
    visitor: Visitor,
    parameters: Parameters<Search>,
) -> Result<Json<Found>, Problem> {
    search::search(visitor, parameters).await
}

/// Alias of `/v1/songs/trending`.
#[utoipa::path(get, path = "/songs/trending", tag = "aliases", params(Trend),
    responses((status = 200, description = "The most played.", body = Trending)))]
pub(crate) async fn trending(
    visitor: Visitor,
    parameters: Parameters<Trend>,
) -> Result<Json<Trending>, Problem> {
    browse::trending(visitor, parameters).await
}

/// Alias of `/v1/artists/{id}/songs`.
#[utoipa::path(get, path = "/artist/{id}/songs", tag = "aliases",
    params(("id" = Uuid, Path), artists::Paging),
    responses((status = 200, description = "One page.", body = Page)))]
pub(crate) async fn artist_songs(
    visitor: Visitor,
    id: IdPath<ArtistId>,
    parameters: Parameters<artists::Paging>,
) -> Result<Json<Page>, Problem> {
    artists::songs(visitor, id, parameters).await
}
