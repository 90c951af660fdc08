//! `segue up` and three `segue edge` on one NATS server: songs go in at one, play from all, and what is purged or
//! revoked is so on each once it has said so. What is withdrawn is so on each, though one was down and another died.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::edge::{EdgeProcess, RunningEdge};
use testkit::nats::NatsServer;
use testkit::server::{Running, Server};
use testkit::shell::{Shell, stderr};
use testkit::{signal, wav};

const PATIENCE: Duration = Duration::from_secs(60);
const RATE: u32 = 48_000;

struct World {
    nats: NatsServer,
    server: Option<Running>,
    /// A listener's URL of the multivariant playlist, below the server's own.
    path: String,
    song: String,
    token: String,
    client: Client,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let nats = NatsServer::start();
        let folder = TempDir::new().expect("a temporary folder");
        let master = folder.path().join("master.wav");
        wav::write(&master, &signal::music(RATE as usize * 7, RATE, 3), RATE);
        let server = start(&nats, folder.path());
        let token = server.log_in();
        let song = server.upload(&token, &master, "Everywhere");
        assert_eq!(server.settled(&token, &song)["state"], "ready");
        let url = server.playback(&token, &song)["hls"].as_str().expect("a URL").to_owned();
        let path = url.strip_prefix(server.url()).expect("its own").to_owned();
        Self { nats, server: Some(server), path, song, token, client: Client::new(), folder }
    }

    fn server(&self) -> &Running {
        self.server.as_ref().expect("it runs")
    }

    /// The server is killed, and comes back.
    fn dies_and_comes_back(&mut self) {
        self.server.take().expect("it runs").kill();
        self.server = Some(start(&self.nats, self.folder.path()));
    }

    fn edge(&self, name: &str) -> RunningEdge {
        let objects = self.server().data().join("objects");
        EdgeProcess::of(env!("CARGO_BIN_EXE_segue"))
            .env("SEGUE_ORIGIN", objects.to_str().expect("a path"))
            .env("SEGUE_JWKS", &format!("{}/.well-known/jwks.json", self.server().url()))
            .env("SEGUE_BUS", &self.nats.url())
            .env("SEGUE_NODE", name)
            .start()
    }

    /// Asks the server something about the song.
    fn change(&self, method: Method, path: &str) -> Value {
        let url = format!("{}/v1/songs/{}{path}", self.server().url(), self.song);
        let answer = self.client.request(method, url).bearer_auth(&self.token).send();
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json().expect("JSON")
    }

    /// Waits until an edge answers so.
    fn until(&self, edge: &str, status: u16) {
        let end = Instant::now() + PATIENCE;
        while self.get(edge).status() != status {
            assert!(Instant::now() < end, "{edge} does not answer {status}");
            sleep(Duration::from_millis(5));
        }
    }

    fn get(&self, base: &str) -> Response {
        self.client.get(format!("{base}{}", self.path)).send().expect("an answer")
    }

    /// Tells all edges something, and waits until so many have acknowledged it. Their names.
    fn tell(&self, path: &str, body: &Value, edges: usize) -> Vec<String> {
        let url = format!("{}{path}", self.server().url());
        let said = self.client.post(url).bearer_auth(&self.token).json(body).send().expect("said");
        assert_eq!(said.status(), 202);
        let location = said.headers()["location"].to_str().expect("a path").to_owned();
        self.receipts(&location, edges)
    }

    /// Waits until so many edges have acknowledged what was said. Their names.
    fn receipts(&self, location: &str, edges: usize) -> Vec<String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let url = format!("{}{location}", self.server().url());
            let progress = self.client.get(url).bearer_auth(&self.token).send().expect("an answer");
            let progress: Value = progress.json().expect("JSON");
            let none = Vec::new();
            let by = progress["acknowledged"].as_array().unwrap_or(&none);
            if by.len() >= edges {
                return by
                    .iter()
                    .map(|it| it["edge"].as_str().expect("a name").to_owned())
                    .collect();
            }
            assert!(Instant::now() < end, "{progress}");
            sleep(Duration::from_millis(10));
        }
    }
}

