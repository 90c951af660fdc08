//! What stands behind a node: `segue up` as the API and as the edge that is pulled from, with songs.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use media::Kbps;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::server::{Running, Server};
use testkit::{Frame, signal, wav};
use token::{SigningKey, playback};

pub(crate) const RATE: usize = 48_000;
pub(crate) const EDGE_SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const PURGE_SECRET: &str = "fedcba9876543210fedcba9876543210";

/// Two listeners.
pub(crate) const ANNA: &str = "0190d2a5-7c1e-7bbb-8123-00000000000a";
pub(crate) const BERT: &str = "0190d2a5-7c1e-7bbb-8123-00000000000b";

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    server: Option<Running>,
    /// Where the edge is, or was.
    pub(crate) edge: String,
    pub(crate) songs: Vec<Song>,
    pub(crate) key: SigningKey,
    access: String,
    pub(crate) folder: TempDir,
}

pub(crate) struct Song {
    pub(crate) id: String,
    /// `artist/…/{version}`.
    pub(crate) prefix: String,
    pub(crate) master: Vec<Frame>,
}

impl World {
    /// With songs of these lengths in seconds.
    pub(crate) fn with_songs(seconds: &[usize]) -> Self {
        Self::with_settings(&[], seconds)
    }

    /// The same of a server with more arguments.
    pub(crate) fn with_settings(arguments: &[&str], seconds: &[usize]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let server = Server::of(env!("CARGO_BIN_EXE_segue"))
            .env("SEGUE_EDGE_SECRET", EDGE_SECRET)
            .log_to(&folder.path().join("edge.log"));
        let server = arguments.iter().fold(server, |server, it| server.arg(*it)).start();
        let pem = fs::read_to_string(server.data().join("keys/playback.pem")).expect("the key");
        let access = server.log_in();
        let songs = (0..).zip(seconds);
        let songs = songs.map(|(n, seconds)| song(&server, &access, folder.path(), n, *seconds));
        Self {
            songs: songs.collect(),
            edge: server.url().to_owned(),
            key: SigningKey::from_pem(&pem).expect("a key"),
            server: Some(server),
            access,
            folder,
        }
    }

    /// Where its edge listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let address = self.edge.strip_prefix("http://").expect("in the clear");
        address.parse().expect("an address")
    }

    /// A listener's token for a song.
    pub(crate) fn token(&self, song: &Song, user: &str, max_kbps: u16) -> String {
        minted(&self.key, &song.prefix, user, max_kbps)
    }

    /// The path that a token for all of the song opens.
    pub(crate) fn path(&self, song: &Song, user: &str, file: &str) -> String {
        format!("/t/{}/{}/{file}", self.token(song, user, 320), song.prefix)
    }

    /// The key set as a node's operator gets it.
    pub(crate) fn fetch_keys(&self, file: &Path) {
        let url = format!("{}/.well-known/jwks.json", self.edge);
        let script = infra().join("fetch-keys");
        let fetched = Command::new(script).arg(url).arg(file).status();
        assert!(fetched.expect("fetch-keys runs").success());
    }

    /// What the edge has logged of GETs of this file: how each came out of its cache.
    pub(crate) fn reads(&self, song: &Song, file: &str) -> Vec<String> {
        let path = format!("{}/{file}", song.prefix);
        self.log()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|event| event["target"] == "access" && event["fields"]["path"] == path)
            .map(|event| {
                assert_eq!(event["fields"]["method"], "GET", "{event}");
                event["fields"]["cache"].as_str().unwrap_or_default().to_owned()
            })
            .collect()
    }

    /// Waits until the edge was read so often for this file, and says how each read came out of its cache. One that
    /// comes too many is seen by whoever looks again at the end.
    pub(crate) fn reads_once_there_are(
        &self,
        count: usize,
        song: &Song,
        file: &str,
    ) -> Vec<String> {
        until("the edge has logged it", || self.reads(song, file).len() >= count);
        self.reads(song, file)
    }

    /// All that the edge has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("edge.log")).expect("a log")
    }

    /// Where the origin keeps a file.
    pub(crate) fn stored(&self, song: &Song, file: &str) -> PathBuf {
        self.objects().join(&song.prefix).join(file)
    }

    /// Has the edge purge what has this surrogate key, and waits until it holds.
    pub(crate) fn purge_edge(&self, key: &str) {
        let client = Client::new();
        let request = client.post(format!("{}/v1/purges", self.edge)).bearer_auth(&self.access);
        let said = request.json(&json!({"keys": [key]})).send().expect("an answer");
        assert_eq!(said.status(), 202);
        let location = said.headers()["location"].to_str().expect("a path").to_owned();
        until("the edge has purged", || {
            let url = format!("{}{location}", self.edge);
            let progress = client.get(url).bearer_auth(&self.access).send().expect("an answer");
            progress.json::<Value>().expect("JSON")["complete"] == true
        });
    }

    /// What the API answers an admin: status and JSON.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let request = Client::new().request(method, format!("{}{path}", self.edge));
        let request = request.bearer_auth(&self.access);
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().expect("an answer");
        (answer.status().as_u16(), answer.json().unwrap_or(Value::Null))
    }

    /// The origin's folder.
    pub(crate) fn objects(&self) -> PathBuf {
        self.server.as_ref().expect("it runs").data().join("objects")
    }

    /// Kills API and edge.
    pub(crate) fn kill_edge(&mut self) {
        self.server.take().expect("it ran").kill();
    }
}

fn song(server: &Running, access: &str, folder: &Path, number: u64, seconds: usize) -> Song {
    let path = folder.join(format!("{number}.wav"));
    let master = signal::music(seconds * RATE, RATE as u32, number + 1);
    wav::write(&path, &master, RATE as u32);
    let id = server.upload(access, &path, &format!("Song {number}"));
    assert_eq!(server.settled(access, &id)["state"], "ready");
    let playback = server.playback(access, &id);
    let url = playback["hls"].as_str().expect("a URL");
    let prefix = url.split_once("/artist/").and_then(|(_, path)| path.rsplit_once('/'));
    Song { id, prefix: format!("artist/{}", prefix.expect("a path").0), master }
}

/// A token that `key` signs.
pub(crate) fn minted(key: &SigningKey, prefix: &str, user: &str, max_kbps: u16) -> String {
    let grant = playback::Grant {
        user: user.parse().expect("a UUID"),
        prefix: prefix.parse().expect("a folder"),
        max_kbps: Kbps(max_kbps),
        duration: Duration::from_secs(210),
    };
    playback::mint(key, &grant, SystemTime::now()).token
}

/// Where what is tested here lies.
pub(crate) fn infra() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("infra/cdn")
}

pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(20));
    }
}
