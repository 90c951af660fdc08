//! Covers: a master's own, those that are uploaded, and where everybody finds them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::http::{HeaderMap, Request};
use catalogue::{
    AuthenticatedUser, Catalogue, DatabaseUrl, NewSong, Role, Song, SongState, cover_documents,
};
use futures::stream;
use http_body_util::BodyExt;
use media::{MasterHash, SongId};
use object_store::local::LocalFileSystem;
use segue_ingest::{Intake, Received, Shelf, Worker, Workshop, artwork, avatars, details::Details};
use serde_json::Value;
use service::{Clock, Shutdown};
use tokio::task::JoinSet;
use tower::ServiceExt;
use transcode::{MasterReader, Parameters};
use uuid::Uuid;

/// More than any master here.
const LIMIT: u64 = 10 << 20;
const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";

/// Ann, who has songs, and Bob, another artist.
struct Bench {
    catalogue: Catalogue,
    intake: Intake,
    ann: AuthenticatedUser,
    bob: AuthenticatedUser,
    folder: tempfile::TempDir,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The URLs and widths of what it shows.
    fn sizes(&self) -> Vec<(String, u64)> {
        let json = self.json();
        let shown = if json["avatar"].is_array() { &json["avatar"] } else { &json["artwork"] };
        let sizes = shown.as_array().unwrap_or_else(|| panic!("{json}")).iter();
        sizes
            .map(|size| (size["url"].as_str().unwrap().to_owned(), size["width"].as_u64().unwrap()))
            .collect()
    }
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.sqlite");
        let catalogue = Catalogue::open(&DatabaseUrl::Sqlite(path), Clock::system()).await.unwrap();
        let artist = async |name: &str| {
            let user = catalogue.users().create(name, "hash", Role::Artist).await.unwrap();
            AuthenticatedUser { id: user.id, role: user.role }
        };
        let (ann, bob) = (artist("ann").await, artist("bob").await);
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        let store = LocalFileSystem::new_with_prefix(folder.path().join("objects")).unwrap();
        let workshop = Workshop::open(&folder.path().join("work")).unwrap();
        let intake = Intake::new(catalogue.clone(), Shelf::new(Arc::new(store)), workshop, LIMIT);
        Self { catalogue, intake, ann, bob, folder }
    }

    async fn answer(&self, router: Router, request: Request<Body>) -> Answer {
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, bytes }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let router = artwork::shown(self.intake.clone()).into();
        self.answer(router, request.body(Body::empty()).unwrap()).await
    }

    async fn put(
        &self,
        user: AuthenticatedUser,
        path: &str,
        kind: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let request = Request::put(path).header("content-type", kind).body(body.into()).unwrap();
        let router = artwork::uploads(self.intake.clone(), MasterReader::here());
        let router = router.merge(avatars::uploads(self.intake.clone(), MasterReader::here()));
        self.answer(Router::from(router).layer(Extension(user)), request).await
    }

    /// A song of Ann's that nobody has packaged yet.
    async fn song(&self, title: &str, album: Option<&str>) -> Song {
        let new = NewSong {
            title: title.parse().unwrap(),
            artist: "Ann".parse().unwrap(),
            album: album.map(|album| album.parse().unwrap()),
            album_artist: None,
            genre: None,
            release_year: None,
            master: MasterHash::new([7; 32]),
            file_name: "song.flac".parse().unwrap(),
            uploader: self.ann.id,
            particulars: catalogue::Particulars::default(),
        };
        self.catalogue.songs().accept(&new).await.unwrap()
    }

    async fn shown(&self, song: SongId) -> Vec<String> {
        let song = self.catalogue.songs().get(song).await.unwrap().unwrap();
        cover_documents(song.artwork.as_ref()).into_iter().map(|cover| cover.url).collect()
    }

    fn files(&self, folder: &str) -> usize {
        count(&self.folder.path().join(folder))
    }
}

