//! `segue up` and three `segue edge` on one NATS server: songs go in at one, play from all, and what is purged or
//! revoked is so on each once it has said so.

use std::thread::sleep;
use std::time::{Duration, Instant};

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
    server: Running,
    /// A listener's URL of the multivariant playlist, below the server's own.
    path: String,
    song: String,
    token: String,
    client: Client,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let nats = NatsServer::start();
        let folder = TempDir::new().expect("a temporary folder");
        let master = folder.path().join("master.wav");
        wav::write(&master, &signal::music(RATE as usize * 7, RATE, 3), RATE);
        let server = Server::of(env!("CARGO_BIN_EXE_segue"))
            .env("SEGUE_BUS", &nats.url())
            .arg("--node")
            .arg("up")
            .start();
        let token = server.log_in();
        let song = server.upload(&token, &master, "Everywhere");
        assert_eq!(server.settled(&token, &song)["state"], "ready");
        let url = server.playback(&token, &song)["hls"].as_str().expect("a URL").to_owned();
        let path = url.strip_prefix(server.url()).expect("its own").to_owned();
        Self { nats, server, path, song, token, client: Client::new(), _folder: folder }
    }

    fn edge(&self, name: &str) -> RunningEdge {
        let objects = self.server.data().join("objects");
        EdgeProcess::of(env!("CARGO_BIN_EXE_segue"))
            .env("SEGUE_ORIGIN", objects.to_str().expect("a path"))
            .env("SEGUE_JWKS", &format!("{}/.well-known/jwks.json", self.server.url()))
            .env("SEGUE_BUS", &self.nats.url())
            .env("SEGUE_NODE", name)
            .start()
    }

    fn get(&self, base: &str) -> Response {
        self.client.get(format!("{base}{}", self.path)).send().expect("an answer")
    }

    /// Tells all edges something, and waits until so many have acknowledged it. Their names.
    fn tell(&self, path: &str, body: &Value, edges: usize) -> Vec<String> {
        let url = format!("{}{path}", self.server.url());
        let said = self.client.post(url).bearer_auth(&self.token).json(body).send().expect("said");
        assert_eq!(said.status(), 202);
        let location = said.headers()["location"].to_str().expect("a path").to_owned();
        let end = Instant::now() + PATIENCE;
        loop {
            let url = format!("{}{location}", self.server.url());
            let progress = self.client.get(url).bearer_auth(&self.token).send().expect("an answer");
            let progress: Value = progress.json().expect("JSON");
            let by = progress["acknowledged"].as_array().expect("a list");
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

#[test]
fn what_is_said_to_one_holds_on_all() {
    let world = World::new();
    let edges = [world.edge("edge-1"), world.edge("edge-2"), world.edge("edge-3")];
    let index = world.get(world.server.url()).text().expect("a playlist");
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

    let me = world.client.post(format!("{}/v1/songs/{}/playback", world.server.url(), world.song));
    assert_eq!(me.bearer_auth(&world.token).send().expect("an answer").status(), 200);
    world.tell("/v1/revocations", &json!({"user": subject(&world.path)}), 4);
    let late = world.edge("edge-4");
    for url in edges.iter().chain([&late]).map(RunningEdge::url).chain([world.server.url()]) {
        let answer = world.get(url);
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["segue-refusal"]),
            (403, &"revoked".parse().expect("text"))
        );
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
