//! Where the keys come from whose tokens an edge believes: a JWKS in a file or behind a URL, which may change
//! at any time (rotation).

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::{Client, Url};
use service::Reload;
use token::{UnusableKey, VerifyingKeys};

use crate::edge::Edge;
use crate::watched;

/// How long one fetch may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Between two fetches where the answer does not say, and at least and at most whatever it says.
const USUALLY: Duration = Duration::from_secs(300);
const LEAST: Duration = Duration::from_secs(5);
const MOST: Duration = Duration::from_secs(3_600);
/// A set of some hundred keys.
const LONGEST: usize = 256 << 10;

/// Where a JWKS lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// In a file: read again when it changes, and when asked.
    File(PathBuf),
    /// Behind a URL: asked for again when its `max-age` is over, and when asked.
    Url(Url),
}

/// Why there are no keys from a source.
#[derive(Debug, thiserror::Error)]
pub enum NoKeys {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody answers.
    #[error("no answer: {0}")]
    NoAnswer(#[from] reqwest::Error),
    /// The answer is another than 200.
    #[error("the answer is {0}")]
    Status(StatusCode),
    /// The answer is longer than any key set.
    #[error("the answer is longer than {LONGEST} bytes")]
    TooLong,
    /// What is there is no key set.
    #[error(transparent)]
    Unusable(#[from] UnusableKey),
    /// What is there is no text.
    #[error("the key set is not UTF-8")]
    NoText(#[from] std::str::Utf8Error),
}

/// Neither a URL nor a path.
#[derive(Debug, thiserror::Error)]
#[error("not a file or an http or https URL without a password")]
pub struct InvalidSource;

impl FromStr for KeySource {
    type Err = InvalidSource;

    /// An `http` or `https` URL, or else a path.
    fn from_str(text: &str) -> Result<Self, InvalidSource> {
        if !text.starts_with("http://") && !text.starts_with("https://") {
            return if text.is_empty() { Err(InvalidSource) } else { Ok(Self::File(text.into())) };
        }
        let url: Url = text.parse().map_err(|_| InvalidSource)?;
        // URLs are logged.
        if url.password().is_some() { Err(InvalidSource) } else { Ok(Self::Url(url)) }
    }
}

impl KeySource {
    /// The keys as they are now.
    ///
    /// # Errors
    /// Where there are none.
    pub async fn read(&self) -> Result<VerifyingKeys, NoKeys> {
        match self {
            Self::File(path) => match tokio::fs::read(path).await {
                Ok(contents) => keys(&contents),
                Err(source) => Err(NoKeys::Unreadable { path: path.display().to_string(), source }),
            },
            Self::Url(url) => match Poll::of(url.clone())?.ask().await?.0 {
                Some(keys) => Ok(keys),
                None => Err(NoKeys::Status(StatusCode::NOT_MODIFIED)),
            },
        }
    }

    /// Lets `edge` believe what the source holds, whenever that changes. Where it fails, the edge goes on
    /// with what it has, and a line says so. It ends with whoever drops it.
    pub async fn follow(self, edge: Edge, reload: Reload) {
        match self {
            Self::File(path) => {
                let apply = |contents: &[Vec<u8>]| {
                    believe(&edge, keys(contents.first().map_or(&[], Vec::as_slice))?);
                    Ok::<_, NoKeys>(())
                };
                watched::follow("the key set", &[path], reload, apply).await;
            }
            Self::Url(url) => poll(url, &edge, reload).await,
        }
    }
}

fn keys(contents: &[u8]) -> Result<VerifyingKeys, NoKeys> {
    Ok(VerifyingKeys::from_jwks(std::str::from_utf8(contents)?)?)
}

fn believe(edge: &Edge, keys: VerifyingKeys) {
    tracing::info!(kids = ?keys.kids(), "these keys are believed from now on");
    edge.believe(keys);
}

async fn poll(url: Url, edge: &Edge, mut reload: Reload) {
    let mut poll = match Poll::of(url.clone()) {
        Ok(poll) => poll,
        Err(error) => {
            tracing::error!(url = %shown(&url), %error, "key sets cannot be fetched");
            return;
        }
    };
    loop {
        let wait = match poll.ask().await {
            Ok((keys, wait)) => {
                if let Some(keys) = keys {
                    believe(edge, keys);
                }
                wait
            }
            Err(error) => {
                tracing::error!(
                    url = %shown(&url),
                    %error,
                    "no key set; those from before stay in force"
                );
                LEAST
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = reload.asked() => (poll.etag, poll.seen) = (None, Vec::new()),
        }
    }
}

/// A URL as it may be logged: its query may be a signature.
fn shown(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url
}

/// One URL, asked again and again.
struct Poll {
    client: Client,
    url: Url,
    etag: Option<HeaderValue>,
    /// What came last: not every server has tags.
    seen: Vec<u8>,
}

impl Poll {
    fn of(url: Url) -> Result<Self, NoKeys> {
        let redirects = reqwest::redirect::Policy::none();
        let client = Client::builder().timeout(TIMEOUT).redirect(redirects).build()?;
        Ok(Self { client, url, etag: None, seen: Vec::new() })
    }

    /// The keys, unless they are those of the last answer, and when to ask again.
    async fn ask(&mut self) -> Result<(Option<VerifyingKeys>, Duration), NoKeys> {
        let mut request = self.client.get(self.url.clone());
        if let Some(etag) = &self.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let mut response = request.send().await?;
        let wait = freshness(response.headers());
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if self.etag.is_some() => return Ok((None, wait)),
            status => return Err(NoKeys::Status(status)),
        }
        let mut contents = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if contents.len() + chunk.len() > LONGEST {
                return Err(NoKeys::TooLong);
            }
            contents.extend_from_slice(&chunk);
        }
        let keys = if contents == self.seen { None } else { Some(keys(&contents)?) };
        self.etag = response.headers().get(ETAG).cloned();
        self.seen = contents;
        Ok((keys, wait))
    }
}

/// What is left of `max-age` (RFC 9111 4.2), within bounds.
fn freshness(headers: &HeaderMap) -> Duration {
    let directives = headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok());
    let max_age = directives.and_then(|value| {
        value.split(',').find_map(|it| it.trim().strip_prefix("max-age=")?.parse::<u64>().ok())
    });
    let age = headers.get(http::header::AGE).and_then(|value| value.to_str().ok()?.parse().ok());
    let left = max_age.map(|seconds| Duration::from_secs(seconds.saturating_sub(age.unwrap_or(0))));
    left.unwrap_or(USUALLY).clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_from_a_path() {
        let url = "https://music.example/.well-known/jwks.json";
        assert!(matches!(url.parse(), Ok(KeySource::Url(_))));
        assert!(matches!("keys/jwks.json".parse(), Ok(KeySource::File(_))));
        assert!("".parse::<KeySource>().is_err());
        assert!("http://".parse::<KeySource>().is_err());
    }

    #[test]
    fn the_answer_says_when_to_ask_again() {
        for (control, age, seconds) in [
            (None, None, 300),
            (Some("no-cache"), None, 300),
            (Some("public, max-age=60"), None, 60),
            (Some("max-age=60"), Some("20"), 40),
            (Some("max-age=60"), Some("90"), 5),
            (Some("max-age=0"), None, 5),
            (Some("max-age=99999999999"), None, 3_600),
            (Some("max-age=soon"), None, 300),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(CACHE_CONTROL, control), (http::header::AGE, age)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(freshness(&headers), Duration::from_secs(seconds), "{control:?}");
        }
    }
}