fn start(nats: &NatsServer, folder: &Path) -> Running {
    Server::of(env!("CARGO_BIN_EXE_segue"))
        .on(&folder.join("data"))
        .env("SEGUE_BUS", &nats.url())
        .arg("--node")
        .arg("up")
        .start()
}

#[test]
fn what_is_said_to_one_holds_on_all() {
    let world = World::new();
    let edges = [world.edge("edge-1"), world.edge("edge-2"), world.edge("edge-3")];
    let index = world.get(world.server().url()).text().expect("a playlist");
    for edge in &edges {
        let answer = world.get(edge.url());
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().expect("a playlist"), index);
        let again = world.get(edge.url());
        assert!(again.headers()["cache-status"].to_str().expect("text").contains("hit"));
    }

    let purge = json!({"keys": [format!("song:{}", world.song)]});
    let by = world.tell("/v1/purges", &purge, 4);
    assert_eq!(by, ["edge-1", "edge-2", "edge-3", "up"]);
    for edge in &edges {
        let status = world.get(edge.url()).headers()["cache-status"].to_str().map(str::to_owned);
        assert!(!status.expect("text").contains("hit"), "it was forgotten");
    }

    let me =
        world.client.post(format!("{}/v1/songs/{}/playback", world.server().url(), world.song));
    assert_eq!(me.bearer_auth(&world.token).send().expect("an answer").status(), 200);
    world.tell("/v1/revocations", &json!({"user": subject(&world.path)}), 4);
    let late = world.edge("edge-4");
    for url in edges.iter().chain([&late]).map(RunningEdge::url).chain([world.server().url()]) {
        let answer = world.get(url);
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["segue-refusal"]),
            (403, &"revoked".parse().expect("text"))
        );
    }
}

#[test]
fn what_is_taken_down_is_so_on_each_and_on_who_was_down() {
    let mut world = World::new();
    let edges = [world.edge("edge-1"), world.edge("edge-2")];
    let third = world.edge("edge-3");
    for url in edges.iter().chain([&third]).map(RunningEdge::url) {
        assert_eq!(world.get(url).status(), 200);
    }
    drop(third);
    let taken = world.change(Method::DELETE, "");
    assert_eq!(taken["state"], "withdrawn");
    let notice = format!("/v1/purges/{}", taken["notice"].as_str().expect("an id"));
    assert_eq!(world.receipts(&notice, 3), ["edge-1", "edge-2", "up"]);
    let third = world.edge("edge-3");
    for url in edges.iter().chain([&third]).map(RunningEdge::url).chain([world.server().url()]) {
        let answer = world.get(url);
        let refusal = &answer.headers()["segue-refusal"];
        assert_eq!((answer.status().as_u16(), refusal), (410, &"withdrawn".parse().expect("text")));
    }
    assert_eq!(world.receipts(&notice, 4), ["edge-1", "edge-2", "edge-3", "up"]);

    // Whoever answered dies before it can have told anybody, or just after.
    for (method, path, state, status) in [
        (Method::POST, "/restoration", "ready", 200),
        (Method::DELETE, "", "withdrawn", 410),
        (Method::POST, "/restoration", "ready", 200),
    ] {
        assert_eq!(world.change(method, path)["state"], state);
        world.dies_and_comes_back();
        for edge in edges.iter().chain([&third]) {
            world.until(edge.url(), status);
        }
    }
}

/// Whom the token in the path was minted for.
fn subject(path: &str) -> String {
    use base64::Engine;
    let token = path.split('/').nth(2).expect("a token");
    let claims = token.split('.').nth(1).expect("claims");
    let claims =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["sub"].as_str().expect("a listener").to_owned()
}

#[test]
fn an_edge_says_what_it_lacks() {
    let shell = Shell::of(env!("CARGO_BIN_EXE_segue"));
    let said = shell.run(&["edge"]);
    assert_eq!(said.status.code(), Some(2));
    assert!(stderr(&said).contains("origin is missing"), "{}", stderr(&said));
}
