//! Who answers what.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use service::Problem;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Access;
use crate::api::Api;
use crate::openapi::{self, Description};
use crate::{
    administration, albums, alias, api_keys, artists, bookmarks, browse, compressing, deadline,
    emails, export, history, hot, identities, key_set, library, listening, login_methods,
    now_playing, oidc_sessions, page, panics, password_resets, passwords, playback,
    playlist_aliases, playlist_entries, playlist_events, playlist_export, playlist_import,
    playlist_members, playlists, previews, purges, rates, registration, request_id, search,
    sessions, song_aliases, song_edits, song_events, songs, user_events, users, versions,
    withdrawals,
};

/// Routes of the ingest endpoint, which are guarded as the API's own.
#[derive(Clone, Default)]
pub struct Ingest {
    /// Where uploads are taken in: for artists alone.
    pub uploads: OpenApiRouter,
    /// Where people put pictures of themselves.
    pub avatars: OpenApiRouter,
    /// Where covers are, and what uploads there are: for everybody, without a token.
    pub open: OpenApiRouter,
}

/// The whole HTTP surface beside the media: the API, its description, the page, and the routes of the ingest endpoint. Every
/// refusal, axum's own included, is a problem document, and every answer carries `x-request-id`.
pub fn router(api: &Api, ingest: Ingest) -> Router {
    let (routes, description) = OpenApiRouter::with_openapi(Description::openapi())
        .merge(Access::Open.guard(api, for_newcomers()))
        .merge(Access::Anybody.guard(api, kept_for_all(api)))
        .merge(Access::Anybody.guard(api, for_anybody()))
        .merge(Access::Listener.guard(api, for_listeners()))
        .merge(Access::Artist.guard(api, for_artists()))
        .merge(Access::Admin.guard(api, for_admins()))
        .route_layer(middleware::from_fn_with_state(api.request_timeout(), deadline::keep))
        .with_state(api.clone())
        .merge(Access::Artist.guard(api, ingest.uploads))
        .merge(Access::Listener.guard(api, few_pictures(api, ingest.avatars)))
        .merge(Access::Open.guard(api, ingest.open))
        .split_for_parts();
    let routes = routes
        .merge(openapi::pages(description))
        .fallback(page::serve)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panics::told))
        .layer(middleware::from_fn_with_state(api.clone(), rates::by_address));
    let routes = match api.cors_origins() {
        Some(origins) => routes.layer(origins.layer()),
        None => routes,
    };
    routes.layer(middleware::from_fn(request_id::stamp)).layer(compressing::layer())
}

// A route is in exactly one of these lists, which says who may call it; tests/access.txt has a row for each.

fn for_newcomers() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(registration::create))
        .routes(routes!(registration::create_alias))
        .routes(routes!(password_resets::create))
        .routes(routes!(password_resets::redeem))
        .routes(routes!(sessions::create))
        .routes(routes!(sessions::refresh))
        .routes(routes!(oidc_sessions::begin, oidc_sessions::create))
        .routes(routes!(oidc_sessions::come_back))
        .routes(routes!(login_methods::show))
        .routes(routes!(key_set::show))
}

/// Whose answers all get alike who may see no more than everybody.
fn kept_for_all(api: &Api) -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(songs::list))
        .routes(routes!(songs::show))
        .routes(routes!(browse::newest))
        .routes(routes!(browse::trending))
        .routes(routes!(browse::genres))
        .routes(routes!(artists::show))
        .routes(routes!(artists::songs))
        .routes(routes!(albums::show))
        .routes(routes!(search::search))
        .routes(alias::at("/search", routes!(search::search)))
        .routes(alias::at("/songs/trending", routes!(browse::trending)))
        .routes(alias::at("/artist/{id}/songs", routes!(artists::songs)))
        .route_layer(middleware::from_fn_with_state(api.clone(), hot::answer))
}

fn for_anybody() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(previews::open))
        .routes(routes!(playlists::show))
        .routes(routes!(playlist_entries::list))
        .routes(routes!(playlist_events::follow))
        .routes(routes!(playlist_export::export))
        .routes(alias::at("/playlist/{id}", routes!(playlists::show)))
}

fn for_listeners() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(sessions::end))
        .routes(routes!(sessions::end_all))
        .routes(routes!(api_keys::create, api_keys::list))
        .routes(routes!(api_keys::revoke))
        .routes(routes!(users::show_me, users::change_me))
        .routes(routes!(users::remove_avatar))
        .routes(routes!(oidc_sessions::link, identities::list))
        .routes(routes!(identities::remove))
        .routes(routes!(passwords::change))
        .routes(routes!(emails::claim))
        .routes(routes!(emails::prove))
        .routes(routes!(users::delete_me))
        .routes(routes!(export::show))
        .routes(routes!(playback::create))
        .routes(routes!(listening::tell))
        .routes(routes!(now_playing::show, now_playing::set))
        .routes(routes!(history::list, history::clear))
        .routes(routes!(history::remove))
        .routes(routes!(bookmarks::create, bookmarks::list))
        .routes(routes!(bookmarks::remove))
        .routes(routes!(user_events::follow))
        .routes(routes!(playlists::create, playlists::list))
        .routes(routes!(playlist_import::import))
        .routes(routes!(playlists::change, playlists::delete))
        .routes(routes!(playlist_entries::add))
        .routes(routes!(playlist_entries::remove_song))
        .routes(routes!(playlist_entries::remove))
        .routes(routes!(playlist_entries::remove_many))
        .routes(routes!(playlist_entries::shift))
        .routes(routes!(playlist_members::list))
        .routes(routes!(playlist_members::change, playlist_members::remove))
        .routes(routes!(playlist_members::make_link, playlist_members::links))
        .routes(routes!(playlist_members::revoke_link))
        .routes(routes!(playlist_members::join))
        .routes(alias::at("/playlists", routes!(playlists::create)))
        .routes(alias::at("/playlists", routes!(playlists::list)))
        .routes(alias::at("/playlist", routes!(playlists::create)))
        .routes(routes!(playlist_aliases::add))
        .routes(alias::at(
            "/playlists/{id}/songs/{song_id}",
            routes!(playlist_entries::remove_song),
        ))
        .routes(alias::at("/users/me/playlists", routes!(playlists::list)))
        .routes(routes!(library::likes))
        .routes(routes!(library::like, library::unlike))
        .routes(routes!(library::follows))
        .routes(routes!(library::follow, library::unfollow))
        .routes(routes!(library::toggle))
        .routes(routes!(library::liked_songs))
        .routes(routes!(library::follow_alias))
        .routes(routes!(song_aliases::show))
        .routes(routes!(song_aliases::stream))
}

/// Pictures of people, not too many of each.
fn few_pictures(api: &Api, avatars: OpenApiRouter) -> OpenApiRouter {
    avatars.route_layer(middleware::from_fn_with_state(api.clone(), users::count_picture))
}

fn for_artists() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(song_edits::change, withdrawals::withdraw))
        .routes(routes!(withdrawals::restore))
        .routes(routes!(song_events::follow))
        .routes(routes!(versions::list))
        .routes(routes!(versions::choose))
        .routes(routes!(albums::change))
        .routes(routes!(previews::create, previews::list))
        .routes(routes!(previews::revoke))
}

fn for_admins() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(administration::list))
        .routes(routes!(administration::list_alias))
        .routes(routes!(administration::entitle))
        .routes(routes!(purges::create))
        .routes(routes!(purges::show))
        .routes(routes!(purges::revoke))
        .routes(routes!(purges::show_revocation))
}

async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "This resource does not take this method; the Allow header says which it takes.",
    )
}
