//! Why a server did not do what was asked, and whether asking again may go better.

use std::error::Error;
use std::io;

use reqwest::{Response, StatusCode};
use serde::Deserialize;

/// Why the server did not do what was asked, in a sentence.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// It cannot be reached, or fails by itself: another attempt may go better.
    #[error("the server fails: {0}")]
    Passing(String),
    /// It said no.
    #[error("the server refuses: {0}")]
    Final(String),
    /// The access token is no longer good.
    #[error("the access token has expired, or never was one; get another, or import with --user")]
    Expired,
    /// The file, not the server.
    #[error("the file cannot be read: {0}")]
    File(#[from] io::Error),
    /// Nobody waits for an answer any more.
    #[error("stopped")]
    Stopped,
}

/// A problem document (RFC 9457), as far as it is told on.
#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type", default)]
    kind: String,
    detail: String,
}

/// The kind of refusal that a token meets which is not, or no longer, good.
const INVALID_TOKEN: &str = "urn:segue:problem:invalid-token";

/// Reads an answer to its end.
pub(super) async fn read<T: for<'a> Deserialize<'a>>(
    answer: reqwest::Result<Response>,
) -> Result<T, Refusal> {
    let answer = answer.map_err(|error| unsent(&error))?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(|error| unsent(&error))?;
    if !status.is_success() {
        return Err(refused(status, &body));
    }
    let unreadable = |_| Refusal::Final("its answer is not that of a Segue server".to_owned());
    serde_json::from_slice(&body).map_err(unreadable)
}

fn refused(status: StatusCode, body: &[u8]) -> Refusal {
    let problem = serde_json::from_slice::<Problem>(body).ok();
    let kind = problem.as_ref().map(|problem| problem.kind.clone()).unwrap_or_default();
    let said = problem.map_or_else(|| format!("it answers {status}"), |problem| problem.detail);
    match status {
        StatusCode::UNAUTHORIZED if kind == INVALID_TOKEN => Refusal::Expired,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Refusal::Passing(said),
        _ if status.is_server_error() => Refusal::Passing(said),
        _ => Refusal::Final(said),
    }
}

/// A request that got no answer. One that could not even be written stays so.
fn unsent(error: &reqwest::Error) -> Refusal {
    if error.is_builder() {
        return Refusal::Final(format!("the request cannot be written: {}", root(error)));
    }
    Refusal::Passing(root(error))
}

/// The cause of all causes.
fn root(error: &reqwest::Error) -> String {
    let mut root: &dyn Error = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_by_status_and_type_and_not_by_its_words() {
        let of = |status: u16, body: &str| {
            refused(StatusCode::from_u16(status).unwrap(), body.as_bytes())
        };
        let invalid = r#"{"type": "urn:segue:problem:invalid-token", "detail": "Veraltet."}"#;
        assert!(matches!(of(401, invalid), Refusal::Expired));
        let wrong = r#"{"type": "urn:segue:problem:wrong-credentials", "detail": "Falsch."}"#;
        assert!(matches!(of(401, wrong), Refusal::Final(said) if said == "Falsch."));
        let proxy = of(401, "<h1>401</h1>");
        assert!(matches!(proxy, Refusal::Final(said) if said == "it answers 401 Unauthorized"));
        assert!(matches!(of(503, ""), Refusal::Passing(_)));
        assert!(matches!(of(413, r#"{"detail": "Too large."}"#), Refusal::Final(_)));
    }
}
