//! Who listens to a playlist hears of its edits from the real binary at once.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::io::{BufRead, BufReader};
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use testkit::server::{Running, Server};

/// For all edits together. A stream looks for itself every 15 s: nine looks do not fit in here.
const PATIENCE: Duration = Duration::from_secs(60);

const EDITS: u64 = 10;

struct Playlist<'a> {
    server: &'a Running,
    token: String,
    path: String,
}

impl<'a> Playlist<'a> {
    fn made_on(server: &'a Running) -> Self {
        let token = server.log_in();
        let request = Client::new().post(format!("{}/v1/playlists", server.url()));
        let made = request.bearer_auth(&token).json(&json!({"name": "Ours"})).send().unwrap();
        let made: Value = made.json().unwrap();
        let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
        Self { server, token, path }
    }

    fn events(&self) -> BufReader<Response> {
        let url = format!("{}{}/events", self.server.url(), self.path);
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        BufReader::new(client.get(url).bearer_auth(&self.token).send().unwrap())
    }

    fn edit(&self, number: u64) {
        let url = format!("{}{}", self.server.url(), self.path);
        let request = Client::new().patch(url).bearer_auth(&self.token);
        let edited = request.json(&json!({"description": number.to_string()})).send().unwrap();
        assert_eq!(edited.status(), 200);
    }
}

/// The version that the next event tells.
fn next_version(events: &mut BufReader<Response>) -> u64 {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(events.read_line(&mut line).expect("an event in time") > 0, "the stream ended");
        if let Some(id) = line.strip_prefix("id:") {
            return id.trim().parse().unwrap();
        }
    }
}

#[test]
fn edits_are_heard_one_by_one_as_they_happen() {
    let server = Server::of(env!("CARGO_BIN_EXE_segue")).start();
    let playlist = Playlist::made_on(&server);
    let mut events = playlist.events();
    assert_eq!(next_version(&mut events), 1);
    for edit in 1..=EDITS {
        playlist.edit(edit);
        assert_eq!(next_version(&mut events), 1 + edit);
    }
}
