//! Sending a request to a target, and what its answer means.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{HeaderMap, RETRY_AFTER};
use http::{Request, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use crate::guard::{self, Guard};

/// How long an answer may take, head and body.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection may.
const CONNECTING: Duration = Duration::from_secs(5);

/// The longest answer that is looked into, in bytes.
const LONGEST: usize = 64 * 1_024;

/// How long a target is left alone that has too much to do.
const BUSY: Duration = Duration::from_secs(60);

/// The longest that anybody is waited for because they asked for it.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// Why a target was not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    /// For the operator, in one sentence.
    pub reason: String,
    /// Whether it is the target as a whole that fails, rather than what it was told.
    pub of_the_target: bool,
    /// How long it asked to be left alone.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// One that lies in what was to be told.
    #[must_use]
    pub fn of_the_batch(reason: String) -> Self {
        Self { reason, of_the_target: false, retry_after: None }
    }
}

impl Fault {
    /// The same of a target that has too much to do just now.
    fn of_a_busy_target(self) -> Self {
        Self { of_the_target: true, retry_after: Some(BUSY), ..self }
    }
}

/// A client with its connections.
#[derive(Debug, Clone)]
pub struct Sender {
    client: Client,
    allow_private: bool,
}

/// Nobody whom a certificate could be checked against.
#[derive(Debug, thiserror::Error)]
#[error("the system's certificates cannot be read")]
pub struct NoCertificates(#[from] reqwest::Error);

impl Sender {
    /// One that connects to the public internet alone, unless private addresses are allowed, by no proxy: whoever follows
    /// one would not know where it connects.
    ///
    /// # Errors
    /// [`NoCertificates`].
    pub fn new(allow_private: bool) -> Result<Self, NoCertificates> {
        let client = Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(CONNECTING)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("segue/", env!("CARGO_PKG_VERSION")));
        let client = if allow_private { client } else { client.dns_resolver(Guard) };
        Ok(Self { client: client.build()?, allow_private })
    }

    /// Sends it once. Answers the beginning of a good answer's body.
    ///
    /// # Errors
    /// [`Fault`]: nobody was reached, or the answer is not a good one. It may have been heeded all the same.
    pub async fn send(&self, request: Request<Bytes>, now: SystemTime) -> Result<Vec<u8>, Fault> {
        if !guard::may_be(request.uri(), self.allow_private) {
            let reason = "its URL is not one of the public internet over https, and allow_private is not set";
            return Err(Fault::of_the_batch(reason.to_owned()));
        }
        let request = request.try_into().map_err(|error| unreachable(&error))?;
        let response = self.client.execute(request).await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        if !status.is_success() {
            let fault = refused(status, response.headers(), now);
            return Err(if is_busy(response).await {
                Fault::of_a_busy_target(fault)
            } else {
                fault
            });
        }
        received(response).await.map_err(|error| unreachable(&error))
    }
}

/// CloudFront answers 400 while too much of what it was told is under way
/// (<https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html>).
async fn is_busy(response: Response) -> bool {
    if response.status() != StatusCode::BAD_REQUEST {
        return false;
    }
    let body = received(response).await.unwrap_or_default();
    String::from_utf8_lossy(&body).contains("TooManyInvalidationsInProgress")
}

async fn received(mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST {
            break;
        }
    }
    Ok(bytes)
}

/// The URL stays out of it: a webhook's may be a secret.
fn unreachable(error: &reqwest::Error) -> Fault {
    let mut reason = if error.is_timeout() {
        "it did not answer in time".to_owned()
    } else if error.is_connect() {
        "it cannot be reached".to_owned()
    } else {
        "it did not answer as HTTP has it".to_owned()
    };
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.source().is_none() {
            reason = format!("{reason}: {inner}");
        }
        source = inner.source();
    }
    Fault { reason, of_the_target: true, retry_after: None }
}

/// What is answered is not repeated: it could be of a machine that only we reach.
fn refused(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Fault {
    let reason = if status.is_redirection() {
        format!("it answered {status}; redirections are not followed")
    } else {
        format!("it answered {status}")
    };
    let passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    let of_the_target = status.is_server_error() || passing.contains(&status);
    Fault { reason, of_the_target, retry_after: retry_after(headers, now) }
}

/// RFC 9110 10.2.3: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn it_says_when_to_come_again() {
        let now = UNIX_EPOCH + Duration::from_secs(1_735_787_045);
        let wait = |text: &str| {
            let headers = [(RETRY_AFTER, text.parse().expect("a value"))].into_iter().collect();
            refused(StatusCode::TOO_MANY_REQUESTS, &headers, now).retry_after
        };
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("99999999"), Some(LONGEST_WAIT));
        assert_eq!(wait("Thu, 02 Jan 2025 03:04:15 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(wait("Thu, 02 Jan 2020 03:04:15 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn some_faults_are_the_targets_and_some_are_ours() {
        let of_the_target = |status| {
            refused(StatusCode::from_u16(status).expect("a status"), &HeaderMap::new(), UNIX_EPOCH)
                .of_the_target
        };
        assert!([408, 429, 500, 502, 503, 504].into_iter().all(of_the_target));
        assert!(![301, 400, 401, 403, 404, 410, 413, 422].into_iter().any(of_the_target));
    }

    #[tokio::test]
    async fn private_addresses_are_refused_by_number_and_by_name() {
        let sender = Sender::new(false).expect("a sender");
        for url in ["https://127.0.0.1:9/", "https://localhost:9/", "http://hooks.example/"] {
            let request = Request::post(url).body(Bytes::new()).expect("a request");
            let fault = sender.send(request, UNIX_EPOCH).await.expect_err(url);
            assert!(fault.reason.contains("public internet"), "{url}: {fault}");
        }
    }
}
