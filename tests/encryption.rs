//! HLS AES-128 end to end: what is stored is closed, what a listener with a token hears is the song, and the
//! keys go to nobody else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use reqwest::blocking::{Client, Response, multipart};
use serde_json::Value;
use tempfile::TempDir;
use testkit::ffmpeg::Ffmpeg;
use testkit::server::{Running, Server};
use testkit::{Frame, judge, signal, wav};

const RATE: usize = 48_000;
/// Four segments and a tail that ends inside an access unit of every codec.
const LENGTH: usize = 4 * 276_480 + 100_001;

/// A song behind a running edge.
struct Song {
    urls: Value,
    server: Running,
    master: Vec<Frame>,
    folder: TempDir,
}

impl Song {
    /// Published by `server`, which logs into `log` in the song's folder.
    fn published(server: Server, length: usize) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let master = signal::music(length, RATE as u32, 7);
        wav::write(&folder.path().join("master.wav"), &master, RATE as u32);
        let server = server.log_to(&folder.path().join("log")).start();
        let urls = server.published(&folder.path().join("master.wav"), "Encrypted");
        Self { urls, server, master, folder }
    }

    /// A file beside the multivariant playlist, under the same token.
    fn url(&self, file: &str) -> String {
        let index = self.urls["hls"].as_str().expect("an hls url");
        format!("{}/{file}", index.rsplit_once('/').expect("a path").0)
    }

    fn get(&self, file: &str) -> Response {
        get(&self.url(file))
    }

    /// The URL of the key that a media playlist names.
    fn key(&self, playlist: &str) -> String {
        let text = self.get(playlist).text().expect("a playlist");
        let (_, rest) = text.split_once("METHOD=AES-128,URI=\"").expect("a key");
        let name = rest.split('"').next().expect("a name");
        self.url(&format!("{}/{name}", playlist.rsplit_once('/').expect("a folder").0))
    }

    /// All files of all versions that are stored.
    fn stored(&self) -> Vec<PathBuf> {
        files(&self.server.data().join("objects/artist"))
    }

    fn assert_hears(&self, what: &str, heard: &[Frame], from: usize) {
        let reference = &self.master[from..];
        let found = judge::align(reference, heard);
        assert_eq!(found.offset, 0, "{what} from {from}: {found:?}");
        assert!(found.correlation > 0.98, "{what} from {from}: {found:?}");
    }
}

fn encrypting() -> Server {
    Server::of(env!("CARGO_BIN_EXE_segue")).arg("--encrypt").arg("--sets=aac,opus,saver")
}

