//! How far a song has come, live: server-sent events (WHATWG HTML 9.2).
//!
//! The rows of the catalogue say where a song stands; what its worker says in between, on the bus of events, is only newer.
//! Whoever comes late is told at once where it stands. The id of an event stands for what was told, so that whoever comes
//! back with `Last-Event-ID` is told what is different, and that nothing more will come where the last word was heard.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use catalogue::progress::{Progress, Standing};
use catalogue::{CatalogueError, SongState, Viewer};
use futures::Stream;
use futures::stream::unfold;
use media::SongId;
use serde_json::{Value, json};
use service::Problem;
use tokio::time::Instant;

use crate::api::Api;
use crate::bearer::{AskedBy, Caller};
use crate::client::Client;
use crate::event_stream::{self, Described, HEARTBEAT, Listening};
use crate::refusals::{SongPath, catalogue_failed};
use crate::song_edits::not_yours;
use crate::songs::seen;
use crate::visitor::Visitor;

/// How often a song that waits is looked after: others ahead of it are done, without a word about this one.
const QUEUE_MOVES: Duration = Duration::from_secs(2);

/// Tells how far a song has come, for its uploader and admins: `queued` with its position in the queue, `processing` with
/// `stage` (`fetching`, `measuring`, `transcoding`, `inspecting`, `publishing`), `percent` and `realtime_factor` (seconds of
/// the song for each of work), and at last `ready`, `failed` with the reason, or `withdrawn`. Then the stream ends, or
/// after a quarter of an hour.
#[utoipa::path(get, path = "/v1/songs/{id}/events", tag = "catalogue",
    params(("id" = Uuid, Path), ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, description = "Events as they come.", body = Described,
               content_type = "text/event-stream"),
              (status = 204, description = "The last event that was heard was the last one.")))]
pub(crate) async fn follow(
    State(api): State<Api>,
    Caller(user): Caller,
    visitor: Visitor,
    by: AskedBy,
    client: Client,
    SongPath(id): SongPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let song = seen(&visitor.on_leader(&api), id).await?;
    if !song.is_of(&Viewer::from(Some(&user))) {
        return Err(not_yours());
    }
    // Watched before it is read: no change falls between.
    let listening = Listening::open(&api, Some(user), by, &client, id.uuid())?;
    let told: Option<String> = event_stream::last_heard(&headers);
    let mut telling = Telling { listening, id, told, over: false, said: Instant::now() };
    let moment = telling.look().await.map_err(catalogue_failed)?;
    if moment.is_last() && telling.told.as_ref() == Some(&moment.id()) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let first = telling.tell(&moment);
    Ok(event_stream::answer(telling.events(first)))
}

/// What is told, to whom.
struct Telling {
    listening: Listening,
    id: SongId,
    /// What they know.
    told: Option<String>,
    over: bool,
    /// When something was said.
    said: Instant,
}

impl Telling {
    /// The leader is asked: a replica may not have heard yet of what woke the stream.
    async fn look(&self) -> Result<Moment, CatalogueError> {
        let api = &self.listening.api;
        let standing = api.catalogue().progress().of(self.id).await?;
        Ok(Moment::of(standing, |attempt| api.live().last_remark(self.id, attempt)))
    }

    fn events(self, first: Option<Event>) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        unfold((self, first), async |(mut telling, first)| {
            let event = match first {
                Some(event) => event,
                None => telling.next().await?,
            };
            telling.said = Instant::now();
            Some((Ok(event), (telling, None)))
        })
    }

    /// The next thing to say. It is asked for once the one before has gone out, so nothing waits for slow readers.
    async fn next(&mut self) -> Option<Event> {
        while !self.over {
            self.listening.woken_within(QUEUE_MOVES).await?;
            // The client comes back, and is told what it missed.
            let moment = self.look().await.ok()?;
            if let Some(event) = self.tell(&moment) {
                return Some(event);
            }
            if self.said.elapsed() >= HEARTBEAT {
                return Some(Event::default().comment(""));
            }
        }
        None
    }

    /// What there is to say, if it is news.
    fn tell(&mut self, moment: &Moment) -> Option<Event> {
        let id = moment.id();
        if self.told.as_ref() == Some(&id) {
            return None;
        }
        self.over = moment.is_last();
        let event = Event::default().event(moment.name()).id(&id).data(moment.data().to_string());
        self.told = Some(id);
        Some(event)
    }
}

