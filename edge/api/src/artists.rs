//! Artists and their songs.

use axum::Json;
use axum::http::StatusCode;
use catalogue::{Artist, CoverDocument, SongFilter, cover_documents};
use media::ArtistId;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::refusals::{IdPath, Parameters, catalogue_failed};
use crate::songs::{Page, page, read_after, read_limit};
use crate::visitor::Visitor;

/// Somebody who makes music.
#[derive(Serialize, ToSchema)]
#[schema(as = Artist)]
pub(crate) struct ArtistDocument {
    #[schema(value_type = Uuid)]
    id: ArtistId,
    name: String,
    /// The cover of their newest song that has one, in sizes, the largest first.
    artwork: Vec<CoverDocument>,
}

impl From<Artist> for ArtistDocument {
    fn from(artist: Artist) -> Self {
        let artwork = cover_documents(artist.artwork.as_ref());
        Self { id: artist.id, name: artist.name, artwork }
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// How many at most, from 1 to 200; 50 where nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// One artist.
#[utoipa::path(get, path = "/v1/artists/{id}", tag = "catalogue", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The artist.", body = ArtistDocument)))]
pub(crate) async fn show(
    visitor: Visitor,
    IdPath(id): IdPath<ArtistId>,
) -> Result<Json<ArtistDocument>, Problem> {
    Ok(Json(seen(&visitor, id).await?.into()))
}

async fn seen(visitor: &Visitor, id: ArtistId) -> Result<Artist, Problem> {
    let artist = visitor.catalogue.artists().seen(id, &visitor.audience).await;
    artist.map_err(catalogue_failed)?.ok_or_else(|| {
        let detail = "There is no artist with this id.";
        Problem::new(StatusCode::NOT_FOUND, "no-such-artist", detail)
    })
}

/// What an artist made or is credited for, newest first.
#[utoipa::path(get, path = "/v1/artists/{id}/songs", tag = "catalogue",
    params(("id" = Uuid, Path), Paging),
    responses((status = 200, description = "One page.", body = Page)))]
pub(crate) async fn songs(
    visitor: Visitor,
    IdPath(id): IdPath<ArtistId>,
    Parameters(paging): Parameters<Paging>,
) -> Result<Json<Page>, Problem> {
    let limit = read_limit(paging.limit.as_deref())?;
    let after = read_after(paging.after.as_deref())?;
    seen(&visitor, id).await?;
    let filter = SongFilter { artist: Some(id), ..SongFilter::default() };
    page(&visitor, &filter, after, limit).await
}
