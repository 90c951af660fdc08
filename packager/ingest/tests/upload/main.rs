//! What an upload leaves behind: a song and a master, or a problem and nothing.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

mod again;
mod progress;
mod tags;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::http::{Request, Response};
use bus::Bus;
use catalogue::{
    AuthenticatedUser, Catalogue, DatabaseUrl, Role, Song, SongFilter, SongState, Viewer,
};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use object_store::local::LocalFileSystem;
use segue_ingest::{Intake, Shelf, Worker, Workshop};
use serde_json::Value;
use service::{Clock, Shutdown};
use tower::ServiceExt;
use transcode::{MasterReader, Parameters};

const LIMIT: u64 = 100_000;

struct Bench {
    catalogue: Catalogue,
    intake: Intake,
    user: AuthenticatedUser,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.sqlite");
        let catalogue = Catalogue::open(&DatabaseUrl::Sqlite(path), Clock::system()).await.unwrap();
        let user = catalogue.users().create("artist", "hash", Role::Artist).await.unwrap();
        let user = AuthenticatedUser { id: user.id, role: user.role };
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        let store = LocalFileSystem::new_with_prefix(folder.path().join("objects")).unwrap();
        let workshop = Workshop::open(&folder.path().join("work")).unwrap();
        let intake = Intake::new(catalogue.clone(), Shelf::new(Arc::new(store)), workshop, LIMIT);
        Self { catalogue, intake, user, folder }
    }

    async fn send_as(&self, role: Role, request: Request<Body>) -> Response<Body> {
        let user = AuthenticatedUser { role, ..self.user };
        let router: Router = segue_ingest::upload::router(self.intake.clone()).into();
        router.layer(Extension(user)).oneshot(request).await.unwrap()
    }

    async fn post(&self, body: impl Into<Body>) -> (u16, Value) {
        let request = Request::post("/v1/songs")
            .header("content-type", "multipart/form-data; boundary=XX")
            .body(body.into())
            .unwrap();
        told(self.send_as(Role::Artist, request).await).await
    }

    async fn list(&self) -> Vec<Song> {
        let everything = (Viewer::Admin.into(), SongFilter::default());
        self.catalogue.songs().list(&everything.0, &everything.1, None, 100).await.unwrap()
    }

    async fn songs(&self) -> usize {
        self.list().await.len()
    }

    /// Lets a worker work until every song is done with.
    async fn work_off(&self) -> Vec<Song> {
        self.work_off_remarking(None).await
    }

    /// The same, where the worker says on a bus how far it is.
    async fn work_off_remarking(&self, events: Option<Bus>) -> Vec<Song> {
        let (intake, shutdown) = (self.intake.clone(), Shutdown::new());
        let (reader, parameters) = (MasterReader::here(), Parameters::default());
        let mut worker = Worker::new(intake, reader, parameters, shutdown.clone());
        if let Some(events) = events {
            worker = worker.remarking_on(events);
        }
        let worker = tokio::spawn(worker.run());
        let under_way =
            |song: &Song| matches!(song.state, SongState::Queued | SongState::Processing);
        let songs = loop {
            let songs = self.list().await;
            if !songs.iter().any(under_way) {
                break songs;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        shutdown.begin();
        worker.await.unwrap();
        songs
    }

    fn files(&self, folder: &str) -> usize {
        count(&self.folder.path().join(folder))
    }
}

async fn told(response: Response<Body>) -> (u16, Value) {
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

fn count(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let entries = entries.map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

fn field(name: &str, value: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn file(name: &str, content: &str) -> String {
    format!(
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: audio/flac\r\n\r\n{content}\r\n"
    )
}

fn form(parts: &[String]) -> String {
    format!("{}--XX--\r\n", parts.concat())
}

#[tokio::test]
async fn a_whole_form_becomes_a_song() {
    let bench = Bench::new().await;
    let fields = [
        field("title", "A title"),
        file("x.flac", "bytes"),
        field("artist", "An artist"),
        field("album", ""),
        field("genre", "Folk"),
        field("release_year", "1997"),
    ];
    let (status, song) = bench.post(form(&fields)).await;
    assert_eq!(status, 202, "{song}");
    assert_eq!(
        (song["title"].as_str(), song["artist"].as_str()),
        (Some("A title"), Some("An artist"))
    );
    assert_eq!((song["album"].as_str(), song["state"].as_str()), (Some("A title"), Some("queued")));
    assert_eq!((song["genre"].as_str(), song["release_year"].as_u64()), (Some("Folk"), Some(1997)));
    assert_eq!((bench.files("objects/masters"), bench.files("work")), (1, 0));
}

#[tokio::test]
async fn songs_of_a_compilation_share_its_album() {
    let bench = Bench::new().await;
    let mut albums = Vec::new();
    for artist in ["Ann", "Bob"] {
        let fields = [
            field("artist", artist),
            field("album", "Hits"),
            field("album_artist", "Various Artists"),
            file("x.flac", artist),
        ];
        let (status, song) = bench.post(form(&fields)).await;
        assert_eq!((status, &song["artist"]), (202, &artist.into()), "{song}");
        albums.push(song["album_id"].clone());
    }
    assert_eq!(albums[0], albums[1]);
}

#[tokio::test]
async fn a_file_alone_gets_its_title_from_its_name() {
    let bench = Bench::new().await;
    let (_, song) = bench.post(form(&[file("My song.flac", "bytes")])).await;
    assert_eq!(song["title"], "My song");
    assert_eq!(song["artist"], "Unknown artist");
}

#[tokio::test]
async fn the_same_bytes_twice_are_one_song_unless_another_is_asked_for() {
    let bench = Bench::new().await;
    let (_, first) = bench.post(form(&[file("a.flac", "bytes")])).await;
    assert_eq!(first["duplicate_of"], Value::Null, "{first}");
    let (status, second) = bench.post(form(&[file("b.flac", "bytes"), field("title", "B")])).await;
    assert_eq!((status, &second["id"], &second["title"]), (202, &first["id"], &"a".into()));
    assert_eq!(second["duplicate_of"], first["id"]);
    assert_eq!((bench.songs().await, bench.files("objects/masters")), (1, 1));
    let another = [field("duplicate", "true"), file("b.flac", "bytes")];
    let (_, third) = bench.post(form(&another)).await;
    assert_eq!((&third["title"], &third["duplicate_of"]), (&"b".into(), &Value::Null), "{third}");
    assert_eq!((bench.songs().await, bench.files("objects/masters")), (2, 1));
}

#[tokio::test]
async fn a_form_that_cannot_be_used_leaves_nothing() {
    let bench = Bench::new().await;
    let good = file("a.flac", "bytes");
    let long = "x".repeat(201);
    let longer = "x".repeat(5_000);
    let large = "x".repeat(LIMIT as usize + 1);
    for (parts, status, named) in [
        (vec![], 422, "file"),
        (vec![field("title", "t")], 422, "file"),
        (vec![file("a.flac", "")], 422, "file"),
        (vec![good.clone(), good.clone()], 422, "file"),
        (vec![good.clone(), field("title", &long)], 422, "title"),
        (vec![good.clone(), field("title", &longer)], 422, "title"),
        (vec![good.clone(), field("artist", "a\u{1}b")], 422, "artist"),
        (vec![good.clone(), field("title", "a"), field("title", "b")], 422, "title"),
        (vec![good.clone(), field("release_year", "soon")], 422, "release_year"),
        (vec![good.clone(), field("release_year", "1700")], 422, "release_year"),
        (vec![good.clone(), field("colour", "red")], 422, "colour"),
        (vec![file("a.flac", &large)], 413, "null"),
    ] {
        let (got, problem) = bench.post(form(&parts)).await;
        assert_eq!(got, status, "{problem}");
        assert_eq!(problem["field"].as_str().unwrap_or("null"), named, "{problem}");
    }
    assert_eq!((bench.songs().await, bench.files("objects"), bench.files("work")), (0, 0, 0));
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let bench = Bench::new().await;
    let whole = form(&[file("a.flac", "a few bytes of sound")]);
    for end in [10, 90, 125, whole.len() - 8] {
        let (status, problem) = bench.post(whole[..end].to_owned()).await;
        assert!(status == 400 || status == 422, "cut at {end}: {problem}");
    }
    let cut: [Result<String, std::io::Error>; 2] =
        [Ok(whole[..125].to_owned()), Err(std::io::Error::other("reset"))];
    let (status, problem) = bench.post(Body::from_stream(stream::iter(cut))).await;
    assert_eq!(status, 400, "{problem}");
    assert_eq!((bench.songs().await, bench.files("objects"), bench.files("work")), (0, 0, 0));
}

#[tokio::test]
async fn wrong_requests_are_refused_before_the_body() {
    let bench = Bench::new().await;
    let request = |kind: &str, length: &str| {
        let request = Request::post("/v1/songs").header("content-type", kind);
        request.header("content-length", length).body(Body::empty()).unwrap()
    };
    let multipart = "multipart/form-data; boundary=XX";
    for (role, kind, length, wanted) in [
        (Role::Listener, multipart, "10", 403),
        (Role::Artist, "application/json", "10", 415),
        (Role::Artist, "multipart/form-data", "10", 415),
        (Role::Artist, multipart, "99999999", 413),
    ] {
        let (status, problem) = told(bench.send_as(role, request(kind, length)).await).await;
        assert_eq!(status, wanted, "{problem}");
    }
}

#[tokio::test]
async fn what_is_not_audio_fails_with_a_reason() {
    let bench = Bench::new().await;
    bench.post(form(&[file("a.flac", "these are words, not sound")])).await;
    let song = bench.work_off().await.remove(0);
    assert_eq!(song.state, SongState::Failed);
    assert!(song.failure.expect("a reason").contains("accepted are WAV"));
    assert_eq!(bench.files("work"), 0);
}

#[tokio::test]
async fn a_header_that_never_ends_is_not_kept() {
    let bench = Bench::new().await;
    let begun = b"--XX\r\nContent-Disposition: form-data; name=\"".as_slice();
    let swallowed = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&swallowed);
    let endless = stream::iter(0..10_000).map(move |index| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, std::io::Error>(if index == 0 { begun.to_vec() } else { vec![b'a'; 65_536] })
    });
    let (status, problem) = bench.post(Body::from_stream(endless)).await;
    assert_eq!(
        (status, problem["type"].as_str()),
        (400, Some("urn:segue:problem:unreadable-body"))
    );
    let read = swallowed.load(std::sync::atomic::Ordering::Relaxed);
    assert!(read < 100, "{read} pieces of 64 KiB were read");
}

#[tokio::test]
async fn a_sender_who_falls_silent_is_let_go() {
    let bench = Bench::new().await;
    let begun = file("x.flac", "half of it");
    // The queue was asked by then: whoever waits for a database would wait in vain while time flies.
    let begun = async {
        tokio::time::pause();
        Ok::<_, std::io::Error>(begun)
    };
    let silent = stream::once(begun).chain(stream::pending());
    let (status, _) = bench.post(Body::from_stream(silent)).await;
    assert_eq!(status, 400);
    assert_eq!(bench.files("work"), 0);
}
