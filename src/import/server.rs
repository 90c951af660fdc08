//! The API of a running catalogue, as far as an import needs it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use media::MasterHash;
use reqwest::blocking::multipart::{Form, Part};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde_json::json;

use crate::stop::Stop;

/// How long anything but an upload may take.
const ANSWER: Duration = Duration::from_secs(60);

/// How long the upload of one master may take.
const UPLOAD: Duration = Duration::from_secs(6 * 60 * 60);

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Who uploads.
#[derive(Debug)]
pub(super) enum Credentials {
    /// Logs in, again when the token expires.
    Password { user: String, password: String },
    /// An access token that somebody else got.
    Token(String),
}

/// Nobody to upload as.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoCredentials {
    #[error("the password of '{0}' is missing; set SEGUE_PASSWORD or SEGUE_PASSWORD_FILE")]
    Password(String),
    #[error("the file that SEGUE_PASSWORD_FILE names cannot be read: {0}")]
    File(#[from] io::Error),
    #[error(
        "say who uploads: --user NAME with SEGUE_PASSWORD set, or an access token in SEGUE_TOKEN"
    )]
    Nobody,
}

impl Credentials {
    /// Secrets come from the environment: a command line is no place for them.
    pub(super) fn read(
        user: Option<&str>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, NoCredentials> {
        let Some(user) = user.map(str::to_owned) else {
            return env("SEGUE_TOKEN").map(Self::Token).ok_or(NoCredentials::Nobody);
        };
        let password = match (env("SEGUE_PASSWORD"), env("SEGUE_PASSWORD_FILE")) {
            (Some(password), _) => password,
            (None, Some(file)) => std::fs::read_to_string(file)?.trim_end().to_owned(),
            (None, None) => return Err(NoCredentials::Password(user)),
        };
        Ok(Self::Password { user, password })
    }
}

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
    #[error("the access token has expired; get another, or import with --user")]
    Expired,
    /// The file, not the server.
    #[error("the file cannot be read: {0}")]
    File(#[from] io::Error),
}

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

/// A problem document (RFC 9457), as far as a person reads it.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

/// A running catalogue.
#[derive(Debug)]
pub(super) struct Server {
    client: Client,
    url: Url,
    credentials: Credentials,
    token: Mutex<String>,
    patience: Duration,
    stop: Stop,
}

impl Server {
    pub(super) fn new(
        url: Url,
        credentials: Credentials,
        patience: Duration,
        stop: Stop,
    ) -> reqwest::Result<Self> {
        let client =
            Client::builder().connect_timeout(Duration::from_secs(10)).timeout(ANSWER).build()?;
        Ok(Self { client, url, credentials, token: Mutex::default(), patience, stop })
    }

    /// Gets an access token, or takes the one that was given.
    pub(super) fn log_in(&self) -> Result<(), Refusal> {
        let token = match &self.credentials {
            Credentials::Token(token) => token.clone(),
            Credentials::Password { user, password } => {
                let body = json!({"login": user, "password": password});
                let request = || self.client.post(self.at("/v1/sessions")).json(&body);
                self.persist(|| read::<Session>(request().send()))?.access_token
            }
        };
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
        Ok(())
    }

    /// The uploader's songs that were made of this master, newest first.
    pub(super) fn of_master(&self, master: &MasterHash) -> Result<Vec<RemoteSong>, Refusal> {
        let url = self.at(&format!("/v1/songs?master={master}"));
        let ask = || read::<Page>(self.signed(self.client.get(url.clone())).send());
        Ok(self.logged_in(ask)?.songs)
    }

    /// The song as it is now.
    pub(super) fn song(&self, id: &str) -> Result<RemoteSong, Refusal> {
        let url = self.at(&format!("/v1/songs/{id}"));
        self.logged_in(|| read(self.signed(self.client.get(url.clone())).send()))
    }

