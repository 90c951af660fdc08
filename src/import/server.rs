//! The API of a running catalogue, as far as an import needs it. Each question is one call that
//! waits for its answer, tries again where that may help, and ends when we are told to stop.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::TryStreamExt;
use media::MasterHash;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Client, RequestBuilder, Url};
use serde::Deserialize;
use serde_json::json;
use tokio::fs::File;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use tokio_util::io::ReaderStream;

use super::credentials::Credentials;
use super::refusal::{Refusal, read};
use crate::stop::Stop;
use crate::waiting;

/// How long anything but an upload may take.
const ANSWER: Duration = Duration::from_secs(60);

/// How long the upload of one master may take.
const UPLOAD: Duration = Duration::from_secs(6 * 60 * 60);

/// What is read of a master at a time, in bytes.
const PIECE: usize = 64 << 10;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A song as the server tells it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RemoteSong {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) state: String,
    pub(super) error: Option<String>,
    pub(super) duration_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Page {
    songs: Vec<RemoteSong>,
}

#[derive(Deserialize)]
struct Session {
    access_token: String,
}

/// A running catalogue.
pub(super) struct Server {
    client: Client,
    url: Url,
    credentials: Credentials,
    token: Mutex<String>,
    patience: Duration,
    runtime: Handle,
    stop: Stop,
}

impl Server {
    pub(super) fn new(
        url: Url,
        credentials: Credentials,
        patience: Duration,
        runtime: &Handle,
        stop: &Stop,
    ) -> reqwest::Result<Self> {
        let client =
            Client::builder().connect_timeout(Duration::from_secs(10)).timeout(ANSWER).build()?;
        let (token, runtime, stop) = (Mutex::default(), runtime.clone(), stop.clone());
        Ok(Self { client, url, credentials, token, patience, runtime, stop })
    }

    /// Gets an access token, or takes the one that was given where the server does.
    pub(super) fn log_in(&self) -> Result<(), Refusal> {
        let whom = self.url.host_str().unwrap_or("the server");
        self.wait(waiting::aloud(whom, async {
            self.begin_session().await?;
            let nobodys = MasterHash::new([0; 32]);
            self.persist(&mut async || self.ask_of_master(&nobodys).await).await.map(drop)
        }))
    }

    /// The uploader's songs that were made of this master, newest first.
    pub(super) fn of_master(&self, master: &MasterHash) -> Result<Vec<RemoteSong>, Refusal> {
        self.wait(self.logged_in(async || self.ask_of_master(master).await))
    }

    /// The song as it is now.
    pub(super) fn song(&self, id: &str) -> Result<RemoteSong, Refusal> {
        let url = self.at(&format!("/v1/songs/{id}"));
        let ask = async || read(self.signed(self.client.get(&url)).send().await).await;
        self.wait(self.logged_in(ask))
    }

    /// Uploads a master; `sent` hears of bytes as they leave. Where an attempt breaks off, its upload
    /// may have arrived all the same: the next attempt asks first.
    pub(super) fn upload(
        &self,
        file: &Path,
        master: &MasterHash,
        fields: &[(&'static str, String)],
        sent: impl Fn(u64) + Send + Sync + Clone + 'static,
    ) -> Result<RemoteSong, Refusal> {
        let mut first = true;
        self.wait(self.logged_in(async || {
            if !std::mem::take(&mut first)
                && let Some(song) = self.ask_of_master(master).await?.into_iter().next()
                && song.state != "failed"
            {
                return Ok(song);
            }
            let form = form(file, fields, sent.clone()).await?;
            let request = self.client.post(self.at("/v1/songs")).timeout(UPLOAD).multipart(form);
            read(self.signed(request).send().await).await
        }))
    }

    /// Waits for so long.
    pub(super) fn rest(&self, time: Duration) -> Result<(), Refusal> {
        self.wait(async {
            sleep(time).await;
            Ok(())
        })
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
        self.stop.wait(&self.runtime, work).unwrap_or(Err(Refusal::Stopped))
    }

    async fn begin_session(&self) -> Result<(), Refusal> {
        let token = match &self.credentials {
            Credentials::Token(token) => token.clone(),
            Credentials::Password { user, password } => {
                let body = json!({"login": user, "password": password});
                let request = || self.client.post(self.at("/v1/sessions")).json(&body);
                let session: Session =
                    self.persist(&mut async || read(request().send().await).await).await?;
                session.access_token
            }
        };
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
        Ok(())
    }

    async fn ask_of_master(&self, master: &MasterHash) -> Result<Vec<RemoteSong>, Refusal> {
        let url = self.at(&format!("/v1/songs?master={master}"));
        let page: Page = read(self.signed(self.client.get(url)).send().await).await?;
        Ok(page.songs)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url.as_str().trim_end_matches('/'))
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.token.lock().unwrap_or_else(PoisonError::into_inner).as_str())
    }

    /// Asks with a token that is good: one that expired is renewed once.
    async fn logged_in<T>(
        &self,
        mut ask: impl AsyncFnMut() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        match (self.persist(&mut ask).await, &self.credentials) {
            (Err(Refusal::Expired), Credentials::Password { .. }) => {
                self.begin_session().await?;
                self.persist(&mut ask).await
            }
            (done, _) => done,
        }
    }

    /// Tries again for as long as the patience where another attempt may go better.
    async fn persist<T>(
        &self,
        attempt: &mut impl AsyncFnMut() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (mut end, mut pause) = (None, FIRST_PAUSE);
        loop {
            let done = attempt().await;
            // An upload may take longer than the patience: that counts from the first failure.
            let end = *end.get_or_insert_with(|| Instant::now() + self.patience);
            if !matches!(done, Err(Refusal::Passing(_))) || Instant::now() + pause >= end {
                return done;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Without what it holds of secrets.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("url", &self.url.host_str())
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

async fn form(
    file: &Path,
    fields: &[(&'static str, String)],
    sent: impl Fn(u64) + Send + Sync + 'static,
) -> io::Result<Form> {
    let opened = File::open(file).await?;
    let length = opened.metadata().await?.len();
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    let bytes = ReaderStream::with_capacity(opened, PIECE);
    let bytes = bytes.inspect_ok(move |piece| sent(piece.len() as u64));
    let part = Part::stream_with_length(Body::wrap_stream(bytes), length).file_name(name);
    // What is said of the file comes before it, so that it is checked first.
    let form = fields.iter().fold(Form::new(), |form, (name, text)| form.text(*name, text.clone()));
    Ok(form.part("file", part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_no_secret() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = "http://ann:secret@music.example/".parse().unwrap();
        let credentials = Credentials::Token("secret".to_owned());
        let stop = Stop::default();
        let server = Server::new(url, credentials, ANSWER, runtime.handle(), &stop).unwrap();
        runtime.block_on(server.begin_session()).unwrap();
        let told = format!("{server:?}");
        assert!(told.contains("music.example") && !told.contains("secret"), "{told}");
    }
}
