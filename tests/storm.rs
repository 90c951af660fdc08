//! Uploads while whoever takes them in, and whoever packages them, is killed at random moments: every song that was accepted
//! ends ready or failed with a reason, in one version, with its events told, and nothing is left in the store that nobody
//! names. A few kills here; `make soak` does hundreds (SEGUE_STORM_UPLOADS, SEGUE_STORM_KILLS, SEGUE_STORM_SEED).

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]
#![allow(clippy::print_stderr, reason = "the seed and the counts are what a soak is run for")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::blocking::{Client, multipart};
use serde_json::Value;
use tempfile::TempDir;
use testkit::postgres::PostgresServer;
use testkit::server::{Running, Server};
use testkit::{signal, wav};

const SEGUE: &str = env!("CARGO_BIN_EXE_segue");
const RATE: u32 = 48_000;

/// How long songs may take to settle once nobody is killed any more.
const PATIENCE: Duration = Duration::from_secs(240);

/// How much is done, and when.
#[derive(Clone, Copy)]
struct Measure {
    uploads: u64,
    kills: u64,
    seed: u64,
}

impl Measure {
    fn told() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let seed = said("SEGUE_STORM_SEED").unwrap_or(now as u64);
        let uploads = said("SEGUE_STORM_UPLOADS").unwrap_or(4);
        let kills = said("SEGUE_STORM_KILLS").unwrap_or(8);
        Self { uploads, kills, seed }
    }
}

fn said<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

/// Numbers that look random, and are the same for each seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// All that runs, on one data folder.
struct Site {
    folder: TempDir,
    database: Option<PostgresServer>,
    up: Option<Running>,
    worker: Option<Child>,
    /// Where uploads go at the moment.
    url: Arc<Mutex<String>>,
}

