//! Answers that all who are shown what everybody is shown get alike, kept for a moment: what a thousand ask for at once
//! is made once.
//!
//! An answer is kept under the count of [changes](catalogue::Catalogue::changes) that this process knew of before it was made, and
//! under the moment: a change leaves all that was made before it unfound, and so does time, which opens and closes
//! windows and moves trends, and of which no event tells. What one may see alone (their drafts) is never kept.

use std::time::{Duration, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use axum::http::response::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use catalogue::{AuthenticatedUser, Country, Viewer};
use http_body_util::BodyExt;
use moka::future::Cache;
use moka::policy::EvictionPolicy;

use service::Problem;

use crate::api::Api;
use crate::edition;
use crate::visitor;

/// How long a moment is, in seconds. Moments begin when those of the clock do: what is released on the minute is shown on
/// the minute.
pub(crate) const MOMENT: u64 = 5;

/// Bytes of answers that are kept at a time.
const ROOM: u64 = 64 << 20;

/// What an answer takes beside its body: headers, its question, and what the cache keeps of it.
const OVERHEAD: usize = 1 << 10;

/// Addresses beyond this are asked by nobody twice.
const LONGEST_ADDRESS: usize = 1 << 10;

/// Answers of this moment. Cloning shares them.
#[derive(Debug, Clone)]
pub(crate) struct Hot(Cache<Question, Answer>);

/// All that a kept answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    address: PathAndQuery,
    country: Option<Country>,
    /// Nobody's search for their own masters is refused otherwise than a listener's.
    known: bool,
    changes: u64,
    moment: u64,
}

#[derive(Debug, Clone)]
struct Answer {
    head: Parts,
    body: Bytes,
}

/// A request that is answered for all who ask alike: with all that has changed so far, whoever asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ForAll;

/// Answers what is kept, and keeps what is answered. Conditions (RFC 9110 13.1.2) are looked at here, so that an answer
/// serves whoever has it already, too.
pub(crate) async fn answer(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let had = take_known(request.headers_mut());
    let answer = match question(&api, &request) {
        Some(question) => {
            request.extensions_mut().insert(ForAll);
            api.hot().ask(question, next.run(request)).await
        }
        None => next.run(request).await,
    };
    unless_had(answer, &had)
}

/// What the request asks, if the answer is one that everybody gets.
fn question(api: &Api, request: &Request) -> Option<Question> {
    let user = request.extensions().get::<AuthenticatedUser>();
    let address = request.uri().path_and_query()?;
    let for_all = Viewer::from(user) == Viewer::Public;
    if request.method() != Method::GET || !for_all || address.as_str().len() > LONGEST_ADDRESS {
        return None;
    }
    let since = api.clock().now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(Question {
        address: address.clone(),
        country: visitor::country(request.headers(), api),
        known: user.is_some(),
        changes: api.catalogue().changes(),
        moment: since.as_secs() / MOMENT,
    })
}

impl Hot {
    pub(crate) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(ROOM)
            .weigher(weight)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(Duration::from_secs(MOMENT));
        Self(cache.build())
    }

    /// The answer to `question`, which `made` makes where there is none. Who asks while it is made waits for it. Only
    /// successes are kept; of a refusal, those hear who waited.
    async fn ask(&self, question: Question, made: impl Future<Output = Response>) -> Response {
        let answer = async {
            let answer = Answer::read(made.await).await;
            if answer.head.status == StatusCode::OK { Ok(answer) } else { Err(answer) }
        };
        let answer = self.0.try_get_with(question, answer).await;
        answer.unwrap_or_else(|refusal| (*refusal).clone()).into_response()
    }
}

fn weight(question: &Question, answer: &Answer) -> u32 {
    let weight = question.address.as_str().len() + answer.body.len() + OVERHEAD;
    u32::try_from(weight).unwrap_or(u32::MAX)
}

impl Answer {
    async fn read(response: Response) -> Self {
        let (head, body) = response.into_parts();
        match body.collect().await {
            Ok(body) => Self { head, body: body.to_bytes() },
            Err(error) => Self::of(Problem::internal(&error)),
        }
    }

    fn of(problem: Problem) -> Self {
        let head = problem.into_response().into_parts().0;
        // The layer that knows the request's id writes the document.
        Self { head, body: Bytes::new() }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        Response::from_parts(self.head, Body::from(self.body))
    }
}

/// The tags of what the caller has, which the handler is not told.
fn take_known(headers: &mut HeaderMap) -> Vec<HeaderValue> {
    let had = headers.get_all(IF_NONE_MATCH).iter().cloned().collect();
    headers.remove(IF_NONE_MATCH);
    had
}

/// 304 where the answer is what the caller has.
fn unless_had(mut answer: Response, had: &[HeaderValue]) -> Response {
    let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
    let same = tag.is_some_and(|tag| had.iter().any(|tags| edition::names(tags, tag)));
    if answer.status() == StatusCode::OK && same {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        answer.headers_mut().remove(CONTENT_TYPE);
        answer.headers_mut().remove(CONTENT_LENGTH);
        *answer.body_mut() = Body::empty();
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn question(changes: u64) -> Question {
        let address = PathAndQuery::from_static("/v1/songs/trending");
        Question { address, country: None, known: false, changes, moment: 0 }
    }

    #[tokio::test]
    async fn what_many_ask_at_once_is_made_once_and_anew_after_a_change() {
        let (hot, made) = (Hot::new(), AtomicU32::new(0));
        let make = || async {
            tokio::task::yield_now().await;
            made.fetch_add(1, Ordering::SeqCst).to_string().into_response()
        };
        let asked = (0..50).map(|_| hot.ask(question(0), make()));
        let answers = futures::future::join_all(asked).await;
        assert_eq!((answers.len(), made.load(Ordering::SeqCst)), (50, 1));
        let anew = hot.ask(question(1), make()).await;
        assert_eq!(Answer::read(anew).await.body, "1");
    }

    #[tokio::test]
    async fn a_refusal_is_told_and_not_kept() {
        let hot = Hot::new();
        let refused = hot.ask(question(0), async { StatusCode::NOT_FOUND.into_response() }).await;
        assert_eq!(refused.status(), StatusCode::NOT_FOUND);
        let found = hot.ask(question(0), async { "there".into_response() }).await;
        assert_eq!(found.status(), StatusCode::OK);
    }
}