/// Where a song stands, as it is told.
#[derive(Debug, Clone, PartialEq)]
enum Moment {
    /// It waits, behind so many.
    Queued(Option<u64>),
    Processing(Option<Progress>),
    Ready,
    Failed(Option<String>),
    /// It is taken down, or gone.
    Withdrawn,
}

impl Moment {
    /// Of what is remarked of an attempt and what was noted of it, that counts which is further.
    fn of(standing: Option<Standing>, remarked: impl FnOnce(u32) -> Option<Progress>) -> Self {
        let Some(standing) = standing else { return Self::Withdrawn };
        let said = standing.attempt.and_then(remarked).into_iter().chain(standing.progress);
        let progress = said.max_by_key(|at| (at.stage, at.percent));
        match standing.state {
            SongState::Queued => Self::Queued(standing.position),
            SongState::Processing => Self::Processing(progress),
            SongState::Ready => Self::Ready,
            SongState::Failed => Self::Failed(standing.failure),
            SongState::Withdrawn => Self::Withdrawn,
        }
    }

    fn is_last(&self) -> bool {
        matches!(self, Self::Ready | Self::Failed(_) | Self::Withdrawn)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Queued(_) => "queued",
            Self::Processing(_) => "processing",
            Self::Ready => "ready",
            Self::Failed(_) => "failed",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn data(&self) -> Value {
        match self {
            Self::Queued(position) => json!({"state": "queued", "position": position}),
            Self::Processing(progress) => json!({
                "state": "processing",
                "stage": progress.map(|it| it.stage),
                "percent": progress.and_then(|it| it.percent),
                "realtime_factor": progress.and_then(|it| it.realtime_factor),
            }),
            Self::Ready => json!({"state": "ready", "percent": 100}),
            Self::Failed(reason) => json!({"state": "failed", "error": reason}),
            Self::Withdrawn => json!({"state": "withdrawn"}),
        }
    }

    /// Stands for what is told.
    fn id(&self) -> String {
        let number = |number: Option<u64>| number.map(|it| it.to_string()).unwrap_or_default();
        match self {
            Self::Queued(position) => format!("queued-{}", number(*position)),
            Self::Processing(Some(at)) => {
                format!("{}-{}", at.stage, number(at.percent.map(u64::from)))
            }
            Self::Processing(None) => "processing".to_owned(),
            Self::Ready | Self::Failed(_) | Self::Withdrawn => self.name().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use catalogue::progress::Stage;
    use media::UserId;
    use uuid::Uuid;

    use super::*;

    fn standing(state: SongState) -> Standing {
        let uploader = UserId::new(Uuid::nil());
        Standing { state, failure: None, uploader, position: None, attempt: None, progress: None }
    }

    #[test]
    fn of_what_is_remarked_and_what_was_noted_that_counts_which_is_further() {
        let at = |percent| Progress {
            stage: Stage::Transcoding,
            percent: Some(percent),
            realtime_factor: Some(20.0),
        };
        let noted = Standing {
            attempt: Some(2),
            progress: Some(at(10)),
            ..standing(SongState::Processing)
        };
        let remarked = |attempt| (attempt == 2).then(|| at(11));
        let moment = Moment::of(Some(noted.clone()), remarked);
        assert_eq!(
            (moment.id(), moment.data()["percent"].as_u64()),
            ("transcoding-11".into(), Some(11))
        );
        let moment = Moment::of(Some(Standing { attempt: Some(3), ..noted.clone() }), remarked);
        assert_eq!(moment.id(), "transcoding-10");
        let lost = Standing { attempt: None, state: SongState::Queued, position: Some(4), ..noted };
        let moment = Moment::of(Some(lost), remarked);
        assert_eq!((moment.id(), moment.is_last()), ("queued-4".into(), false));
    }

    #[test]
    fn the_last_word_is_the_last() {
        for (state, last) in [
            (SongState::Queued, false),
            (SongState::Processing, false),
            (SongState::Ready, true),
            (SongState::Failed, true),
            (SongState::Withdrawn, true),
        ] {
            let moment = Moment::of(Some(standing(state)), |_| None);
            assert_eq!((moment.is_last(), moment.name()), (last, &*state.to_string()));
            assert_eq!(moment.data()["state"], state.to_string());
        }
        assert!(Moment::of(None, |_| None).is_last());
    }
}
