//! Edits of a playlist, live: server-sent events (WHATWG HTML 9.2).
//!
//! The id of an event is the playlist's version, so that whoever comes back with `Last-Event-ID` is told at once if there
//! is a newer one: what happened in between is in the playlist itself.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use catalogue::{Playlist, PlaylistError, PlaylistId};
use futures::Stream;
use futures::stream::unfold;
use serde_json::json;
use service::Problem;

use crate::api::Api;
use crate::bearer::{AskedBy, Asker};
use crate::client::Client;
use crate::event_stream::{self, Described, Listening, Woken};
use crate::playlist_refusals::{PlaylistPath, refused};
use crate::refusals::Parameters;

#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Watching {
    /// The token of a link to the playlist, where the caller may not see it otherwise.
    link: Option<String>,
}

/// Tells of every change of a playlist: `changed` with its version, which is the event's id, and how many songs it has.
/// After `gone`, or a quarter of an hour, the stream ends.
#[utoipa::path(get, path = "/v1/playlists/{id}/events", tag = "playlists",
    params(("id" = Uuid, Path), Watching, ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, description = "Events as they come.", body = Described,
               content_type = "text/event-stream")))]
pub(crate) async fn follow(
    State(api): State<Api>,
    Asker(user): Asker,
    by: AskedBy,
    client: Client,
    PlaylistPath(id): PlaylistPath,
    Parameters(watching): Parameters<Watching>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Watched before it is read: no change falls between.
    let listening = Listening::open(&api, user, by, &client, id.uuid())?;
    // Whoever comes for the first time is told where it stands.
    let told = event_stream::last_heard(&headers);
    let telling = Telling { listening, link: watching.link, id, told, over: false };
    let playlist = telling.look().await.map_err(refused)?;
    Ok(event_stream::answer(telling.events(playlist)))
}

/// What is told, to whom.
struct Telling {
    listening: Listening,
    link: Option<String>,
    id: PlaylistId,
    /// The version that they know.
    told: Option<u64>,
    over: bool,
}

impl Telling {
    /// The leader is asked: a replica may not have heard yet of what woke the stream.
    async fn look(&self) -> Result<Playlist, PlaylistError> {
        let playlists = self.listening.api.catalogue().playlists();
        playlists.get(self.listening.user.as_ref(), self.link.as_deref(), self.id).await
    }

    fn events(self, now: Playlist) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        unfold((self, Some(now)), async |(mut telling, now)| {
            let event = telling.next(now).await?;
            Some((Ok(event), (telling, None)))
        })
    }

    /// The next thing to say. It is asked for once the one before has gone out, so nothing waits for slow readers.
    async fn next(&mut self, now: Option<Playlist>) -> Option<Event> {
        if let Some(event) = now.and_then(|now| self.tell(&now)) {
            return Some(event);
        }
        while !self.over {
            let woken = self.listening.woken().await?;
            match self.look().await {
                Ok(playlist) => match self.tell(&playlist) {
                    Some(event) => return Some(event),
                    None if woken == Woken::Heartbeat => return Some(Event::default().comment("")),
                    None => {}
                },
                Err(PlaylistError::NoSuchPlaylist) => {
                    self.over = true;
                    return Some(Event::default().event("gone").data("{}"));
                }
                // The client comes back, and is told what it missed.
                Err(_) => return None,
            }
        }
        None
    }

    /// What there is to say of the playlist, if it is news.
    fn tell(&mut self, playlist: &Playlist) -> Option<Event> {
        if self.told == Some(playlist.version) {
            return None;
        }
        self.told = Some(playlist.version);
        let data = json!({"version": playlist.version, "song_count": playlist.songs});
        let event = Event::default().event("changed").id(playlist.version.to_string());
        Some(event.data(data.to_string()))
    }
}
