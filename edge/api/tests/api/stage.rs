//! A bench with two people on it, and what they ask.

use std::ops::Deref;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use catalogue::{NewSong, Role, Song, User};
use http_body_util::BodyExt;
use media::SongId;
use serde_json::Value;
use tokio::time::timeout;

use crate::bench::{Bench, upload_of};

const PATIENCE: Duration = Duration::from_secs(60);

/// Ann, who has songs, and Bob.
pub(crate) struct Stage {
    pub(crate) bench: Bench,
    pub(crate) ann: User,
    pub(crate) bob: User,
}

impl Deref for Stage {
    type Target = Bench;

    fn deref(&self) -> &Bench {
        &self.bench
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let bench = Bench::new().await;
        let ann = bench.user("ann", Role::Artist).await;
        let bob = bench.user("bob", Role::Listener).await;
        Self { bench, ann, bob }
    }

    pub(crate) async fn song(&self, title: &str) -> SongId {
        self.make_ready(upload_of(&self.ann, title)).await.id
    }

    /// The same on an album.
    pub(crate) async fn song_on(&self, album: &str, title: &str) -> Song {
        let album = Some(album.parse().unwrap());
        self.make_ready(NewSong { album, ..upload_of(&self.ann, title) }).await
    }

    /// `METHOD path` by somebody, with a body where there is one, and with headers.
    pub(crate) async fn ask(
        &self,
        line: &str,
        who: Option<&User>,
        body: Value,
        headers: &[(&str, &str)],
    ) -> (u16, HeaderMap, Value) {
        let mut ask = self.bench.ask(line);
        for (name, value) in headers {
            ask = ask.with(name, value);
        }
        if let Some(who) = who {
            ask = ask.by(who);
        }
        if !body.is_null() {
            ask = ask.json(&body);
        }
        let answer = ask.await;
        (answer.status, answer.headers, answer.body)
    }

    pub(crate) async fn ann(&self, line: &str, body: Value) -> (u16, Value) {
        let (status, _, json) = self.ask(line, Some(&self.ann), body, &[]).await;
        (status, json)
    }

    /// The stream of events at `path`, after the last one that was heard.
    pub(crate) async fn stream(&self, path: &str, who: &User, last: Option<&str>) -> Body {
        let mut ask = self.bench.ask(&format!("GET {path}")).by(who);
        if let Some(last) = last {
            ask = ask.with("last-event-id", last);
        }
        let response = ask.response().await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        response.into_body()
    }
}

/// Titles of a page's entries.
pub(crate) fn titles(entries: &Value) -> String {
    let entries = entries["entries"].as_array().unwrap().iter();
    entries.map(|entry| entry["song"]["title"].as_str().unwrap_or("-")).collect()
}

/// What comes next on a stream of events, comments left out.
pub(crate) async fn next_event(stream: &mut Body) -> Option<String> {
    loop {
        let frame = timeout(PATIENCE, stream.frame()).await.expect("an event")?;
        let text = String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap();
        if !text.starts_with(':') {
            return Some(text);
        }
    }
}
