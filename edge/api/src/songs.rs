//! Reading the catalogue.

use axum::Json;
use axum::extract::State;
use catalogue::{SongDocument, Viewer};
use media::{MasterHash, SongId};
use serde::{Deserialize, Serialize};
use service::Problem;

use crate::api::Api;
use crate::bearer::{self, MaybeCaller};
use crate::refusals::{Parameters, SongPath, catalogue_failed, no_such_song};

const DEFAULT_LIMIT: u32 = 50;
const HIGHEST_LIMIT: u32 = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    limit: Option<String>,
    after: Option<String>,
    master: Option<String>,
}

/// One page. `next`, given back as `after`, leads to the one that follows.
#[derive(Serialize)]
pub(crate) struct Page {
    songs: Vec<SongDocument>,
    next: Option<SongId>,
}

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
