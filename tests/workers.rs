//! `segue worker` beside `segue up --workers 0`: several processes on one PostgreSQL and one store.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use bus::Bus;
use reqwest::blocking::Client;
use serde_json::Value;
use tempfile::TempDir;
use testkit::nats::NatsServer;
use testkit::postgres::PostgresServer;
use testkit::server::Server;
use testkit::{signal, wav};
use tokio::time::timeout;

const SEGUE: &str = env!("CARGO_BIN_EXE_segue");
const RATE: u32 = 48_000;

/// How long anything that a test waits for may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A worker process with a work folder of its own.
struct WorkerProcess {
    child: Child,
    /// Where its probes are.
    admin: String,
    work: PathBuf,
    _stdout: BufReader<ChildStdout>,
}

impl WorkerProcess {
    fn start(database: &PostgresServer, bus: &str, store: &Path, work: &Path) -> Self {
        let mut child = Command::new(SEGUE)
            .args(["worker", "--admin-listen", "127.0.0.1:0", "--store"])
            .arg(store)
            .arg("--work")
            .arg(work)
            .env("SEGUE_DATABASE_URL", database.url())
            .env("SEGUE_BUS", bus)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let admin = line.trim().rsplit_once(' ').expect("where it is").1.to_owned();
        Self { child, admin, work: work.to_owned(), _stdout: stdout }
    }

    /// Whether it makes a song at the moment.
    fn is_busy(&self) -> bool {
        fs::read_dir(self.work.join("packages")).unwrap().next().is_some()
    }

    fn tell_to_end(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.unwrap().success());
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Answers what is said of the work on a song, on the bus that carries what has happened: the first of it.
fn first_remark(bus: &str) -> impl FnOnce() -> Value + use<> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let prefix = "segue-events".parse().unwrap();
    let bus = runtime.block_on(Bus::connect(bus, &prefix)).unwrap();
    let mut remarks = runtime.block_on(bus.overhear()).unwrap();
    move || {
        let next = async { timeout(PATIENCE, remarks.next()).await };
        runtime.block_on(next).expect("a remark").unwrap()
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(5));
    }
}

fn master(folder: &Path, name: &str, seconds: usize, seed: u64) -> PathBuf {
    let path = folder.join(name);
    wav::write(&path, &signal::music(seconds * RATE as usize, RATE, seed), RATE);
    path
}

#[test]
fn two_workers_share_the_songs_and_one_finishes_what_the_other_died_with() {
    let (folder, database, nats) =
        (TempDir::new().unwrap(), PostgresServer::start(), NatsServer::start());
    let bus = nats.url();
    let up = Server::of(SEGUE).arg("--workers").arg("0").env("SEGUE_BUS", &bus);
    let up = up.env("SEGUE_DATABASE_URL", &database.url()).start();
    let remark = first_remark(&bus);
    let (token, store) = (up.log_in(), up.data().join("objects"));
    let songs: Vec<_> = (0..2)
        .map(|seed| master(folder.path(), &format!("{seed}.wav"), 30, seed))
        .map(|master| up.upload(&token, &master, "Song"))
        .collect();
    let start =
        |name: &str| WorkerProcess::start(&database, &bus, &store, &folder.path().join(name));
    let (mut one, mut other) = (start("one"), start("other"));
    let probe = |path: &str| Client::new().get(format!("{}{path}", one.admin)).send().unwrap();
    assert_eq!(probe("/healthz").status(), 200);
    assert_eq!(probe("/metrics").status(), 200);
    wait_until("each has a song", || one.is_busy() && other.is_busy());
    let remark = remark();
    assert!(songs.iter().any(|song| remark["song"] == **song), "{remark}");
    wait_until("it is ready", || probe("/readyz").status() == 200);

    // One is killed, and the other is told to end: what it has in hand waits for nobody.
    one.child.kill().unwrap();
    one.child.wait().unwrap();
    other.tell_to_end();
    assert!(other.child.wait().unwrap().success());
    let open = database.query("SELECT COUNT(*) FROM jobs WHERE state = 'open' AND lease IS NULL");
    assert_eq!(open.trim(), "1", "it was handed back");
    let other = start("other");
    for song in &songs {
        let song = up.settled(&token, song);
        assert_eq!(song["state"], "ready", "{song}");
    }
    let versions = database.query("SELECT COUNT(*) FROM versions");
    assert_eq!(versions.trim(), "2", "one each");
    assert!(!other.is_busy());

    let again = Command::new(SEGUE)
        .args(["worker", "--admin-listen", "127.0.0.1:0", "--store"])
        .arg(&store)
        .arg("--work")
        .arg(&other.work)
        .env("SEGUE_DATABASE_URL", database.url())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(!again.status.success() && said.contains("in use by another segue worker"), "{said}");
}
