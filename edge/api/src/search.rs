//! Finding songs and artists by how their names begin.

use axum::Json;
use catalogue::{SongDocument, SongFilter};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::artists::ArtistDocument;
use crate::refusals::{Parameters, catalogue_failed};
use crate::songs::{read, read_limit, read_name};
use crate::visitor::Visitor;

/// Beyond this many nobody looks, and the database would have to count.
const HIGHEST_OFFSET: u32 = 1_000;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    /// How titles and names begin, however they are capitalised.
    #[param(value_type = String)]
    q: Option<String>,
    /// `song`, `artist` or both with a comma between; both where nothing is said.
    r#type: Option<String>,
    /// How many of each at most, from 1 to 200; 50 where nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// How many of each to pass over, up to 1000.
    #[param(value_type = Option<u32>, maximum = 1000)]
    offset: Option<String>,
}

/// What was found; what was not asked for is not there.
#[derive(Serialize, ToSchema)]
pub(crate) struct Found {
    #[serde(skip_serializing_if = "Option::is_none")]
    songs: Option<Vec<SongDocument>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artists: Option<Vec<ArtistDocument>>,
}

/// Songs and artists whose names begin like `q`.
#[utoipa::path(get, path = "/v1/search", tag = "catalogue", params(Search),
    responses((status = 200, description = "What was found.", body = Found)))]
pub(crate) async fn search(
    visitor: Visitor,
    Parameters(search): Parameters<Search>,
) -> Result<Json<Found>, Problem> {
    let limit = read_limit(search.limit.as_deref())?;
    let accepted = "The offset is a number from 0 to 1000.";
    let offset = read(search.offset.as_deref(), "offset", accepted)?.unwrap_or(0);
    if offset > HIGHEST_OFFSET {
        return Err(Problem::field("offset", accepted));
    }
    let query = read_name(search.q.as_deref(), "q")?;
    let query = query.ok_or_else(|| Problem::field("q", "Say in 'q' what to look for."))?;
    let (songs, artists) = kinds(search.r#type.as_deref())?;
    Ok(Json(Found {
        songs: match songs {
            true => Some(find_songs(&visitor, query.as_str(), offset, limit).await?),
            false => None,
        },
        artists: match artists {
            true => Some(find_artists(&visitor, query.as_str(), offset, limit).await?),
            false => None,
        },
    }))
}

/// Whether songs, and whether artists.
fn kinds(text: Option<&str>) -> Result<(bool, bool), Problem> {
    let kinds: Vec<&str> = text.unwrap_or("song,artist").split(',').map(str::trim).collect();
    if kinds.iter().all(|kind| matches!(*kind, "song" | "artist")) {
        return Ok((kinds.contains(&"song"), kinds.contains(&"artist")));
    }
    Err(Problem::field("type", "The type is song, artist, or both with a comma between."))
}

async fn find_songs(
    visitor: &Visitor,
    text: &str,
    offset: u32,
    limit: u32,
) -> Result<Vec<SongDocument>, Problem> {
    let filter = SongFilter { title: Some(text.to_owned()), ..SongFilter::default() };
    let songs = visitor.catalogue.songs();
    let songs = songs.list(&visitor.audience, &filter, None, offset + limit).await;
    let songs = songs.map_err(catalogue_failed)?.into_iter().skip(offset as usize);
    Ok(songs.map(SongDocument::from).collect())
}

async fn find_artists(
    visitor: &Visitor,
    text: &str,
    offset: u32,
    limit: u32,
) -> Result<Vec<ArtistDocument>, Problem> {
    let artists = visitor.catalogue.artists();
    let artists = artists.starting_with(text, &visitor.audience, offset, limit).await;
    Ok(artists.map_err(catalogue_failed)?.into_iter().map(ArtistDocument::from).collect())
}
