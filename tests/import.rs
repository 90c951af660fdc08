//! `segue import` into a running catalogue.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::server::{ADMIN_PASSWORD, Running, Server};
use testkit::shell::{Shell, json_lines, stderr, stdout};

fn server() -> Running {
    Server::of(env!("CARGO_BIN_EXE_segue")).start()
}

fn shell() -> Shell {
    Shell::of(env!("CARGO_BIN_EXE_segue")).env("SEGUE_PASSWORD", ADMIN_PASSWORD)
}

#[test]
fn a_folder_arrives_in_the_catalogue_and_plays() {
    let (server, shell) = (server(), shell());
    shell.master("music/First song.wav", 48_000, 1);
    shell.master("music/b/Second.wav", 96_000, 2);
    fs::write(shell.path("music/cover.txt"), "a picture, in words").unwrap();
    let torn = fs::read(shell.master("torn.wav", 48_000, 3)).unwrap();
    fs::write(shell.path("music/torn.wav"), &torn[..torn.len() / 2]).unwrap();
    let import = [
        "import",
        "music",
        "--server",
        server.url(),
        "--user",
        "admin",
        "--artist",
        "Ann",
        "--album",
        "Both",
        "--json",
    ];
    let output = shell.run(&import);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let lines = json_lines(&output);
    let of = |end: &str, lines: &[Value]| -> Value {
        lines.iter().find(|it| it["file"].as_str().unwrap().ends_with(end)).unwrap().clone()
    };
    assert_eq!(of("cover.txt", &lines)["state"], "skipped");
    let torn = of("torn.wav", &lines);
    assert_eq!(torn["state"], "failed");
    assert!(torn["error"].as_str().unwrap().contains("cut off"), "{torn}");
    let second = of("Second.wav", &lines);
    assert_eq!((&second["state"], &second["duration_ms"]), (&"imported".into(), &2_000.into()));

    let token = server.log_in();
    let first = of("First song.wav", &lines);
    let song = server.song(&token, first["id"].as_str().unwrap());
    assert_eq!(song["title"], "First song");
    assert_eq!((&song["artist"], &song["album"]), (&"Ann".into(), &"Both".into()));
    let playback = server.playback(&token, first["id"].as_str().unwrap());
    let heard = testkit::ffmpeg::Ffmpeg::V8.decode(playback["hls"].as_str().unwrap());
    assert!(heard.len() >= 48_000);

    // Again: what is there is left alone, what failed is told and not sent again.
    let again = json_lines(&shell.run(&import));
    assert_eq!(of("First song.wav", &again)["state"], "already-there");
    assert_eq!(of("First song.wav", &again)["id"], first["id"]);
    assert_eq!(of("torn.wav", &again)["error"], torn["error"]);
}

#[test]
fn a_killed_import_goes_on_where_it_was() {
    let (server, shell) = (server(), shell());
    for seed in 1..=4 {
        shell.master(&format!("music/{seed}.wav"), 96_000, seed);
    }
    let import = ["import", "music", "--server", server.url(), "--user", "admin", "--jobs", "1"];
    let mut child = shell.command(&import).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut said = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    assert!(line.contains("imported as"), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();

    let output = shell.run(&import);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).starts_with(&line.replace("imported", "already there")));
    let songs = songs(&server);
    assert_eq!(songs.len(), 4, "each master is there once: {songs:?}");
    assert!(songs.iter().all(|song| song["state"] == "ready"), "{songs:?}");
}

#[test]
fn a_server_that_refuses_or_is_not_there_is_one_sentence() {
    let (server, shell) = (server(), shell());
    shell.master("song.wav", 48_000, 1);
    let import = |shell: &Shell, url: &str, user: &str| {
        shell.run(&["import", "song.wav", "--server", url, "--user", user, "--patience", "1"])
    };
    let stranger = import(&shell, server.url(), "nobody");
    assert_eq!(stranger.status.code(), Some(1));
    assert_eq!(
        stderr(&stranger),
        "segue: the server refuses: Login and password do not belong together.\n"
    );
    let nowhere = import(&shell, "http://127.0.0.1:9", "admin");
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).starts_with("segue: the server fails: "), "{}", stderr(&nowhere));
    let nobody = Shell::of(env!("CARGO_BIN_EXE_segue"));
    let nobody = nobody.run(&["import", "x.wav", "--server", server.url()]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(stderr(&nobody).contains("say who uploads"), "{}", stderr(&nobody));
}