fn count(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let entries = entries.map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

/// What ffmpeg makes, as `name`.
fn made(folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-y"]).args(arguments).arg(&path);
    let output = ffmpeg.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

/// A picture of that width in pixels.
fn picture(folder: &Path, name: &str, width: u32) -> Vec<u8> {
    let source = format!("testsrc=size={width}x240:rate=1");
    let path = made(folder, name, &["-f", "lavfi", "-i", &source, "-frames:v", "1"]);
    std::fs::read(path).unwrap()
}

#[tokio::test]
async fn a_masters_cover_is_stored_in_sizes_and_everybody_gets_it() {
    let bench = Bench::new().await;
    let song = [
        &["-f", "lavfi", "-i", "sine=duration=1:sample_rate=48000"][..],
        &["-f", "lavfi", "-i", "testsrc=size=640x640:rate=1:duration=1"],
        &["-map", "0:a", "-map", "1:v", "-c:v", "mjpeg", "-frames:v", "1"],
        &["-disposition:v", "attached_pic", "-metadata:s:v", "comment=Cover (front)"],
    ];
    let master = made(bench.folder.path(), "song.flac", &song.concat());
    let bytes = std::fs::read(master).unwrap();
    let body = stream::iter([Ok::<_, std::io::Error>(bytes.into())]);
    let master = Received::from_stream(bench.intake.workshop(), body, LIMIT).await.unwrap();
    let accepted = bench.intake.accept(master, Details::default(), bench.ann.id).await.unwrap();
    let shutdown = Shutdown::new();
    let (intake, parameters) = (bench.intake.clone(), Parameters::default());
    let worker = Worker::new(intake, MasterReader::here(), parameters, shutdown.clone());
    let worker = tokio::spawn(worker.run());
    let song = loop {
        let song = bench.catalogue.songs().get(accepted.song.id).await.unwrap().unwrap();
        if !matches!(song.state, SongState::Queued | SongState::Processing) {
            break song;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    shutdown.begin();
    worker.await.unwrap();
    assert_eq!(song.state, SongState::Ready, "{:?}", song.failure);
    let covers = cover_documents(song.artwork.as_ref());
    assert_eq!(covers.iter().map(|cover| cover.width).collect::<Vec<_>>(), [640, 600, 300, 96]);
    assert_eq!((bench.files("objects/artwork"), bench.files("work")), (4, 0));

    for cover in &covers {
        let answer = bench.get(&cover.url, &[]).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, JPEG));
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("content-length"), answer.bytes.len().to_string());
        assert!(answer.bytes.starts_with(b"\xFF\xD8"));
        let tag = answer.header("etag").to_owned();
        for tags in [tag.clone(), format!("\"other\", W/{tag}")] {
            let again = bench.get(&cover.url, &[("if-none-match", &tags)]).await;
            assert_eq!((again.status, again.header("etag"), again.bytes.len()), (304, &*tag, 0));
        }
        let other = bench.get(&cover.url, &[("if-none-match", "\"other\"")]).await;
        assert_eq!(other.status, 200);
    }
}

#[tokio::test]
async fn what_is_no_cover_is_not_there() {
    let bench = Bench::new().await;
    std::fs::create_dir(bench.folder.path().join("objects/masters")).unwrap();
    let hash = "ab".repeat(32);
    std::fs::write(bench.folder.path().join("objects/masters").join(&hash), "secret").unwrap();
    for name in [
        &*format!("{hash}.jpg"),
        &hash,
        &format!("{}.jpg", hash.to_uppercase()),
        &format!("..%2Fmasters%2F{hash}"),
        &format!("%2e%2e%2fmasters%2f{hash}.jpg"),
        "x.jpg",
    ] {
        let answer = bench.get(&format!("/artwork/{name}"), &[]).await;
        assert_eq!(answer.status, 404, "{name}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.bytes.windows(6).any(|part| part == b"secret"), "{name}");
    }
}

#[tokio::test]
async fn an_uploaded_cover_is_what_a_song_is_shown_with() {
    let bench = Bench::new().await;
    let song = bench.song("Song", None).await;
    let path = format!("/v1/songs/{}/artwork", song.id);
    for (name, kind, width) in [("one.png", PNG, 320), ("two.jpg", JPEG, 640)] {
        let picture = picture(bench.folder.path(), name, width);
        let answer = bench.put(bench.ann, &path, kind, picture).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        let sizes = answer.sizes();
        assert_eq!(sizes[0].1, u64::from(width));
        assert_eq!(
            sizes.iter().map(|size| size.0.clone()).collect::<Vec<_>>(),
            bench.shown(song.id).await
        );
        for (url, _) in &sizes {
            assert_eq!(bench.get(url, &[]).await.status, 200, "{url}");
        }
    }
    assert_eq!(bench.files("work"), 0);
}

#[tokio::test]
async fn an_albums_cover_is_its_songs_too() {
    let bench = Bench::new().await;
    let (one, two) =
        (bench.song("One", Some("Album")).await, bench.song("Two", Some("Album")).await);
    let own = picture(bench.folder.path(), "own.png", 200);
    let path = format!("/v1/songs/{}/artwork", two.id);
    let own = bench.put(bench.ann, &path, PNG, own).await.sizes();
    let path = format!("/v1/albums/{}/artwork", one.album_id);
    let cover = picture(bench.folder.path(), "cover.png", 400);
    let album = bench.put(bench.ann, &path, PNG, cover).await;
    assert_eq!(album.status, 200, "{}", album.json());
    assert_eq!(bench.shown(one.id).await[0], album.sizes()[0].0);
    assert_eq!(bench.shown(two.id).await[0], own[0].0);
    assert_ne!(own[0].0, album.sizes()[0].0);
}

#[tokio::test]
async fn what_cannot_be_a_cover_is_refused_and_leaves_nothing() {
    let bench = Bench::new().await;
    let song = bench.song("Song", None).await;
    let song_path = format!("/v1/songs/{}/artwork", song.id);
    let whole = picture(bench.folder.path(), "whole.png", 320);
    let mut bomb = whole.clone();
    bomb[16..24].copy_from_slice(&[0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0]);
    let long = vec![0_u8; (16 << 20) + 1];
    let endless =
        || Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0; 1 << 20])));
    let words = |words: &str| Body::from(words.to_owned());
    for (kind, body, status, problem) in [
        (PNG, words("not a picture"), 422, "invalid-picture"),
        (JPEG, words(""), 422, "invalid-picture"),
        (PNG, Body::from(whole[..whole.len() / 2].to_vec()), 422, "invalid-picture"),
        (PNG, Body::from(bomb), 422, "invalid-picture"),
        (PNG, Body::from(long), 413, "too-large"),
        (PNG, endless(), 413, "too-large"),
        ("image/svg+xml", words("<svg/>"), 415, "unsupported-media-type"),
        ("text/plain", Body::from(whole.clone()), 415, "unsupported-media-type"),
    ] {
        let answer = bench.put(bench.ann, &song_path, kind, body).await;
        let said = answer.json();
        assert_eq!(answer.status, status, "{kind}: {said}");
        assert_eq!(said["type"], format!("urn:segue:problem:{problem}"));
        let detail = said["detail"].as_str().unwrap();
        assert!(detail.ends_with('.') && detail.starts_with(char::is_uppercase), "{detail}");
    }
    assert_eq!(bench.shown(song.id).await, [""; 0]);
    assert_eq!((bench.files("objects"), bench.files("work")), (0, 0));
}

