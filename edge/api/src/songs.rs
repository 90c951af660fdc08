//! Reading the catalogue.

use axum::Json;
use axum::extract::State;
use catalogue::{SongDocument, Viewer};
use media::{MasterHash, SongId};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::{self, MaybeCaller};
use crate::refusals::{Parameters, SongPath, catalogue_failed, no_such_song};

const DEFAULT_LIMIT: u32 = 50;
const HIGHEST_LIMIT: u32 = 200;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// How many at most, from 1 to 200; 50 where nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next` of the page before.
    #[param(value_type = Option<Uuid>)]
    after: Option<String>,
    /// Only what was made of the master with this SHA-256, in hex.
    #[param(pattern = "^[0-9a-f]{64}$")]
    master: Option<String>,
}

/// One page. `next`, given back as `after`, leads to the one that follows.
#[derive(Serialize, ToSchema)]
#[schema(as = SongPage)]
pub(crate) struct Page {
    songs: Vec<SongDocument>,
    #[schema(value_type = Option<Uuid>)]
    next: Option<SongId>,
}

/// All songs that the caller may see, newest first.
#[utoipa::path(get, path = "/v1/songs", tag = "catalogue", params(Paging),
    responses((status = 200, description = "One page.", body = Page)))]
pub(crate) async fn list(
    State(api): State<Api>,
    MaybeCaller(viewer): MaybeCaller,
    Parameters(paging): Parameters<Paging>,
) -> Result<Json<Page>, Problem> {
    let limit = read_limit(paging.limit.as_deref())?;
    let after = read_after(paging.after.as_deref())?;
    if let Some(master) = paging.master.as_deref() {
        return of_master(&api, &viewer, master).await;
    }
    // One more than is shown says whether there is a next page.
    let songs = api.catalogue().songs().list(&viewer, after, limit + 1).await;
    let mut songs = songs.map_err(catalogue_failed)?;
    let more = songs.len() > limit as usize;
    songs.truncate(limit as usize);
    let next = songs.last().map(|song| song.id).filter(|_| more);
    Ok(Json(Page { songs: songs.into_iter().map(SongDocument::from).collect(), next }))
}

/// What was made of one master, by its SHA-256: how an uploader finds out what is there already. Only
/// their own uploads are told, an admin's are all.
async fn of_master(api: &Api, viewer: &Viewer, master: &str) -> Result<Json<Page>, Problem> {
    let master: MasterHash = master.parse().map_err(|_| {
        Problem::field("master", "A master is named by its SHA-256 in 64 lower-case hex digits.")
    })?;
    let songs = match viewer {
        Viewer::Public => return Err(bearer::missing()),
        _ => api.catalogue().songs().of_master(viewer, &master).await.map_err(catalogue_failed)?,
    };
    Ok(Json(Page { songs: songs.into_iter().map(SongDocument::from).collect(), next: None }))
}

/// One song.
#[utoipa::path(get, path = "/v1/songs/{id}", tag = "catalogue", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The song.", body = SongDocument)))]
pub(crate) async fn show(
    State(api): State<Api>,
    MaybeCaller(viewer): MaybeCaller,
    SongPath(id): SongPath,
) -> Result<Json<SongDocument>, Problem> {
    let song = api.catalogue().songs().get(id).await.map_err(catalogue_failed)?;
    let song = song.filter(|song| song.is_visible_to(&viewer)).ok_or_else(no_such_song)?;
    Ok(Json(song.into()))
}

fn read_limit(text: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=HIGHEST_LIMIT).contains(limit));
    limit.ok_or_else(|| {
        let accepted = format!("The limit is a number from 1 to {HIGHEST_LIMIT}.");
        Problem::field("limit", accepted)
    })
}

fn read_after(text: Option<&str>) -> Result<Option<SongId>, Problem> {
    text.map(str::parse).transpose().map_err(|_| {
        Problem::field("after", "A page begins after the 'next' of the page before it.")
    })
}