    /// Uploads a master; `sent` hears of bytes as they leave. Where an attempt breaks off, its upload
    /// may have arrived all the same: the next attempt asks first.
    pub(super) fn upload(
        &self,
        file: &Path,
        master: &MasterHash,
        fields: &[(&'static str, String)],
        sent: impl Fn(u64) + Send + Clone + 'static,
    ) -> Result<RemoteSong, Refusal> {
        let mut first = true;
        self.logged_in(|| {
            if !std::mem::take(&mut first)
                && let Some(song) = self.of_master(master)?.into_iter().next()
                && song.state != "failed"
            {
                return Ok(song);
            }
            let form = self.form(file, fields, sent.clone())?;
            let request = self.client.post(self.at("/v1/songs")).timeout(UPLOAD).multipart(form);
            read(self.signed(request).send())
        })
    }

    fn form(
        &self,
        file: &Path,
        fields: &[(&'static str, String)],
        sent: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Form> {
        let opened = File::open(file)?;
        let length = opened.metadata()?.len();
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        let reader = Outgoing { file: opened, sent, stop: self.stop.clone() };
        let part = Part::reader_with_length(reader, length).file_name(name);
        // What is said of the file comes before it, so that it is checked first.
        let form =
            fields.iter().fold(Form::new(), |form, (name, text)| form.text(*name, text.clone()));
        Ok(form.part("file", part))
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url.as_str().trim_end_matches('/'))
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.token.lock().unwrap_or_else(PoisonError::into_inner).as_str())
    }

    /// Asks with a token that is good: one that expired is renewed once.
    fn logged_in<T>(&self, mut ask: impl FnMut() -> Result<T, Refusal>) -> Result<T, Refusal> {
        match (self.persist(&mut ask), &self.credentials) {
            (Err(Refusal::Expired), Credentials::Password { .. }) => {
                self.log_in()?;
                self.persist(ask)
            }
            (done, _) => done,
        }
    }

    /// Tries again for as long as the patience where another attempt may go better.
    fn persist<T>(&self, mut attempt: impl FnMut() -> Result<T, Refusal>) -> Result<T, Refusal> {
        let (mut end, mut pause) = (None, FIRST_PAUSE);
        loop {
            self.stop.check();
            let done = attempt();
            // An upload may take longer than the patience: that counts from the first failure.
            let end = *end.get_or_insert_with(|| Instant::now() + self.patience);
            if !matches!(done, Err(Refusal::Passing(_))) || Instant::now() + pause >= end {
                return done;
            }
            self.rest(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Sleeps, and ends the work of this thread where we are told to stop meanwhile.
    pub(super) fn rest(&self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.stop.check();
            sleep(left.min(FIRST_PAUSE));
        }
    }
}

fn read<T: for<'a> Deserialize<'a>>(answer: reqwest::Result<Response>) -> Result<T, Refusal> {
    let answer = answer.map_err(|error| Refusal::Passing(root(&error)))?;
    let status = answer.status();
    let body = answer.bytes().map_err(|error| Refusal::Passing(root(&error)))?;
    if status.is_success() {
        let unreadable = |_| Refusal::Final("its answer is not that of a Segue server".to_owned());
        return serde_json::from_slice(&body).map_err(unreadable);
    }
    let said = serde_json::from_slice::<Problem>(&body)
        .map_or_else(|_| format!("it answers {status}"), |problem| problem.detail);
    Err(match status {
        // A login that fails has its own words.
        StatusCode::UNAUTHORIZED if !said.starts_with("Login and password") => Refusal::Expired,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Refusal::Passing(said),
        _ if status.is_server_error() => Refusal::Passing(said),
        _ => Refusal::Final(said),
    })
}

/// The cause of all causes.
fn root(error: &reqwest::Error) -> String {
    let mut root: &dyn std::error::Error = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root.to_string()
}

/// A file on its way, which breaks off where we are told to stop.
struct Outgoing<F> {
    file: File,
    sent: F,
    stop: Stop,
}

impl<F: Fn(u64)> Read for Outgoing<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_told() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let read = self.file.read(buffer)?;
        (self.sent)(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_come_from_the_environment() {
        let read = |user, pairs: &[(&str, &str)]| {
            let get = |name: &str| pairs.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
            Credentials::read(user, &get).map_err(|error| error.to_string())
        };
        assert!(matches!(read(None, &[("SEGUE_TOKEN", "t")]), Ok(Credentials::Token(_))));
        assert!(read(None, &[]).unwrap_err().contains("--user NAME"));
        assert!(read(Some("ann"), &[]).unwrap_err().contains("password of 'ann'"));
        let with = read(Some("ann"), &[("SEGUE_PASSWORD", "secret")]);
        assert!(matches!(with, Ok(Credentials::Password { password, .. }) if password == "secret"));
        let lost = read(Some("ann"), &[("SEGUE_PASSWORD_FILE", "/nowhere")]);
        assert!(lost.unwrap_err().contains("cannot be read"));
    }
}
