//! What there is: genres, what is new, what is played.

use axum::Json;
use catalogue::{SongCursor, SongDocument};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::paging::cut;
use crate::refusals::{Parameters, catalogue_failed};
use crate::songs::{Page, no_page, read_after, read_limit, read_name};
use crate::visitor::Visitor;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenrePaging {
    /// How many at most, from 1 to 200; 50 where nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// One page. `next`, given back as `after`, leads to the one that follows.
#[derive(Serialize, ToSchema)]
#[schema(as = GenrePage)]
pub(crate) struct Genres {
    genres: Vec<String>,
    next: Option<String>,
}

/// All kinds of music that the caller may see a song of, by their names.
#[utoipa::path(get, path = "/v1/genres", tag = "catalogue", params(GenrePaging),
    responses((status = 200, description = "One page.", body = Genres)))]
pub(crate) async fn genres(
    visitor: Visitor,
    Parameters(paging): Parameters<GenrePaging>,
) -> Result<Json<Genres>, Problem> {
    let limit = read_limit(paging.limit.as_deref())?;
    let after = read_name(paging.after.as_deref(), "after")?;
    let genres = visitor.catalogue.genres();
    let genres = genres.list(&visitor.audience, after.as_ref(), limit + 1).await;
    let (genres, next) = cut(genres.map_err(catalogue_failed)?, limit, String::clone);
    Ok(Json(Genres { genres, next }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleasePaging {
    /// Only this kind, however it is capitalised.
    genre: Option<String>,
    /// How many at most, from 1 to 200; 50 where nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Songs by the time of their release, latest first.
#[utoipa::path(get, path = "/v1/songs/new", tag = "catalogue", params(ReleasePaging),
    responses((status = 200, description = "One page.", body = Page)))]
pub(crate) async fn newest(
    visitor: Visitor,
    Parameters(paging): Parameters<ReleasePaging>,
) -> Result<Json<Page>, Problem> {
    let limit = read_limit(paging.limit.as_deref())?;
    let after = read_after(paging.after.as_deref())?;
    let genre = read_name(paging.genre.as_deref(), "genre")?;
    let songs = visitor.catalogue.songs();
    if after.as_ref().is_some_and(|after| !matches!(after, SongCursor::Release(..))) {
        return Err(no_page());
    }
    let songs = songs.newest(&visitor.audience, genre.as_ref(), after.as_ref(), limit + 1).await;
    Ok(Json(Page::of(songs.map_err(catalogue_failed)?, limit, SongCursor::of_release)))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trend {
    /// Only this kind, however it is capitalised.
    genre: Option<String>,
    /// How many at most, from 1 to 200; 50 where nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
}

/// The most played.
#[derive(Serialize, ToSchema)]
pub(crate) struct Trending {
    songs: Vec<SongDocument>,
}

/// The songs that are played most, a play of three days ago counting half.
#[utoipa::path(get, path = "/v1/songs/trending", tag = "catalogue", params(Trend),
    responses((status = 200, description = "The most played.", body = Trending)))]
pub(crate) async fn trending(
    visitor: Visitor,
    Parameters(trend): Parameters<Trend>,
) -> Result<Json<Trending>, Problem> {
    let limit = read_limit(trend.limit.as_deref())?;
    let genre = read_name(trend.genre.as_deref(), "genre")?;
    let trends = visitor.catalogue.trends();
    let songs = trends.list(&visitor.audience, genre.as_ref(), limit).await;
    let songs = songs.map_err(catalogue_failed)?.into_iter().map(SongDocument::from).collect();
    Ok(Json(Trending { songs }))
}
