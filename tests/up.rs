//! `segue up` as a person meets it: the real binary.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use reqwest::blocking::Client;
use serde_json::Value;
use tempfile::TempDir;
use testkit::server::Server;
use testkit::{signal, wav};

const SEGUE: &str = env!("CARGO_BIN_EXE_segue");
const RATE: u32 = 48_000;

fn server() -> Server {
    Server::of(SEGUE)
}

fn master(folder: &TempDir, seconds: usize) -> PathBuf {
    let path = folder.path().join("master.wav");
    wav::write(&path, &signal::music(seconds * RATE as usize, RATE, 3), RATE);
    path
}

fn fetch(url: &str) -> (u16, Vec<u8>) {
    let response = Client::new().get(url).send().expect("an answer");
    (response.status().as_u16(), response.bytes().expect("a body").to_vec())
}

/// Runs `segue up` where it must refuse to start.
fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String) {
    let Output { status, stderr, .. } = Command::new(SEGUE)
        .arg("up")
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&stderr).into_owned();
    (status.code().expect("an exit code"), said.lines().last().unwrap_or_default().to_owned())
}

/// The table by which the API's tests ask every route in every role has a row for each of the ingest endpoint's, too.
#[test]
fn every_route_that_is_served_has_its_row_in_the_table_of_access() {
    let running = server().start();
    let (_, description) = fetch(&format!("{}/openapi.json", running.url()));
    let description: Value = serde_json::from_slice(&description).unwrap();
    let paths = description["paths"].as_object().unwrap().iter();
    let served = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| {
            let access = operation["x-access"].as_str().unwrap();
            format!("{access} {method} {path}")
        })
    });
    let rows = include_str!("../edge/api/tests/access.txt").lines();
    let rows = rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "));
    assert_eq!(served.collect::<BTreeSet<_>>(), rows.collect::<BTreeSet<_>>());
}

#[test]
fn an_upload_becomes_urls_that_play() {
    let folder = TempDir::new().unwrap();
    let running = server().start();
    let urls = running.published(&master(&folder, 2), "A song");
    let (status, playlist) = fetch(urls["hls"].as_str().expect("hls"));
    assert_eq!(status, 200);
    assert!(playlist.starts_with(b"#EXTM3U"));
    for rate in ["64", "128", "320"] {
        let (status, ogg) = fetch(urls["ogg"][rate].as_str().expect("an Ogg"));
        assert_eq!(status, 200);
        assert!(ogg.starts_with(b"OggS"));
    }
    let unsigned = urls["hls"].as_str().expect("hls").split("/artist/").nth(1).expect("a path");
    assert_eq!(fetch(&format!("{}/artist/{unsigned}", running.url())).0, 401);
}

#[test]
fn words_fail_with_a_reason_and_the_server_goes_on() {
    let folder = TempDir::new().unwrap();
    let words = folder.path().join("words.flac");
    std::fs::write(&words, "these are words").unwrap();
    let running = server().start();
    let token = running.log_in();
    let failed = running.settled(&token, &running.upload(&token, &words, "Words"));
    assert_eq!(failed["state"], "failed");
    assert!(failed["error"].as_str().expect("a reason").contains("accepted are WAV"), "{failed}");
    let id = running.upload(&token, &master(&folder, 1), "Song");
    assert_eq!(running.settled(&token, &id)["state"], "ready");
}