#[test]
fn tags_name_what_is_imported() {
    let (server, shell) = (server(), shell());
    let plain = shell.master("plain.wav", 48_000, 1);
    let tags = ["-metadata", "title=A song", "-metadata", "artist=Ann", "-metadata", "date=1997"];
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(&plain)
        .args(tags)
        .arg(shell.path("01.flac"))
        .status();
    assert!(made.unwrap().success());
    let import =
        ["import", "01.flac", "--server", server.url(), "--user", "admin", "--album", "Said"];
    assert!(shell.run(&import).status.success());
    let song = songs(&server).remove(0);
    assert_eq!((&song["title"], &song["artist"]), (&"A song".into(), &"Ann".into()));
    assert_eq!((&song["album"], &song["release_year"]), (&"Said".into(), &1997.into()));
}

/// A master with tags.
fn tagged(shell: &Shell, name: &str, seed: u64, tags: &[&str]) {
    let plain = shell.master("plain.wav", 48_000, seed);
    let mut command = std::process::Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-i"]).arg(&plain);
    for tag in tags {
        command.args(["-metadata", tag]);
    }
    let out = shell.path(name);
    fs::create_dir_all(out.parent().unwrap()).unwrap();
    assert!(command.arg(out).status().unwrap().success());
    fs::remove_file(plain).unwrap();
}

#[test]
fn a_compilation_is_one_album_whoever_plays() {
    let (server, shell) = (server(), shell());
    tagged(&shell, "hits/1.flac", 1, &["title=A", "artist=Ann", "album=Hits"]);
    tagged(&shell, "hits/2.flac", 2, &["title=B", "artist=Bob", "album=Hits"]);
    tagged(&shell, "hits/3.flac", 3, &["title=C", "artist=Ann", "album=Her own"]);
    tagged(&shell, "ann/4.flac", 4, &["title=D", "artist=Ann", "album=Her own"]);
    tagged(&shell, "mix/5.flac", 5, &["title=E", "artist=Ann", "album=Mix", "album_artist=DJ"]);
    tagged(&shell, "mix/6.flac", 6, &["title=F", "artist=Bob", "album=Mix"]);
    // In two runs: what is imported alone is of the same album.
    for given in ["hits/1.flac", "."] {
        let import = ["import", given, "--server", server.url(), "--user", "admin"];
        let output = shell.run(&import);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let songs = songs(&server);
    let of = |title: &str| songs.iter().find(|song| song["title"] == title).unwrap();
    assert_eq!(of("A")["album_id"], of("B")["album_id"], "{songs:?}");
    assert_eq!((&of("A")["artist"], &of("B")["artist"]), (&"Ann".into(), &"Bob".into()));
    assert_eq!(of("C")["album_id"], of("D")["album_id"], "{songs:?}");
    assert_eq!(of("E")["album_id"], of("F")["album_id"], "{songs:?}");
    assert_ne!(of("A")["album_id"], of("C")["album_id"]);
}

/// A server that takes connections and says nothing.
#[test]
fn a_signal_ends_the_wait_for_a_server_that_says_nothing() {
    let shell = shell();
    shell.master("song.wav", 48_000, 1);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let import = ["import", "song.wav", "--server", &url, "--user", "admin"];
    let mut child = shell.command(&import).stderr(Stdio::piped()).spawn().unwrap();
    let _connection = silent.accept().unwrap();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    assert_eq!(line, "waiting for 127.0.0.1\n");
    let pid = child.id().to_string();
    let kill = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(kill.unwrap().success());
    let deadline = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline || child.kill().is_err(), "it waits on");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    line.clear();
    std::io::Read::read_to_string(&mut said, &mut line).unwrap();
    assert_eq!(line, "segue: stopped; run it again to go on\n");
}

#[test]
fn a_token_is_enough() {
    let server = server();
    let token = format!("{}\n", server.log_in());
    let shell = Shell::of(env!("CARGO_BIN_EXE_segue")).env("SEGUE_TOKEN", token);
    shell.master("song.wav", 48_000, 1);
    let output = shell.run(&["import", "song.wav", "--server", server.url()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let stale = Shell::of(env!("CARGO_BIN_EXE_segue")).env("SEGUE_TOKEN", "stale");
    stale.master("one.wav", 48_000, 2);
    stale.master("two.wav", 48_000, 3);
    let output = stale.run(&["import", "one.wav", "two.wav", "--server", server.url()]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("the access token has expired") && said.lines().count() == 1, "{said}");
}

fn songs(server: &Running) -> Vec<Value> {
    let request = reqwest::blocking::Client::new().get(format!("{}/v1/songs", server.url()));
    let answer = request.bearer_auth(server.log_in()).send().unwrap();
    let page: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
    page["songs"].as_array().unwrap().clone()
}
