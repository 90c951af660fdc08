//! `segue backup` and `segue restore` as an operator uses them: the real binary, on both databases.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::postgres::PostgresServer;
use testkit::server::{Running, Server};
use testkit::shell::{stderr, stdout};

const SEGUE: &str = env!("CARGO_BIN_EXE_segue");
const PASSWORD: &str = "correct horse battery";

/// Where a catalogue is: its data folder, and the server that has the database, if that is not in the folder.
struct Site {
    data: PathBuf,
    database: Option<PostgresServer>,
}

impl Site {
    fn new(data: PathBuf, postgres: bool) -> Self {
        Self { data, database: postgres.then(PostgresServer::start) }
    }

    fn up(&self) -> Server {
        let server = Server::of(SEGUE).on(&self.data).with_demo();
        match &self.database {
            Some(database) => server.env("SEGUE_DATABASE_URL", &database.url()),
            None => server,
        }
    }

    fn segue(&self, command: &str, place: &Path) -> Output {
        let mut segue = Command::new(SEGUE);
        segue.arg(command).arg(place).arg("--data").arg(&self.data);
        if let Some(database) = &self.database {
            segue.env("SEGUE_DATABASE_URL", database.url());
        }
        segue.output().unwrap()
    }
}

/// What a listener has, and what their player gets.
#[derive(Debug, PartialEq)]
struct Seen {
    me: Value,
    playlist: Value,
    entries: Value,
    likes: Value,
    ogg: Vec<u8>,
    playlist_text: String,
}

fn asked(url: String, token: Option<&str>, body: Option<Value>) -> Value {
    let client = Client::new();
    let request = match &body {
        Some(body) => client.post(url).json(body),
        None => client.get(url),
    };
    let request = token.iter().fold(request, |request, token| request.bearer_auth(token));
    let answer = request.send().unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    answer.json().unwrap_or_default()
}

fn log_in(running: &Running) -> String {
    let login = json!({"login": "ann", "password": PASSWORD});
    let session = asked(format!("{}/v1/sessions", running.url()), None, Some(login));
    session["access_token"].as_str().unwrap().to_owned()
}

/// A listener with a playlist of the demo song, which is ready.
fn live_in(running: &Running) -> (String, String) {
    let admin = running.log_in();
    let song = running.songs(&admin)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(running.settled(&admin, &song)["state"], "ready");
    let ann = json!({"username": "ann", "email": "ann@example.com", "password": PASSWORD});
    asked(format!("{}/v1/users", running.url()), None, Some(ann));
    let token = log_in(running);
    let named = json!({"name": "Mine"});
    let list = asked(format!("{}/v1/playlists", running.url()), Some(&token), Some(named));
    let list = list["id"].as_str().unwrap().to_owned();
    add(running, &token, &list, &song);
    let like = format!("{}/v1/users/me/likes/{song}", running.url());
    let liked = Client::new().put(like).bearer_auth(&token).send().unwrap();
    assert!(liked.status().is_success(), "{liked:?}");
    (list, song)
}

fn add(running: &Running, token: &str, list: &str, song: &str) {
    let songs = json!({"songs_id": [song]});
    asked(format!("{}/v1/playlists/{list}/songs", running.url()), Some(token), Some(songs));
}

fn look(running: &Running, list: &str, song: &str) -> Seen {
    let token = log_in(running);
    let get = |path: &str| asked(format!("{}/v1/{path}", running.url()), Some(&token), None);
    let urls = running.playback(&token, song);
    let fetched = |url: &Value| {
        let answer = Client::new().get(url.as_str().unwrap()).send().unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        answer.bytes().unwrap().to_vec()
    };
    Seen {
        me: get("users/me"),
        playlist: get(&format!("playlists/{list}")),
        entries: get(&format!("playlists/{list}/entries")),
        likes: get("users/me/likes"),
        ogg: fetched(&urls["ogg"]["64"]),
        playlist_text: String::from_utf8(fetched(&urls["hls"])).unwrap(),
    }
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    stdout(output)
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", stderr(output));
    let said = stderr(output);
    assert_eq!(said.lines().count(), 1, "one sentence: {said}");
    said
}