impl Site {
    fn start(database: Option<PostgresServer>) -> Self {
        let url = Arc::default();
        let folder = TempDir::new().unwrap();
        let mut site = Self { folder, database, up: None, worker: None, url };
        site.start_up();
        site.start_worker();
        site
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn start_up(&mut self) {
        let log = self.folder.path().join("up.log");
        let server = Server::of(SEGUE).on(&self.data()).log_to(&log);
        let server = match &self.database {
            Some(database) => server.env("SEGUE_DATABASE_URL", &database.url()),
            None => server,
        };
        // Beside a worker there is one here, too.
        let up = server.start();
        up.url().clone_into(&mut self.url.lock().unwrap());
        self.up = Some(up);
    }

    fn start_worker(&mut self) {
        let Some(database) = &self.database else { return };
        let worker = Command::new(SEGUE)
            .args(["worker", "--admin-listen", "127.0.0.1:0", "--log", "warn", "--store"])
            .arg(self.data().join("objects"))
            .arg("--work")
            .arg(self.folder.path().join("work"))
            .env("SEGUE_DATABASE_URL", database.url())
            .stdout(Stdio::null())
            .spawn();
        self.worker = Some(worker.unwrap());
    }

    /// Kills the API, the worker or both, and starts again what was killed.
    fn kill(&mut self, which: u64) {
        let (api, worker) = match which {
            _ if self.database.is_none() => (true, false),
            0 => (true, false),
            1 => (false, true),
            _ => (true, true),
        };
        if worker {
            let mut killed = self.worker.take().unwrap();
            killed.kill().unwrap();
            killed.wait().unwrap();
        }
        if api {
            self.up.take().unwrap().kill();
            self.start_up();
        }
        if worker {
            self.start_worker();
        }
    }

    /// What one of our commands answers.
    fn segue(&self, arguments: &[&str]) -> String {
        let mut segue = Command::new(SEGUE);
        segue.args(arguments).arg("--data").arg(self.data());
        if let Some(database) = &self.database {
            segue.env("SEGUE_DATABASE_URL", database.url());
        }
        let output = segue.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn jobs(&self, state: &str) -> usize {
        self.segue(&["jobs", "list", "--limit", "10000", "--state", state]).lines().count()
    }

    /// Waits until no job is open; those of uploads whose answer got lost, too.
    fn settle(&self) {
        let deadline = Instant::now() + PATIENCE;
        while ["queued", "delayed", "running"].iter().any(|state| self.jobs(state) > 0) {
            assert!(Instant::now() < deadline, "{}", self.segue(&["jobs", "list"]));
            sleep(Duration::from_millis(200));
        }
    }

    /// The events that were told, by the song that they are about.
    fn told(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let journal = fs::read_to_string(self.data().join("events.jsonl")).unwrap();
        for line in journal.lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let body = &entry["body"];
            if let (Some(event), Some(song)) = (body["event"].as_str(), body["song"].as_str()) {
                told.entry(song.to_owned()).or_default().insert(event.to_owned());
            }
        }
        told
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(worker) = &mut self.worker {
            drop(worker.kill());
            drop(worker.wait());
        }
    }
}

/// Uploads songs while others are killed, each until it is accepted; answers the ids.
fn upload_all(
    url: &Mutex<String>,
    token: &str,
    folder: &Path,
    measure: &Measure,
    killed: &AtomicU64,
) -> Vec<String> {
    let client = Client::new();
    (0..measure.uploads)
        .map(|number| {
            // One after so many kills, so that the last of them still hit something.
            while killed.load(Ordering::Relaxed) * measure.uploads < number * measure.kills {
                sleep(Duration::from_millis(10));
            }
            let master = folder.join(format!("{number}.wav"));
            wav::write(&master, &signal::music(2 * RATE as usize, RATE, number), RATE);
            loop {
                if let Some(id) = upload(&client, &url.lock().unwrap().clone(), token, &master) {
                    return id;
                }
                sleep(Duration::from_millis(50));
            }
        })
        .collect()
}

/// None where the server is killed meanwhile, or its database has just died under it.
fn upload(client: &Client, url: &str, token: &str, master: &Path) -> Option<String> {
    let form = multipart::Form::new().text("title", "Song").file("file", master).unwrap();
    let request = client.post(format!("{url}/v1/songs")).bearer_auth(token).multipart(form);
    let answer = request.send().ok()?;
    let status = answer.status().as_u16();
    let song: Value = answer.json().ok()?;
    assert!(status == 202 || status >= 500, "{status}: {song}");
    (status == 202).then(|| song["id"].as_str().unwrap().to_owned())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn storm(database: Option<PostgresServer>) {
    let measure = Measure::told();
    eprintln!("SEGUE_STORM_SEED={} gives these moments again", measure.seed);
    let mut random = Random(measure.seed);
    let mut site = Site::start(database);
    let token = site.up.as_ref().unwrap().log_in();
    let masters = TempDir::new().unwrap();
    let killed = Arc::new(AtomicU64::new(0));
    let uploading = {
        let (url, token, killed) = (Arc::clone(&site.url), token.clone(), Arc::clone(&killed));
        let folder = masters.path().to_owned();
        thread::spawn(move || upload_all(&url, &token, &folder, &measure, &killed))
    };
    for _ in 0..measure.kills {
        sleep(Duration::from_millis(random.below(1_000)));
        site.kill(random.below(3));
        killed.fetch_add(1, Ordering::Relaxed);
    }
    let accepted = uploading.join().unwrap();
    site.settle();

    let up = site.up.as_ref().unwrap();
    let mut ready = Vec::new();
    for id in &accepted {
        let song = up.song(&token, id);
        match song["state"].as_str() {
            Some("ready") => ready.push(id),
            Some("failed") => assert!(!song["error"].as_str().unwrap().is_empty(), "{song}"),
            _ => panic!("{song}"),
        }
    }
    let (accepted, ready) = (accepted.iter().collect::<BTreeSet<_>>(), ready);
    // The outbox is told within a moment of the last job, or when a dead teller's time is over.
    let told_all = |told: &BTreeMap<String, BTreeSet<String>>| {
        accepted.iter().all(|id| {
            let end = if ready.contains(id) { "song.ready" } else { "song.failed" };
            told.get(*id).is_some_and(|told| told.contains("song.uploaded") && told.contains(end))
        })
    };
    let deadline = Instant::now() + PATIENCE;
    while !told_all(&site.told()) {
        assert!(Instant::now() < deadline, "events are lost: {:?}", site.told());
        sleep(Duration::from_millis(200));
    }

    let swept = site.segue(&["gc", "--grace", "0", "--json"]).lines().count();
    assert_eq!(site.segue(&["gc", "--grace", "0", "--dry-run", "--json"]), "");
    let objects = files(&site.data().join("objects"));
    let staged: Vec<_> = objects.iter().filter(|it| it.to_string_lossy().contains('#')).collect();
    assert!(staged.is_empty(), "{staged:?}");
    let assets = objects.iter().filter(|path| path.ends_with("asset.json"));
    let versions: Vec<_> = assets.map(|path| path.parent().unwrap()).collect();
    for id in &ready {
        let of_song = versions.iter().filter(|version| version.to_string_lossy().contains(*id));
        assert_eq!(of_song.count(), 1, "{id}");
    }
    for version in &versions {
        let mut inspect = Command::new(SEGUE);
        let output = inspect.args(["inspect", "--verify", "fast"]).arg(version).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    eprintln!(
        "{} kills, {} songs accepted, {} ready, {} versions, {swept} orphans swept",
        measure.kills,
        accepted.len(),
        ready.len(),
        versions.len(),
    );
}

#[test]
fn nothing_is_lost_on_sqlite() {
    storm(None);
}

#[test]
fn nothing_is_lost_on_postgres() {
    storm(Some(PostgresServer::start()));
}
