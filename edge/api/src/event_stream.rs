//! Streams of server-sent events (WHATWG HTML 9.2): how many are open, how long, and when they look for what is new.

use std::future::pending;
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use catalogue::AuthenticatedUser;
use futures::Stream;
use service::Problem;
use tokio::time::{Instant, sleep_until, timeout};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::bearer::{AskedBy, By};
use crate::client::Client;
use crate::live::{Seat, Topic, Watch};

/// A stream that has nothing to say says so this often, and looks whether who listens still may, and by itself for what
/// is new: another process may have said something that did not come.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// Between two looks: who edits a hundred times a second is not read a hundred times.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// After this long a stream ends: whoever comes back shows a token that is still good.
const LONGEST: Duration = Duration::from_secs(15 * 60);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// One event of a stream, as its lines say.
#[derive(ToSchema)]
#[schema(as = ServerSentEvent)]
#[expect(dead_code, reason = "it describes what axum writes")]
pub(crate) struct Described {
    /// What happened.
    event: Option<String>,
    /// What `Last-Event-ID` says to go on from here.
    id: Option<String>,
    /// What is new, in JSON.
    data: Option<String>,
}

/// Somebody's open stream.
pub(crate) struct Listening {
    pub(crate) api: Api,
    pub(crate) user: Option<AuthenticatedUser>,
    by: Option<By>,
    watch: Watch,
    /// Woken when what they listen by may have ended.
    access: Option<Watch>,
    ends: Instant,
    looked: Instant,
    admitted: Instant,
    _seat: Seat,
}

/// Why a stream looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// Something may be new.
    News,
    /// It is time to say that it is still there.
    Heartbeat,
}

impl Listening {
    /// Opens a stream of what is said about something.
    ///
    /// # Errors
    /// 429 where there are too many already.
    pub(crate) fn open(
        api: &Api,
        user: Option<AuthenticatedUser>,
        AskedBy(by): AskedBy,
        client: &Client,
        about: Uuid,
    ) -> Result<Self, Problem> {
        let who =
            user.map_or_else(|| client.named().unwrap_or_default(), |user| user.id.to_string());
        let seat = api.live().sit_down(who, user.is_some()).ok_or_else(too_many)?;
        let (watch, now) = (api.live().watch(Topic::News(about)), Instant::now());
        let access = user.map(|user| api.live().watch(Topic::AccessOf(user.id)));
        let (api, ends) = (api.clone(), now + LONGEST);
        Ok(Self { api, user, by, watch, access, ends, looked: now, admitted: now, _seat: seat })
    }

    /// Waits until it is to look; `None` where it is over.
    pub(crate) async fn woken(&mut self) -> Option<Woken> {
        self.woken_within(HEARTBEAT).await
    }

    /// The same, where it is to look that often at least.
    pub(crate) async fn woken_within(&mut self, most: Duration) -> Option<Woken> {
        let woken = loop {
            if Instant::now() >= self.ends {
                return None;
            }
            tokio::select! {
                woken = timeout(most, self.watch.woken()) => match woken {
                    Ok(true) => break Woken::News,
                    Ok(false) => return None,
                    Err(_) => break Woken::Heartbeat,
                },
                woken = changed(&mut self.access) => {
                    if !woken || !self.is_still_admitted().await {
                        return None;
                    }
                }
            }
        };
        sleep_until(self.looked + LEAST_PAUSE).await;
        // What was said meanwhile is seen by this look.
        self.watch.heard();
        self.looked = Instant::now();
        if self.looked >= self.admitted + HEARTBEAT {
            self.admitted = self.looked;
            self.is_still_admitted().await.then_some(woken)
        } else {
            Some(woken)
        }
    }

    /// Whoever has logged out, whose key was revoked, or who has another role now, comes back as who they are. The leader
    /// is asked: what is remembered of sessions in this process may be of before.
    async fn is_still_admitted(&self) -> bool {
        let catalogue = self.api.catalogue();
        let now = match self.by {
            None => return true,
            Some(By::Session(session)) => catalogue.sessions().standing(session).await,
            Some(By::Key { id, .. }) => catalogue.api_keys().standing(id).await,
        };
        matches!(now, Ok(now) if now == self.user)
    }
}

/// Returns whether to go on, once the access may have changed; never where nobody's is watched.
async fn changed(access: &mut Option<Watch>) -> bool {
    match access {
        Some(access) => access.woken().await,
        None => pending().await,
    }
}

/// The id of the last event that the client has heard.
pub(crate) fn last_heard<T: std::str::FromStr>(headers: &HeaderMap) -> Option<T> {
    headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()?.parse().ok())
}

/// The answer that tells them.
pub(crate) fn answer<S>(events: S) -> Response
where
    S: Stream<Item = Result<Event, std::convert::Infallible>> + Send + 'static,
{
    let headers =
        [(CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    (headers, Sse::new(events)).into_response()
}

fn too_many() -> Problem {
    let detail = "Too many streams of events are open; close some, or come back later.";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-streams", detail)
        .with_header(axum::http::header::RETRY_AFTER, HeaderValue::from_static("60"))
}