fn get(url: &str) -> Response {
    Client::new().get(url).send().expect("an answer")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn segue(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_segue")).args(arguments).output().expect("segue runs")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

#[test]
fn ffmpeg_plays_what_is_stored_closed() {
    let song = Song::published(encrypting(), LENGTH);
    assert_eq!(song.urls["dash"], Value::Null);
    assert_eq!(song.urls["ogg"], Value::Null);
    for (file, unit) in [
        ("aac/64/playlist.m3u8", 1_024),
        ("aac/320/playlist.m3u8", 1_024),
        ("opus/128/playlist.m3u8", 960),
        ("saver/64/playlist.m3u8", 2_048),
    ] {
        let aac = file.starts_with("aac");
        for ffmpeg in [Ffmpeg::V8, Ffmpeg::Debian].into_iter().take(1 + usize::from(aac)) {
            let heard = ffmpeg.decode(&song.url(file));
            let what = format!("{file} in {ffmpeg:?}");
            assert!((LENGTH..LENGTH + unit).contains(&heard.len()), "{what}: {}", heard.len());
            song.assert_hears(&what, &heard, 0);
        }
    }
    song.assert_hears("index", &Ffmpeg::V8.decode_from(&song.url("index.m3u8"), 20.0), 20 * RATE);

    let stored = song.stored();
    let sound = |it: &&PathBuf| it.extension().is_some_and(|it| it == "m4s");
    assert_eq!(stored.iter().filter(sound).count(), 7 * 5);
    for file in stored.iter().filter(sound) {
        let bytes = fs::read(file).expect("an object");
        let whole_blocks = bytes.len() % 16 == 0;
        let head = &bytes[..32];
        let names_a_box =
            head.windows(4).any(|it| [b"ftyp", b"styp", b"moof"].iter().any(|name| it == *name));
        assert!(whole_blocks && !names_a_box, "{} is stored as it is", file.display());
    }
    assert!(stored.iter().all(|it| it.extension().is_none_or(|it| it != "key")), "a stored key");
}

#[test]
fn a_key_is_given_to_a_valid_token_alone_and_leaves_no_trace() {
    let song = Song::published(encrypting(), RATE);
    let other = song.server.published(
        &{
            let path = song.folder.path().join("other.wav");
            wav::write(&path, &signal::music(RATE, RATE as u32, 8), RATE as u32);
            path
        },
        "Another",
    );
    let url = song.key("aac/320/playlist.m3u8");
    let answer = get(&url);
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["cache-control"]),
        (200, &"no-store".parse().expect("a header"))
    );
    let key = answer.bytes().expect("a key");
    assert_eq!(key.len(), 16);

    let (base, path) = url.split_once("/t/").expect("a token");
    let (token, path) = path.split_once('/').expect("a path");
    let others = other["hls"].as_str().and_then(|it| it.split('/').nth(4)).expect("a token");
    assert_ne!(token, others);
    for (status, url) in [
        (401, format!("{base}/{path}")),
        (403, format!("{base}/t//{path}")),
        (403, format!("{base}/t/{}/{path}", token.replace('.', "-"))),
        (403, format!("{base}/t/{others}/{path}")),
        (404, url.replace("/aac/320/", "/aac/320/0")),
    ] {
        let answer = get(&url);
        // An empty token is a missing one.
        let missing = url.contains("/t//") && answer.status() == 401;
        assert!(answer.status() == status || missing, "{url}: {}", answer.status());
        assert_ne!(answer.bytes().expect("a body"), key);
    }

    let secret = fs::read_to_string(song.server.data().join("keys/segments.secret"));
    let secret = secret.expect("the data folder's secret");
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let log = fs::read_to_string(song.folder.path().join("log")).expect("a log");
    assert!(log.contains(".key"), "the request is logged: {log}");
    for told in [secret.trim(), &hex, token] {
        assert!(!log.contains(told), "the log tells {told}");
        for file in song.stored() {
            let bytes = fs::read(&file).expect("an object");
            let there = bytes.windows(told.len()).any(|it| it == told.as_bytes());
            assert!(!there && !bytes.windows(16).any(|it| it == key), "{} tells", file.display());
        }
    }
}

#[test]
fn inspect_opens_what_it_has_the_secret_or_a_token_for() {
    let song = Song::published(encrypting(), RATE);
    let by_url = segue(&["inspect", song.urls["hls"].as_str().expect("a URL")]);
    assert!(by_url.status.success(), "{}", String::from_utf8_lossy(&by_url.stdout));

    let objects = song.server.data().join("objects");
    let closed = segue(&["inspect", text(&objects)]);
    let told = String::from_utf8_lossy(&closed.stdout);
    assert_eq!(closed.status.code(), Some(1), "{told}");
    assert!(told.contains("key-at-hand") && told.contains("--segment-secret-file"), "{told}");
    assert!(told.contains("1 finding"), "{told}");

    let file = song.server.data().join("keys/segments.secret");
    let opened = segue(&["inspect", text(&objects), "--segment-secret-file", text(&file)]);
    let told = String::from_utf8_lossy(&opened.stdout);
    assert!(opened.status.success() && told.contains("no finding"), "{told}");
}

/// Uploads a master that is there already as a song of its own.
fn published_apart(server: &Running, master: &Path) -> Value {
    let form = multipart::Form::new().text("duplicate", "true").file("file", master);
    let (client, token) = (Client::new(), server.log_in());
    let request = client.post(format!("{}/v1/songs", server.url())).bearer_auth(&token);
    let song = request.multipart(form.expect("the master")).send().expect("an answer");
    let song: Value = song.json().expect("JSON");
    let id = song["id"].as_str().expect("an id");
    assert_eq!(server.settled(&token, id)["state"], "ready");
    server.playback(&token, id)
}

