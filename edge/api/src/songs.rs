//! Reading songs.

use axum::Json;
use axum::http::header::{ETAG, HeaderName};
use catalogue::{AuthenticatedUser, Credit, Name, Song, SongCursor, SongDocument, SongFilter};
use media::{ArtistId, MasterHash, SongId};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::bearer::{self, Asker};
use crate::edition;
use crate::paging::cut;
use crate::refusals::{Parameters, SongPath, catalogue_failed, no_such_song};
use crate::visitor::Visitor;

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
    after: Option<String>,
    /// Only what was made of the master with this SHA-256, in hex.
    #[param(pattern = "^[0-9a-f]{64}$")]
    master: Option<String>,
    /// Only what this artist made, or is credited for.
    #[param(value_type = Option<Uuid>)]
    artist: Option<String>,
    /// Only what is on this album.
    #[param(value_type = Option<Uuid>)]
    album: Option<String>,
    /// Only this kind, however it is capitalised.
    genre: Option<String>,
    /// Only what came out in this year.
    #[param(value_type = Option<u16>, minimum = 1860, maximum = 2100)]
    year: Option<String>,
    /// Only titles that begin like this, however they are capitalised.
    title: Option<String>,
}

/// One page. `next`, given back as `after`, leads to the one that follows.
#[derive(Serialize, ToSchema)]
#[schema(as = SongPage)]
pub(crate) struct Page {
    songs: Vec<SongDocument>,
    next: Option<String>,
}

impl Page {
    /// A page of `limit` songs out of `songs`: one more than that says that there is another page, which begins behind the
    /// last one's `cursor`.
    pub(crate) fn of(
        songs: Vec<Song>,
        limit: u32,
        cursor: impl FnOnce(&Song) -> SongCursor,
    ) -> Self {
        let (songs, next) = cut(songs, limit, |last| cursor(last).to_string());
        Self { songs: songs.into_iter().map(SongDocument::from).collect(), next }
    }
}

/// All songs that the caller may see, newest first; by title where `title` is given.
#[utoipa::path(get, path = "/v1/songs", tag = "catalogue", params(Paging),
    responses((status = 200, description = "One page.", body = Page)))]
pub(crate) async fn list(
    visitor: Visitor,
    Asker(asker): Asker,
    Parameters(paging): Parameters<Paging>,
) -> Result<Json<Page>, Problem> {
    let limit = read_limit(paging.limit.as_deref())?;
    let (after, filter) = (read_after(paging.after.as_deref())?, paging.filter()?);
    if let Some(master) = paging.master.as_deref() {
        return of_master(&visitor, asker, master).await;
    }
    page(&visitor, &filter, after, limit).await
}

pub(crate) async fn page(
    visitor: &Visitor,
    filter: &SongFilter,
    after: Option<SongCursor>,
    limit: u32,
) -> Result<Json<Page>, Problem> {
    if after.as_ref().is_some_and(|after| !filter.begins_at(after)) {
        return Err(no_page());
    }
    let (songs, audience) = (visitor.catalogue.songs(), &visitor.audience);
    let songs = songs.list(audience, filter, after.as_ref(), limit + 1).await;
    Ok(Json(Page::of(songs.map_err(catalogue_failed)?, limit, |song| filter.cursor(song))))
}

impl Paging {
    fn filter(&self) -> Result<SongFilter, Problem> {
        let id = "This is a UUID in lower case with hyphens.";
        Ok(SongFilter {
            artist: read(self.artist.as_deref(), "artist", id)?,
            album: read(self.album.as_deref(), "album", id)?,
            genre: read_name(self.genre.as_deref(), "genre")?,
            year: read(self.year.as_deref(), "year", "A year is a number from 1860 to 2100.")?,
            title: read_name(self.title.as_deref(), "title")?.map(|title| title.to_string()),
        })
    }
}