/// Backed up while it is in use and written to, restored elsewhere, and there is everything.
fn moves(from_postgres: bool, to_postgres: bool) {
    let folder = TempDir::new().unwrap();
    let backups = folder.path().join("backups");
    let old = Site::new(folder.path().join("old"), from_postgres);
    let running = old.up().start();
    let (list, song) = live_in(&running);
    let before = look(&running, &list, &song);
    let token = log_in(&running);
    let said = std::thread::scope(|scope| {
        let backup = scope.spawn(|| done(&old.segue("backup", &backups)));
        // Whoever writes goes on.
        while !backup.is_finished() {
            let named = json!({"name": "Another"});
            asked(format!("{}/v1/playlists", running.url()), Some(&token), Some(named));
        }
        backup.join().unwrap()
    });
    assert!(said.contains("rows and") && said.contains("objects"), "{said}");
    add(&running, &token, &list, &song);
    drop(running);

    let new = Site::new(folder.path().join("new"), to_postgres);
    done(&new.segue("restore", &backups));
    let key = fs::metadata(new.data.join("keys/playback.pem")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let running = new.up().start();
    assert_eq!(look(&running, &list, &song), before, "as it was, without what came after");
    add(&running, &log_in(&running), &list, &song);

    // And where something is, nothing is restored.
    drop(running);
    let said = refused(&new.segue("restore", &backups));
    assert!(said.contains("is not empty"), "{said}");
}

#[test]
fn a_folder_is_restored_into_another() {
    moves(false, false);
}

#[test]
fn a_folder_moves_to_postgres() {
    moves(false, true);
}

#[test]
fn postgres_moves_into_a_folder() {
    moves(true, false);
}

/// A backup of a catalogue that nothing runs on.
fn backed_up(folder: &Path) -> (Site, PathBuf, PathBuf) {
    let site = Site::new(folder.join("data"), false);
    let running = site.up().start();
    live_in(&running);
    assert_eq!(running.terminate(), Some(0));
    let backups = folder.join("backups");
    done(&site.segue("backup", &backups));
    let whole = |entry: &PathBuf| entry.join("manifest.json").exists();
    let backup = fs::read_dir(&backups).unwrap().map(|it| it.unwrap().path()).find(whole);
    (site, backups, backup.unwrap())
}

#[test]
fn what_is_damaged_is_not_restored_and_nothing_is_made() {
    let folder = TempDir::new().unwrap();
    let (site, backups, backup) = backed_up(folder.path());
    let new = Site::new(folder.path().join("new"), false);
    let first = |folder: &Path| fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let object = first(&first(&backups.join("objects")));
    for (file, damage) in [
        (backup.join("manifest.json"), "cut"),
        (backup.join("tables/songs.jsonl.gz"), "cut"),
        (backup.join("tables/users.jsonl.gz"), "turned"),
        (backup.join("data/keys/playback.pem"), "turned"),
        (backup.join("objects.jsonl.gz"), "gone"),
        (object, "cut"),
    ] {
        let whole = fs::read(&file).unwrap();
        let mut bytes = whole.clone();
        // What else has the object's bytes keeps them.
        fs::remove_file(&file).unwrap();
        match damage {
            "cut" => bytes.truncate(whole.len() / 2),
            _ => bytes[whole.len() / 2] ^= 1,
        }
        if damage != "gone" {
            fs::write(&file, bytes).unwrap();
        }
        let said = refused(&new.segue("restore", &backups));
        assert!(said.contains(&*file.file_name().unwrap().to_string_lossy()), "{damage}: {said}");
        assert!(!new.data.exists());
        fs::write(&file, whole).unwrap();
    }
    let nothing = folder.path().join("nothing");
    fs::create_dir(&nothing).unwrap();
    assert!(refused(&new.segue("restore", &nothing)).contains("there is no backup in"));
    let nowhere = Site::new(folder.path().join("nowhere"), false);
    assert!(refused(&nowhere.segue("backup", &backups)).contains("there is no data folder"));
    // As it was, it is restored; and the one after it has nothing new.
    done(&new.segue("restore", &backups));
    assert!(done(&site.segue("backup", &backups)).contains("(0 new)"));
}

/// Objects are replaced under their names: every backup keeps what was there at its time.
#[test]
fn what_is_replaced_is_kept_as_it_was_and_as_it_is() {
    let folder = TempDir::new().unwrap();
    let (site, backups, first) = backed_up(folder.path());
    let masters = site.data.join("objects/masters");
    let master = fs::read_dir(&masters).unwrap().next().unwrap().unwrap().path();
    let old = fs::read(&master).unwrap();
    let new: Vec<u8> = old.iter().map(|byte| !byte).collect();
    for bytes in [&new, &new[..9].to_vec()] {
        fs::remove_file(&master).unwrap();
        fs::write(&master, bytes).unwrap();
        assert!(done(&site.segue("backup", &backups)).contains("(1 new)"));
        let restored = Site::new(folder.path().join(bytes.len().to_string()), false);
        done(&restored.segue("restore", &backups));
        let name = master.strip_prefix(&site.data).unwrap();
        assert_eq!(&fs::read(restored.data.join(name)).unwrap(), bytes);
        fs::remove_dir_all(&restored.data).unwrap();
        done(&restored.segue("restore", &first));
        assert_eq!(fs::read(restored.data.join(name)).unwrap(), old);
    }
}

/// The pool's file is the object's own, where both are on one disk: it rots with it, and is put anew when that is.
#[test]
fn what_has_rotted_in_the_pool_is_put_there_anew() {
    let folder = TempDir::new().unwrap();
    let (site, backups, _) = backed_up(folder.path());
    let masters = site.data.join("objects/masters");
    let master = fs::read_dir(&masters).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&master).unwrap();
    let rotten: Vec<u8> = good.iter().map(|byte| !byte).collect();
    fs::write(&master, &rotten).unwrap();
    let new = Site::new(folder.path().join("new"), false);
    assert!(refused(&new.segue("restore", &backups)).contains("is damaged"));
    fs::remove_file(&master).unwrap();
    fs::write(&master, &good).unwrap();
    assert!(done(&site.segue("backup", &backups)).contains("(1 new)"));
    done(&new.segue("restore", &backups));
    let name = master.strip_prefix(&site.data).unwrap();
    assert_eq!(fs::read(new.data.join(name)).unwrap(), good);
}

#[test]
fn a_backup_that_is_killed_leaves_the_last_one_and_a_restore_that_is_killed_nothing() {
    let folder = TempDir::new().unwrap();
    let (site, backups, backup) = backed_up(folder.path());
    let killed_after = |command: &str, data: &Path, ms: u64| {
        let mut segue = Command::new(SEGUE);
        segue.arg(command).arg(&backups).arg("--data").arg(data);
        let mut child = segue.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(ms));
        let _ = child.kill();
        child.wait().unwrap().success()
    };
    let new = folder.path().join("new");
    for ms in [0, 5, 10, 20, 30, 40, 60, 80] {
        killed_after("backup", &site.data, ms);
        assert!(backup.join("manifest.json").exists());
        let restored = killed_after("restore", &new, ms);
        assert_eq!(new.exists(), restored, "whole or not there");
        if restored {
            fs::remove_dir_all(&new).unwrap();
        }
    }
    let new = Site::new(new, false);
    done(&new.segue("restore", &backups));
    let running = new.up().start();
    assert_eq!(running.songs(&running.log_in()).len(), 1);
}