/// After a rotation, and after encryption was given up, what was packaged before still plays.
#[test]
fn songs_outlive_the_rotation_of_their_secret() {
    let data = TempDir::new().expect("a temporary folder");
    let folder = TempDir::new().expect("a temporary folder");
    let master = folder.path().join("master.wav");
    wav::write(&master, &signal::music(RATE, RATE as u32, 7), RATE as u32);
    let server = |encrypt: bool| {
        let server = Server::of(env!("CARGO_BIN_EXE_segue")).arg("--sets=aac").on(data.path());
        if encrypt { server.arg("--encrypt") } else { server }
    };
    let first = server(true).start();
    let id = first.upload(&first.log_in(), &master, "First");
    assert_eq!(first.settled(&first.log_in(), &id)["state"], "ready");
    first.kill();

    let secret = "1f".repeat(32);
    let rotated = server(true).env("SEGUE_SEGMENT_SECRET", &secret).start();
    let urls = published_apart(&rotated, &master);
    let old = rotated.playback(&rotated.log_in(), &id);
    for (what, urls) in [("new", &urls), ("old", &old)] {
        let heard = Ffmpeg::V8.decode(urls["hls"].as_str().expect("a URL"));
        assert!(heard.len() >= RATE, "{what}: {}", heard.len());
    }
    let version =
        |urls: &Value| urls["hls"].as_str().and_then(|it| it.rsplit('/').nth(1)).map(str::to_owned);
    assert_ne!(version(&urls), version(&old), "another secret is another version");
    rotated.kill();

    let given_up = server(false).start();
    let old = given_up.playback(&given_up.log_in(), &id);
    assert!(Ffmpeg::V8.decode(old["hls"].as_str().expect("a URL")).len() >= RATE);
}

#[test]
fn the_same_secret_gives_the_same_bytes_and_another_another_version() {
    let folder = TempDir::new().expect("a temporary folder");
    let master = folder.path().join("master.wav");
    wav::write(&master, &signal::music(2 * RATE, RATE as u32, 7), RATE as u32);
    let package = |out: &str, secret: &str| {
        let (out, file) = (folder.path().join(out), folder.path().join("secret"));
        fs::write(&file, format!("{secret}\n")).expect("a file");
        let done = segue(&[
            "package",
            text(&master),
            "--out",
            text(&out),
            "--sets",
            "aac",
            "--segment-secret-file",
            text(&file),
        ]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let found =
            files(&out).into_iter().filter(|it| it.file_name().is_some_and(|it| it != "lock"));
        let relative = |it: PathBuf| {
            let bytes = fs::read(&it).expect("a file");
            (it.strip_prefix(&out).expect("below").to_owned(), bytes)
        };
        found.map(relative).collect::<Vec<_>>()
    };
    let (one, two) = ("0a".repeat(32), "0b".repeat(32));
    let first = package("first", &one);
    assert!(first.len() > 10 && first == package("again", &one), "the same bytes");
    let other = package("other", &two);
    assert_eq!(other.len(), first.len());
    assert!(first.iter().zip(&other).all(|(a, b)| a.0 != b.0), "another version");
}

#[test]
fn what_cannot_be_encrypted_is_refused_in_a_sentence() {
    let folder = TempDir::new().expect("a temporary folder");
    let (file, out) = (folder.path().join("secret"), folder.path().join("out"));
    let package = |arguments: &[&str]| {
        let common =
            ["package", "x.wav", "--out", text(&out), "--segment-secret-file", text(&file)];
        let refused = segue(&[&common, arguments].concat());
        assert_eq!(refused.status.code(), Some(2));
        String::from_utf8_lossy(&refused.stderr).into_owned()
    };
    assert!(package(&["--sets", "aac"]).contains("No such file"));
    fs::write(&file, "a short secret").expect("a file");
    let told = package(&["--sets", "aac"]);
    assert!(told.contains("64 hex digits") && !told.contains("short secret"), "{told}");
    fs::write(&file, "0a".repeat(32)).expect("a file");
    for arguments in [&["--sets", "aac,ogg"][..], &["--sets", "aac", "--dash"]] {
        assert!(package(arguments).contains("is for fMP4 in segments"));
    }
}