#[tokio::test]
async fn nobody_dresses_what_is_not_theirs() {
    let bench = Bench::new().await;
    let song = bench.song("Song", None).await;
    let picture = picture(bench.folder.path(), "picture.png", 96);
    let admin = AuthenticatedUser { role: Role::Admin, ..bench.bob };
    let somewhere = |noun: &str, id: Uuid| format!("/v1/{noun}/{id}/artwork");
    let (songs, albums) = (song.id.uuid(), song.album_id.uuid());
    for (noun, id) in [("songs", songs), ("albums", albums)] {
        let hidden = bench.put(bench.bob, &somewhere(noun, id), PNG, picture.clone()).await;
        assert_eq!(hidden.status, 404, "of an unfinished song, Bob knows nothing");
        let nowhere =
            bench.put(admin, &somewhere(noun, Uuid::now_v7()), PNG, picture.clone()).await;
        assert_eq!(nowhere.status, 404, "{noun}");
        let crooked =
            bench.put(admin, &format!("/v1/{noun}/x/artwork"), PNG, picture.clone()).await;
        assert_eq!((crooked.status, &crooked.json()["field"]), (422, &"id".into()));
    }
    let job = bench.catalogue.jobs().claim(Duration::from_secs(60)).await.unwrap().unwrap();
    let done = catalogue::Packaged {
        version: media::Version::of(&song.master, "recipe"),
        artist: song.artist_id,
        album: song.album_id,
        duration_ms: 1_000,
        sets: media::SwitchingSets::default(),
        dash: false,
        artwork: None,
    };
    bench.catalogue.jobs().complete(&job, &done).await.unwrap();
    for (noun, id) in [("songs", songs), ("albums", albums)] {
        let others = bench.put(bench.bob, &somewhere(noun, id), PNG, picture.clone()).await;
        assert_eq!(
            (others.status, &others.json()["type"]),
            (403, &"urn:segue:problem:not-yours".into())
        );
        assert_eq!(bench.files("objects"), 0);
    }
    for (noun, id) in [("songs", songs), ("albums", albums)] {
        let admins = bench.put(admin, &somewhere(noun, id), PNG, picture.clone()).await;
        assert_eq!(admins.status, 200, "{}", admins.json());
    }
}

