//! What is new of the caller's own, live: their player, their likes and follows, their playlists, the songs that they
//! uploaded.
//!
//! Versions are told, not what was done. The id of an event says all that the listener knows after it, so that whoever
//! comes back with `Last-Event-ID` is told what became new meanwhile, however long they were away.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use catalogue::CatalogueError;
use catalogue::feed::{Changed, Known, Look};
use futures::Stream;
use futures::stream::unfold;
use media::UserId;
use serde_json::{Value, json};
use service::Problem;
use uuid::Uuid;

use crate::api::Api;
use crate::bearer::{self, AskedBy, Caller};
use crate::client::Client;
use crate::event_stream::{self, Described, Listening, Woken};
use crate::refusals::catalogue_failed;

/// Tells of what is the caller's own, as it changes, on whichever device: `player`, `library` (likes, follows, bookmarks) and
/// `playlists` (one was gained or lost, or so much has changed that all are to be read again) with their versions,
/// `playlist` with its id and version, `song` (an upload) with its id and state. At first the versions are told as they
/// are. After a quarter of an hour the stream ends.
#[utoipa::path(get, path = "/v1/users/me/events", tag = "playback",
    params(("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, description = "Events as they come.", body = Described,
               content_type = "text/event-stream")))]
pub(crate) async fn follow(
    State(api): State<Api>,
    Caller(user): Caller,
    by: AskedBy,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Watched before it is read: no change falls between.
    let listening = Listening::open(&api, Some(user), by, &client, user.id.uuid())?;
    let known: Option<Known> = event_stream::last_heard(&headers);
    let mut telling = Telling {
        listening,
        user: user.id,
        since_ms: known.map(|known| known.at_ms),
        known: known.unwrap_or_default(),
        told: HashMap::new(),
        queue: VecDeque::new(),
    };
    let look = telling.look().await.map_err(catalogue_failed)?;
    let look = look.ok_or_else(bearer::account_gone)?;
    if known.is_none() {
        telling.greet(look.now);
    }
    telling.note(&look);
    Ok(event_stream::answer(telling.events()))
}

/// What is told, to whom.
struct Telling {
    listening: Listening,
    user: UserId,
    /// From when on changes are news; from the first look on where nothing is said.
    since_ms: Option<u64>,
    known: Known,
    /// The versions of what changed lately, which each look finds for a while.
    told: HashMap<Uuid, u64>,
    /// What is still to be said of the last look.
    queue: VecDeque<Event>,
}

impl Telling {
    /// The leader is asked: a replica may not have heard yet of what woke the stream.
    async fn look(&self) -> Result<Option<Look>, CatalogueError> {
        let since_ms = self.since_ms.unwrap_or(u64::MAX);
        self.listening.api.catalogue().feed().look(self.user, since_ms).await
    }

    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        unfold(self, async |mut telling| {
            let event = telling.next().await?;
            Some((Ok(event), telling))
        })
    }

    /// The next thing to say. A look is taken once all of the one before has gone out, so nothing waits for slow readers.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            let woken = self.listening.woken().await?;
            // The client comes back, and is told what it missed.
            let look = self.look().await.ok()??;
            self.note(&look);
            if self.queue.is_empty() && woken == Woken::Heartbeat {
                return Some(Event::default().comment(""));
            }
        }
    }

    /// Says where everything stands, to whoever comes for the first time.
    fn greet(&mut self, now: Known) {
        self.known = Known { at_ms: now.at_ms, ..Known::default() };
        let Known { player, library, playlists, .. } = now;
        for (name, version) in [("player", player), ("library", library), ("playlists", playlists)]
        {
            self.say_version(name, version);
        }
    }

    /// Puts into the queue what is news in a look.
    fn note(&mut self, look: &Look) {
        let Known { player, library, at_ms, .. } = look.now;
        if player != self.known.player {
            self.say_version("player", player);
        }
        if library != self.known.library {
            self.say_version("library", library);
        }
        if look.now.playlists != self.known.playlists || look.changed.is_none() {
            self.say_version("playlists", look.now.playlists);
        }
        self.since_ms = Some(at_ms);
        let changed = look.changed.as_deref().unwrap_or_default();
        let lately: HashMap<Uuid, u64> = changed.iter().map(version_of).collect();
        let told = std::mem::replace(&mut self.told, lately);
        let news = changed.iter().map(|change| (version_of(change), change));
        let news: Vec<&Changed> = news
            .filter(|((id, version), _)| told.get(id) != Some(version))
            .map(|(_, change)| change)
            .collect();
        for (place, change) in news.iter().enumerate() {
            // Whoever hears the last of them, and not before, has heard all until now.
            if place + 1 == news.len() {
                self.known.at_ms = at_ms;
            }
            self.say_changed(change);
        }
    }

    fn say_version(&mut self, name: &str, version: u64) {
        match name {
            "player" => self.known.player = version,
            "library" => self.known.library = version,
            _ => self.known.playlists = version,
        }
        self.say(name, &json!({"version": version}));
    }

    fn say_changed(&mut self, changed: &Changed) {
        match changed {
            Changed::Playlist(id, version) => {
                self.say("playlist", &json!({"id": id, "version": version}));
            }
            Changed::Song(id, _, state) => self.say("song", &json!({"id": id, "state": state})),
        }
    }

    fn say(&mut self, name: &str, data: &Value) {
        let event = Event::default().event(name).id(self.known.to_string());
        self.queue.push_back(event.data(data.to_string()));
    }
}

fn version_of(changed: &Changed) -> (Uuid, u64) {
    match changed {
        Changed::Playlist(id, version) => (id.uuid(), *version),
        Changed::Song(id, edition, _) => (id.uuid(), *edition),
    }
}
