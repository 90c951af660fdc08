//! A master that comes in pieces to `segue up`, which is killed in mid-chunk, behind the last byte and while it makes a song of
//! it: nothing is lost that was told to be there, and one song comes of it.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;
use std::thread::{self, sleep};
use std::time::Duration;

use reqwest::blocking::{Body, Client, RequestBuilder, Response};
use tempfile::TempDir;
use testkit::server::{Running, Server};
use testkit::{signal, wav};

const SEGUE: &str = env!("CARGO_BIN_EXE_segue");
const RATE: u32 = 48_000;

/// How many bytes a slow client sends at a time, and how long it takes for them.
const SIP: usize = 16_384;
const PAUSE: Duration = Duration::from_millis(2);

/// A client that sends slowly.
struct Slow(Cursor<Vec<u8>>);

impl Read for Slow {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        sleep(PAUSE);
        let most = into.len().min(SIP);
        self.0.read(&mut into[..most])
    }
}

/// An upload, wherever the server is at the moment.
struct Upload {
    path: String,
    master: Vec<u8>,
}

impl Upload {
    fn begin(running: &Running, token: &str, master: Vec<u8>) -> Self {
        let ask = Client::new().post(format!("{}/v1/uploads", running.url()));
        let ask = ask.header("upload-length", master.len()).header("upload-metadata", "title QQ==");
        let begun = as_tus(ask, token).send().unwrap();
        assert_eq!(begun.status(), 201, "{begun:?}");
        Self { path: begun.headers()["location"].to_str().unwrap().to_owned(), master }
    }

    fn head(&self, running: &Running, token: &str) -> Response {
        let ask = Client::new().head(format!("{}{}", running.url(), self.path));
        let told = as_tus(ask, token).send().unwrap();
        assert_eq!(told.status(), 200, "{told:?}");
        told
    }

    fn offset(&self, running: &Running, token: &str) -> usize {
        self.head(running, token).headers()["upload-offset"].to_str().unwrap().parse().unwrap()
    }

    /// Sends all that has not come, as slowly as it does; the server may be gone before the end.
    fn send(&self, running: &Running, token: &str, offset: usize) -> thread::JoinHandle<()> {
        let rest = self.master[offset..].to_vec();
        let length = rest.len() as u64;
        let ask = Client::new().patch(format!("{}{}", running.url(), self.path));
        let ask = as_tus(ask, token).header("upload-offset", offset);
        let ask = ask.header("content-type", "application/offset+octet-stream");
        let ask = ask.body(Body::sized(Slow(Cursor::new(rest)), length));
        thread::spawn(move || drop(ask.send()))
    }
}

fn as_tus(ask: RequestBuilder, token: &str) -> RequestBuilder {
    ask.bearer_auth(token).header("tus-resumable", "1.0.0")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// One upload after the other, each with the server killed in mid-chunk and then about when the last byte comes: before it,
/// between it and the song, or behind both.
#[test]
fn a_killed_server_goes_on_with_what_is_on_disk() {
    let data = TempDir::new().unwrap();
    let mut running = Server::of(SEGUE).on(data.path()).start();
    let token = running.log_in();
    let (mut songs, mut in_mid_chunk) = (BTreeSet::new(), 0);
    for round in 0..8 {
        let upload = Upload::begin(&running, &token, master(data.path(), round));
        let mut promised = 0;
        for moment in [0.4, 0.9 + 0.05 * round as f64] {
            let sending = upload.send(&running, &token, promised);
            let left = u32::try_from((upload.master.len() - promised) / SIP).unwrap();
            sleep((PAUSE * left).mul_f64(moment));
            running.kill();
            sending.join().unwrap();
            running = Server::of(SEGUE).on(data.path()).start();
            let offset = upload.offset(&running, &token);
            assert!(offset >= promised, "{offset} of {promised} bytes are left");
            in_mid_chunk += usize::from(offset > promised && offset < upload.master.len());
            promised = offset;
        }
        upload.send(&running, &token, promised).join().unwrap();
        let told = upload.head(&running, &token);
        songs.insert(told.headers()["segue-song"].to_str().unwrap().to_owned());
    }
    assert!(in_mid_chunk > 0, "it was never killed in mid-chunk");
    for song in &songs {
        assert_eq!(running.settled(&token, song)["state"], "ready");
    }
    assert_eq!((songs.len(), running.songs(&token).len()), (8, 8));
    assert_eq!(names(&data.path().join("objects/masters")).len(), 8);
    assert_eq!(names(&data.path().join("work/uploads")), [] as [String; 0]);
}

/// The bytes of a master of its own.
fn master(folder: &Path, number: usize) -> Vec<u8> {
    let file = folder.join("master.wav");
    wav::write(&file, &signal::music((2 * RATE as usize) + number, RATE, 3), RATE);
    fs::read(&file).unwrap()
}
