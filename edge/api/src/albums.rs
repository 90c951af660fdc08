//! Albums: songs in an order.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::{ETAG, HeaderName};
use catalogue::{
    Album, AlbumEdit, CatalogueError, CoverDocument, SongDocument, Upc, cover_documents,
};
use media::{AlbumId, ArtistId, SongId};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::Caller;
use crate::edition;
use crate::patch::said;
use crate::refusals::{Body, IdPath, catalogue_failed};
use crate::song_edits::{each, not_yours, read};
use crate::visitor::Visitor;

/// An album and its songs, in their order.
#[derive(Serialize, ToSchema)]
#[schema(as = Album)]
pub(crate) struct AlbumDocument {
    #[schema(value_type = Uuid)]
    id: AlbumId,
    title: String,
    artist: String,
    #[schema(value_type = Uuid)]
    artist_id: ArtistId,
    /// Its bar code: UPC-A or EAN-13.
    #[schema(value_type = Option<String>)]
    upc: Option<Upc>,
    /// Its cover in sizes, the largest first; none where neither it nor a song of it has one.
    artwork: Vec<CoverDocument>,
    songs: Vec<SongDocument>,
}

/// What is to be different: what is not said stays, and what is `null` is left out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlbumChange {
    title: Option<String>,
    /// 12 digits, or the 13 of an EAN.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    upc: Option<Option<String>>,
    /// All its songs, in their new order.
    #[schema(value_type = Option<Vec<Uuid>>)]
    songs: Option<Vec<SongId>>,
}

impl From<Album> for AlbumDocument {
    fn from(album: Album) -> Self {
        Self {
            id: album.id,
            title: album.title,
            artist: album.artist,
            artist_id: album.artist_id,
            upc: album.upc,
            artwork: cover_documents(album.artwork.as_ref()),
            songs: album.songs.into_iter().map(SongDocument::from).collect(),
        }
    }
}

type Shown = ([(HeaderName, String); 1], Json<AlbumDocument>);

fn shown(album: Album) -> Shown {
    ([(ETAG, edition::of_album(&album))], Json(album.into()))
}

/// One album and those of its songs that the caller may see. Its `ETag` is what a change of it needs as `If-Match`.
#[utoipa::path(get, path = "/v1/albums/{id}", tag = "catalogue", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The album.", body = AlbumDocument),
              (status = 304, description = "It is what `If-None-Match` says.")))]
pub(crate) async fn show(visitor: Visitor, IdPath(id): IdPath<AlbumId>) -> Result<Shown, Problem> {
    Ok(shown(seen(&visitor, id).await?))
}

async fn seen(visitor: &Visitor, id: AlbumId) -> Result<Album, Problem> {
    let album = visitor.catalogue.albums().seen(id, &visitor.audience).await;
    album.map_err(catalogue_failed)?.ok_or_else(|| {
        let detail = "There is no album with this id.";
        Problem::new(StatusCode::NOT_FOUND, "no-such-album", detail)
    })
}

/// Changes what is said about an album, if it still is what `If-Match` says: for whoever uploaded all its songs, and admins.
#[utoipa::path(patch, path = "/v1/albums/{id}", tag = "catalogue", request_body = AlbumChange,
    params(("id" = Uuid, Path), ("If-Match" = String, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "The album as it is now.", body = AlbumDocument)))]
pub(crate) async fn change(
    State(api): State<Api>,
    Caller(user): Caller,
    visitor: Visitor,
    IdPath(id): IdPath<AlbumId>,
    headers: HeaderMap,
    Body(change): Body<AlbumChange>,
) -> Result<Shown, Problem> {
    // The leader knows which edition is the last.
    let latest = Visitor { catalogue: api.catalogue().clone(), ..visitor };
    let album = seen(&latest, id).await?;
    let viewer = &latest.audience.viewer;
    if !latest.catalogue.albums().is_of(id, viewer).await.map_err(catalogue_failed)? {
        return Err(not_yours());
    }
    edition::check(&headers, &edition::of_album(&album))?;
    let edit = AlbumEdit {
        title: change.title.map(|title| read("title", &title)).transpose()?,
        upc: each(change.upc, |upc| read("upc", &upc))?,
        order: change.songs,
    };
    let catalogue = api.catalogue().seen_by(user.id);
    let album = catalogue.albums().edit(id, album.edition(), &edit).await;
    album.map(shown).map_err(|error| match error {
        CatalogueError::Taken => {
            Problem::field("title", "The artist has another album of this title.")
        }
        error => catalogue_failed(error),
    })
}