#[tokio::test]
async fn a_picture_of_somebody_is_what_they_are_shown_with() {
    let bench = Bench::new().await;
    let path = "/v1/users/me/avatar";
    let shown = async |user: AuthenticatedUser| {
        let profile = bench.catalogue.users().profile(user.id).await.unwrap().expect("an account");
        let covers = cover_documents(profile.avatar.as_ref()).into_iter();
        covers.map(|cover| (cover.url, u64::from(cover.width))).collect::<Vec<_>>()
    };
    // Both are 240 pixels high.
    let pictures = [("one.png", 1_000, &[600, 300, 96][..]), ("two.png", 64, &[64, 26])];
    for (name, width, widths) in pictures {
        let picture = picture(bench.folder.path(), name, width);
        let answer = bench.put(bench.bob, path, PNG, picture).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        let sizes = answer.sizes();
        assert_eq!(sizes, shown(bench.bob).await);
        assert_eq!(sizes.iter().map(|(_, width)| *width).collect::<Vec<_>>(), widths);
        for (url, _) in &sizes {
            let picture = bench.get(url, &[]).await;
            assert_eq!((picture.status, picture.header("content-type")), (200, JPEG), "{url}");
        }
    }
    let before = shown(bench.bob).await;
    let refused = bench.put(bench.bob, path, PNG, "no picture").await;
    assert_eq!(refused.status, 422);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("The picture cannot be used"), "{detail}");
    assert_eq!((shown(bench.bob).await, shown(bench.ann).await), (before, vec![]));
    let gone = AuthenticatedUser { id: media::UserId::new(Uuid::now_v7()), ..bench.bob };
    let picture = picture(bench.folder.path(), "three.png", 96);
    let late = bench.put(gone, path, PNG, picture).await;
    assert_eq!(
        (late.status, &late.json()["type"]),
        (409, &"urn:segue:problem:gone-meanwhile".into())
    );
    assert_eq!(bench.files("work"), 0);
}

/// A body whose end nobody may wait for: it has none.
fn endless() -> Body {
    Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>())
}

fn put_avatar() -> Request<Body> {
    let put = Request::put("/v1/users/me/avatar").header("content-type", PNG);
    put.body(endless()).unwrap()
}

#[tokio::test]
async fn pictures_that_the_disk_has_no_room_for_are_refused_before_they_are_sent() {
    let bench = Bench::new().await;
    let intake = bench.intake.clone().keeping_free(u64::MAX);
    let router = Router::from(avatars::uploads(intake, MasterReader::here()));
    let refused = bench.answer(router.layer(Extension(bench.bob)), put_avatar());
    let refused = tokio::time::timeout(Duration::from_secs(30), refused).await.expect("at once");
    let problem = &refused.json()["type"];
    assert_eq!((refused.status, problem), (507, &"urn:segue:problem:no-room".into()));
}

#[tokio::test]
async fn so_many_pictures_arrive_at_a_time_and_no_more() {
    let bench = Bench::new().await;
    let router = Router::from(avatars::uploads(bench.intake.clone(), MasterReader::here()));
    let router = router.layer(Extension(bench.bob));
    let mut sending = JoinSet::new();
    for _ in 0..64 {
        sending.spawn(router.clone().oneshot(put_avatar()));
    }
    while bench.files("work") < 64 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // Nothing happens but time.
    tokio::time::pause();
    let one_more = bench.answer(router, put_avatar());
    let one_more = tokio::time::timeout(Duration::from_secs(40), one_more).await.expect("refused");
    assert_eq!((one_more.status, bench.files("work")), (503, 64));
    // Whoever goes away leaves nothing.
    sending.shutdown().await;
    assert_eq!(bench.files("work"), 0);
}