#[test]
fn a_job_killed_in_mid_work_is_finished_after_the_restart() {
    let (folder, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let running = server().on(data.path()).start();
    let token = running.log_in();
    // Long enough that the kill comes in mid-work.
    let id = running.upload(&token, &master(&folder, 120), "Long song");
    wait_for_output(data.path());
    assert_eq!(running.song(&token, &id)["state"], "processing");
    running.kill();

    let again = server().on(data.path()).start();
    let token = again.log_in();
    let song = again.settled(&token, &id);
    assert_eq!(song["state"], "ready", "{song}");
    assert_eq!(song["duration_ms"], 120_000);
    assert_eq!(fetch(again.playback(&token, &id)["hls"].as_str().expect("hls")).0, 200);
    assert_eq!(entries(&data.path().join("work/packages")), 0, "leftovers are cleaned");
}

#[test]
fn the_same_bytes_twice_are_one_version_and_one_master() {
    let (folder, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let running = server().on(data.path()).start();
    let (token, master) = (running.log_in(), master(&folder, 1));
    let ids = [0, 1].map(|_| running.upload(&token, &master, "Twice"));
    let songs = ids.map(|id| running.settled(&token, &id));
    assert_eq!(songs[0]["version"], songs[1]["version"]);
    assert!(songs[0]["version"].is_string(), "{}", songs[0]);
    assert_eq!(entries(&data.path().join("objects/masters")), 1);
}

#[test]
fn the_demo_song_is_ready_on_the_first_run_and_public() {
    let running = server().with_demo().start();
    let token = running.log_in();
    let songs: Value = Client::new()
        .get(format!("{}/v1/songs", running.url()))
        .bearer_auth(&token)
        .send()
        .and_then(reqwest::blocking::Response::json)
        .expect("a list");
    let id = songs["songs"][0]["id"].as_str().expect("the demo song").to_owned();
    assert_eq!(running.settled(&token, &id)["state"], "ready");
    let (status, public) = fetch(&format!("{}/v1/songs", running.url()));
    assert_eq!(status, 200);
    assert!(String::from_utf8_lossy(&public).contains(&id));
}

#[test]
fn what_cannot_start_says_why_in_one_sentence() {
    let folder = TempDir::new().unwrap();
    let text = |name: &str| folder.path().join(name).display().to_string();
    let (data, file, config) = (text("data"), text("file"), text("segue.toml"));
    std::fs::write(&file, "").unwrap();
    std::fs::write(&config, "workerz = 1\n").unwrap();
    let at = |folder: &str| {
        ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data", folder]
            .map(str::to_owned)
            .to_vec()
    };
    for (arguments, code, part) in [
        (vec!["--listen".into(), "8080".into()], 2, "listen = '8080'"),
        (vec!["--workers".into(), "0".into()], 2, "without workers here"),
        (vec!["--workers".into(), "65".into()], 2, "from 0 to 64"),
        (vec!["--tls-cert".into(), "a.pem".into()], 2, "set both or neither"),
        (vec!["--config".into(), config], 2, "unknown key 'workerz'"),
        (at(&file), 1, "cannot be written"),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (got, said) = refused(&arguments, &[]);
        assert_eq!(got, code, "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
    let (code, said) = refused(&["--data", &data], &[("SEGUE_UPLOAD_LIMIT", "big")]);
    assert_eq!(code, 2);
    assert!(said.contains("SEGUE_UPLOAD_LIMIT") && said.contains("accepted is a size"), "{said}");
}

#[test]
fn a_taken_folder_or_port_is_refused() {
    let data = TempDir::new().unwrap();
    let running = server().on(data.path()).start();
    let free = ["--admin-listen", "127.0.0.1:0"];
    let path = data.path().display().to_string();
    let (code, said) =
        refused(&[free[0], free[1], "--listen", "127.0.0.1:0", "--data", &path], &[]);
    assert_eq!((code, said.contains("in use by another segue up")), (1, true), "{said}");

    let other = TempDir::new().unwrap();
    let path = other.path().display().to_string();
    let port = running.url().trim_start_matches("http://").to_owned();
    let (code, said) = refused(&[free[0], free[1], "--listen", &port, "--data", &path], &[]);
    assert_eq!((code, said.contains("cannot listen on")), (1, true), "{said}");
}

#[test]
fn a_signal_ends_it_well() {
    let data = TempDir::new().unwrap();
    let mut child = Command::new(SEGUE)
        .args(["up", "--no-demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .arg("--data")
        .arg(data.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    assert!(line().contains("Log in as admin with the password"), "one was generated");
    assert!(line().starts_with("Segue is at http://127.0.0.1:"));
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(killed.expect("kill runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// Waits until the packager has written something.
fn wait_for_output(data: &Path) {
    let packages = data.join("work/packages");
    let wrote = || {
        let benches = std::fs::read_dir(&packages).into_iter().flatten().flatten();
        benches.map(|bench| bench.path().join("package/ogg/64.ogg")).any(|path| path.exists())
    };
    while !wrote() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}
