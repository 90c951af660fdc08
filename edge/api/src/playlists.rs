//! Making, naming, showing and deleting playlists.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG, HeaderName, HeaderValue, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use catalogue::playlist::Description;
use catalogue::{AuthenticatedUser, Catalogue, Name, NewPlaylist, Playlist, PlaylistChange};
use serde::Deserialize;
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::{Asker, Caller};
use crate::paging::cut;
use crate::playlist_documents::{EntryPage, PlaylistDocument, PlaylistPage, PlaylistWithSongs};
use crate::playlist_entries::HIGHEST_LIMIT;
use crate::playlist_refusals::{PlaylistPath, refused};
use crate::preconditions::{self, Wanted};
use crate::refusals::{Body, Parameters, catalogue_failed};
use crate::visitor::Visitor;

/// What it depends on who asks.
const OWN: (HeaderName, HeaderValue) =
    (CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));

/// A playlist to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaylistToMake {
    /// Its name, of 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What it is, in up to 2,000 characters.
    #[serde(default)]
    #[schema(max_length = 2000)]
    description: String,
    /// Whether everybody may see it.
    #[serde(default)]
    public: bool,
}

/// What is to be said differently of a playlist.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeOfPlaylist {
    /// Its name, of 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// What it is, in up to 2,000 characters.
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// Whether everybody may see it.
    public: Option<bool>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaylistPaging {
    /// How many at most, from 1 to 1000; 50 where nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<String>,
    /// The `next` of the page before.
    #[param(value_type = Option<Uuid>)]
    pub(crate) after: Option<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Including {
    /// Whether the first 1,000 songs are told as well.
    #[param(value_type = Option<bool>)]
    include_songs: Option<String>,
    /// The token of a link to the playlist, where the caller may not see it otherwise.
    link: Option<String>,
}

/// Makes an empty playlist.
#[utoipa::path(post, path = "/v1/playlists", tag = "playlists", request_body = PlaylistToMake,
    responses((status = 201, description = "Made.", body = PlaylistDocument)))]
pub(crate) async fn create(
    State(api): State<Api>,
    Caller(user): Caller,
    Body(new): Body<PlaylistToMake>,
) -> Result<Response, Problem> {
    let new = NewPlaylist {
        name: read_name(&new.name)?,
        description: read_description(&new.description)?,
        public: new.public,
    };
    let made = seen_by(&api, Some(&user)).playlists().create(&user, &new).await;
    let made = made.map_err(refused)?;
    let place = HeaderValue::from_str(&format!("/v1/playlists/{}", made.id));
    let place = place.map_err(|error| Problem::internal(&error))?;
    Ok((StatusCode::CREATED, [(LOCATION, place)], shown(made)).into_response())
}

/// The playlists that the caller made or is a member of, newest first.
#[utoipa::path(get, path = "/v1/playlists", tag = "playlists", params(PlaylistPaging),
    responses((status = 200, description = "One page.", body = PlaylistPage)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Caller(user): Caller,
    Parameters(paging): Parameters<PlaylistPaging>,
) -> Result<Json<PlaylistPage>, Problem> {
    let (limit, after) = paging.read()?;
    let found = seen_by(&api, Some(&user)).playlists().of(&user, after, limit + 1).await;
    let (found, next) = cut(found.map_err(catalogue_failed)?, limit, |last| last.id);
    Ok(Json(PlaylistPage { playlists: found.into_iter().map(Into::into).collect(), next }))
}

/// One playlist. Without its songs it has an entity tag, which changes with all that is changed in it.
#[utoipa::path(get, path = "/v1/playlists/{id}", tag = "playlists",
    params(("id" = Uuid, Path), Including),
    responses((status = 200, description = "The playlist.", body = PlaylistWithSongs),
              (status = 304, description = "The caller has it already.")))]
pub(crate) async fn show(
    Asker(user): Asker,
    visitor: Visitor,
    PlaylistPath(id): PlaylistPath,
    Parameters(including): Parameters<Including>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let playlists = visitor.playlists();
    let link = including.link.as_deref();
    if including.songs()? {
        let found = playlists.entries(user.as_ref(), link, id, None, HIGHEST_LIMIT + 1).await;
        let (playlist, entries) = found.map_err(refused)?;
        let songs = Some(EntryPage::new(entries, HIGHEST_LIMIT as usize));
        return Ok(
            ([OWN], Json(PlaylistWithSongs { playlist: playlist.into(), songs })).into_response()
        );
    }
    let playlist = playlists.get(user.as_ref(), link, id).await.map_err(refused)?;
    if preconditions::has(&headers, playlist.version) {
        let tag = (ETAG, preconditions::tag(playlist.version));
        return Ok((StatusCode::NOT_MODIFIED, [tag, OWN]).into_response());
    }
    Ok(shown(playlist))
}

/// Says something differently of a playlist; with `If-Match`, only where nobody has changed it meanwhile.
#[utoipa::path(patch, path = "/v1/playlists/{id}", tag = "playlists",
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = ChangeOfPlaylist,
    responses((status = 200, description = "As it is now.", body = PlaylistDocument)))]
pub(crate) async fn change(
    State(api): State<Api>,
    Caller(user): Caller,
    PlaylistPath(id): PlaylistPath,
    Wanted(versions): Wanted,
    Body(change): Body<ChangeOfPlaylist>,
) -> Result<Response, Problem> {
    let change = PlaylistChange {
        name: change.name.as_deref().map(read_name).transpose()?,
        description: change.description.as_deref().map(read_description).transpose()?,
        public: change.public,
    };
    let catalogue = seen_by(&api, Some(&user));
    let changed = catalogue.playlists().at(versions).change(&user, id, &change).await;
    Ok(shown(changed.map_err(refused)?))
}

/// Does away with a playlist; with `If-Match`, only where nobody has changed it meanwhile.
#[utoipa::path(delete, path = "/v1/playlists/{id}", tag = "playlists",
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn delete(
    State(api): State<Api>,
    Caller(user): Caller,
    PlaylistPath(id): PlaylistPath,
    Wanted(versions): Wanted,
) -> Result<StatusCode, Problem> {
    let catalogue = seen_by(&api, Some(&user));
    let deleted = catalogue.playlists().at(versions).delete(&user, id).await;
    deleted.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The catalogue, fresh enough for the caller.
pub(crate) fn seen_by(api: &Api, user: Option<&AuthenticatedUser>) -> Catalogue {
    match user {
        Some(user) => api.catalogue().seen_by(user.id),
        None => api.catalogue().seen_by_anybody(),
    }
}

/// A playlist with its entity tag.
pub(crate) fn shown(playlist: Playlist) -> Response {
    let tag = (ETAG, preconditions::tag(playlist.version));
    ([tag, OWN], Json(PlaylistDocument::from(playlist))).into_response()
}

fn read_name(text: &str) -> Result<Name, Problem> {
    text.parse()
        .map_err(|wrong| Problem::field("name", format!("The name cannot be used: {wrong}.")))
}

fn read_description(text: &str) -> Result<Description, Problem> {
    text.parse().map_err(|wrong: catalogue::playlist::InvalidDescription| {
        Problem::field("description", wrong.to_string())
    })
}

impl Including {
    fn songs(&self) -> Result<bool, Problem> {
        match self.include_songs.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::field("include_songs", "This is 'true' or 'false'.")),
        }
    }
}