/// What was made of one master, by its SHA-256: how an uploader finds out what is there already. Only
/// their own uploads are told, an admin's are all.
async fn of_master(
    visitor: &Visitor,
    asker: Option<AuthenticatedUser>,
    master: &str,
) -> Result<Json<Page>, Problem> {
    let master: MasterHash = master.parse().map_err(|_| {
        Problem::field("master", "A master is named by its SHA-256 in 64 lower-case hex digits.")
    })?;
    asker.ok_or_else(bearer::missing)?;
    let songs = visitor.catalogue.songs().of_master(&visitor.audience.viewer, &master).await;
    let songs = songs.map_err(catalogue_failed)?;
    Ok(Json(Page { songs: songs.into_iter().map(SongDocument::from).collect(), next: None }))
}

/// A song and who made it.
#[derive(Serialize, ToSchema)]
#[schema(as = SongDetails)]
pub(crate) struct Details {
    #[serde(flatten)]
    pub(crate) song: SongDocument,
    /// Who made it, beside the artist that it is filed under.
    credits: Vec<CreditDocument>,
}

/// Somebody who is credited.
#[derive(Serialize, ToSchema)]
#[schema(as = Credit)]
struct CreditDocument {
    #[schema(value_type = Uuid)]
    artist_id: ArtistId,
    artist: String,
    /// `main`, `featured`, `composer`, `lyricist`, `producer`, `remixer`, `conductor` or `performer`.
    role: String,
    /// What stands between them and the next.
    join_phrase: String,
}

impl Details {
    pub(crate) fn new(song: Song, credits: Vec<Credit>) -> Self {
        let credits = credits.into_iter().map(CreditDocument::from).collect();
        Self { song: song.into(), credits }
    }
}

impl From<Credit> for CreditDocument {
    fn from(credit: Credit) -> Self {
        Self {
            artist_id: credit.artist,
            artist: credit.name,
            role: credit.role.to_string(),
            join_phrase: credit.join_phrase,
        }
    }
}

/// One song. Its `ETag` is what a change of it needs as `If-Match`.
#[utoipa::path(get, path = "/v1/songs/{id}", tag = "catalogue", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The song.", body = Details),
              (status = 304, description = "It is what `If-None-Match` says.")))]
pub(crate) async fn show(
    visitor: Visitor,
    SongPath(id): SongPath,
) -> Result<([(HeaderName, String); 1], Json<Details>), Problem> {
    let song = seen(&visitor, id).await?;
    let tag = edition::of_song(&song);
    let credits = visitor.catalogue.songs().credits(id).await.map_err(catalogue_failed)?;
    Ok(([(ETAG, tag)], Json(Details::new(song, credits))))
}

/// The song with that id, if the visitor may know of it.
pub(crate) async fn seen(visitor: &Visitor, id: SongId) -> Result<Song, Problem> {
    let song = visitor.catalogue.songs().seen(id, &visitor.audience).await;
    song.map_err(catalogue_failed)?.ok_or_else(no_such_song)
}

/// A parameter that is something, where it is there.
pub(crate) fn read<T: std::str::FromStr>(
    text: Option<&str>,
    field: &str,
    accepted: &str,
) -> Result<Option<T>, Problem> {
    text.map(str::parse).transpose().map_err(|_| Problem::field(field, accepted))
}

/// A parameter that is a name, where it is there.
pub(crate) fn read_name(text: Option<&str>, field: &str) -> Result<Option<Name>, Problem> {
    read(text, field, "This is one line of 1 to 200 characters.")
}

pub(crate) fn read_limit(text: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=HIGHEST_LIMIT).contains(limit));
    limit.ok_or_else(|| {
        let accepted = format!("The limit is a number from 1 to {HIGHEST_LIMIT}.");
        Problem::field("limit", accepted)
    })
}

pub(crate) fn read_after(text: Option<&str>) -> Result<Option<SongCursor>, Problem> {
    text.map(str::parse).transpose().map_err(|_| no_page())
}

/// Nothing that a page of this list said was its `next`.
pub(crate) fn no_page() -> Problem {
    Problem::field("after", "A page begins after the 'next' of the page before it.")
}
