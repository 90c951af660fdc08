//! Another master for a song: sent in one request or in pieces, packaged, and what becomes of the version before.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::http::{Request, Response};
use base64::prelude::{BASE64_STANDARD, Engine};
use catalogue::jobs::desk::State;
use catalogue::{
    AuthenticatedUser, Catalogue, DatabaseUrl, Event, Role, Song, SongState, Switched,
};
use http_body_util::BodyExt;
use media::SongId;
use object_store::local::LocalFileSystem;
use segue_ingest::{Collector, Intake, Shelf, Uploads, Worker, Workshop};
use serde_json::Value;
use service::Shutdown;
use testkit::manual_clock::ManualClock;
use testkit::{signal, wav};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;
use transcode::{MasterReader, Parameters};

const RATE: u32 = 48_000;
const LIMIT: u64 = 10 << 20;
const PATIENCE: Duration = Duration::from_secs(100);

/// Longer than any token for a song of seconds lives, and what is granted beyond.
const LONG: Duration = Duration::from_secs(14 * 60 * 60);

struct Bench {
    catalogue: Catalogue,
    clock: ManualClock,
    intake: Intake,
    user: AuthenticatedUser,
    folder: tempfile::TempDir,
    shutdown: Shutdown,
}

impl Bench {
    /// A bench with a worker at work.
    async fn new() -> (Self, JoinHandle<()>) {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(SystemTime::now());
        let url = DatabaseUrl::Sqlite(folder.path().join("catalogue.sqlite"));
        let catalogue = Catalogue::open(&url, clock.clock()).await.unwrap();
        let user = catalogue.users().create("artist", "hash", Role::Artist).await.unwrap();
        let user = AuthenticatedUser { id: user.id, role: user.role };
        fs::create_dir(folder.path().join("objects")).unwrap();
        let store = LocalFileSystem::new_with_prefix(folder.path().join("objects")).unwrap();
        let workshop = Workshop::open(&folder.path().join("work")).unwrap();
        let intake = Intake::new(catalogue.clone(), Shelf::new(Arc::new(store)), workshop, LIMIT);
        let intake = intake.making(fast());
        let shutdown = Shutdown::new();
        let reader = MasterReader::here();
        let worker = Worker::new(intake.clone(), reader, fast(), shutdown.clone());
        let worker = tokio::spawn(worker.run());
        (Self { catalogue, clock, intake, user, folder, shutdown }, worker)
    }

    async fn ask(&self, user: AuthenticatedUser, request: Request<Body>) -> Response<Body> {
        let routes = segue_ingest::upload::router(self.intake.clone());
        let routes: Router = routes.merge(Uploads::new(self.intake.clone()).routes()).into();
        routes.layer(Extension(user)).oneshot(request).await.unwrap()
    }

    async fn send_as(
        &self,
        user: AuthenticatedUser,
        line: &str,
        parts: &[Vec<u8>],
    ) -> (u16, Value) {
        let (method, path) = line.split_once(' ').unwrap();
        let body = [parts.concat(), b"--XX--\r\n".to_vec()].concat();
        let request = Request::builder().method(method).uri(path);
        let request = request.header("content-type", "multipart/form-data; boundary=XX");
        let response = self.ask(user, request.body(body.into()).unwrap()).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    async fn send(&self, line: &str, master: &[u8]) -> (u16, Value) {
        self.send_as(self.user, line, &[file("master.wav", master)]).await
    }

    /// A song that plays.
    async fn song(&self, master: &[u8]) -> Song {
        let (status, song) = self.send("POST /v1/songs", master).await;
        assert_eq!(status, 202, "{song}");
        let id = song["id"].as_str().unwrap().parse().unwrap();
        self.settled(id).await
    }

    async fn get(&self, id: SongId) -> Song {
        self.catalogue.songs().get(id).await.unwrap().unwrap()
    }

    /// The song once nothing is under way for it.
    async fn settled(&self, id: SongId) -> Song {
        let settle = async {
            loop {
                let found = self.catalogue.versions().of_song(id).await.unwrap();
                if found.replacement.is_none_or(|it| !it.state.is_open()) {
                    return self.get(id).await;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, settle).await.expect("an end")
    }

    /// The folder of the song's current version.
    fn objects(&self, song: &Song) -> PathBuf {
        let current = song.current.as_ref().unwrap();
        let (artist, album, version) = (current.artist, current.album, current.version);
        let path = format!("objects/artist/{artist}/album/{album}/{}/{version}", song.id);
        self.folder.path().join(path)
    }

    /// How many old versions were removed.
    async fn collect(&self) -> u64 {
        Collector::new(self.intake.clone(), self.clock.clock()).collect_all().await.unwrap()
    }

    async fn ends(self, worker: JoinHandle<()>) {
        self.shutdown.begin();
        worker.await.unwrap();
    }
}

fn fast() -> Parameters {
    Parameters {
        sets: "aac".parse().unwrap(),
        effort: "fast".parse().unwrap(),
        ..Parameters::default()
    }
}

fn file(name: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n"].concat()
}

/// Two seconds of music, which sound different for each seed.
fn master(seed: u64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.wav");
    wav::write(&path, &signal::music(2 * RATE as usize, RATE, seed), RATE);
    fs::read(path).unwrap()
}

/// All files beneath a folder, in order; none where it is none.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_song_is_replaced_rolled_back_and_its_old_version_goes_when_no_token_is_left() {
    let (bench, worker) = Bench::new().await;
    let first = bench.song(&master(1)).await;
    let old = bench.objects(&first);
    let of_old = files(&old);
    assert!(of_old.len() > 5, "{of_old:?}");
    let line = format!("PUT /v1/songs/{}/master", first.id);
    let (status, answer) = bench.send(&line, &master(2)).await;
    assert_eq!((status, &answer["same_version"]), (202, &false.into()), "{answer}");
    assert_eq!(answer["state"], "ready", "it plays on");
    let second = bench.settled(first.id).await;
    assert_ne!(second.current, first.current);
    assert_ne!(second.master, first.master);
    assert_eq!(files(&old), of_old, "whoever is in its midst hears it to its end");
    let new = bench.objects(&second);
    let of_new = files(&new);

    let (status, answer) = bench.send(&line, &master(2)).await;
    assert_eq!((status, &answer["same_version"]), (200, &true.into()), "{answer}");
    assert_eq!(bench.settled(first.id).await, second);

    assert_eq!(bench.collect().await, 0, "tokens of before open it");
    assert_eq!(files(&old), of_old);
    bench.clock.advance(LONG);
    // Whoever began to remove it died in the midst of that.
    let versions = bench.catalogue.versions();
    let retired = versions.retired(u64::MAX, 9).await.unwrap();
    assert_eq!(retired.len(), 1);
    assert!(versions.begin_removal(&retired[0]).await.unwrap());
    fs::remove_file(&of_old[0]).unwrap();
    let other = Collector::new(bench.intake.clone(), bench.clock.clock());
    assert_eq!(other.collect_all().await.unwrap(), 1);
    assert_eq!((files(&old), files(&new)), (vec![], of_new));
    assert_eq!(bench.collect().await, 0);
    let found = versions.of_song(first.id).await.unwrap().versions;
    let stored: Vec<_> = found.iter().filter(|it| it.is_stored).map(|it| it.version).collect();
    assert_eq!(stored, [second.current.as_ref().unwrap().version]);

    let gone = first.current.as_ref().unwrap().version;
    let chosen = versions.switch(first.id, &gone, second.edition).await.unwrap();
    assert!(matches!(chosen, Some(Switched::Later(_))), "{chosen:?}");
    let back = bench.settled(first.id).await;
    assert_eq!((&back.current, back.master), (&first.current, first.master));
    assert_eq!(files(&old), of_old, "made again, all of it");
    bench.ends(worker).await;
}

#[tokio::test]
async fn what_cannot_be_packaged_leaves_the_song_playing_and_says_why() {
    let (bench, worker) = Bench::new().await;
    let song = bench.song(&master(1)).await;
    let line = format!("PUT /v1/songs/{}/master", song.id);
    let (status, answer) = bench.send(&line, b"these are words, not sound").await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(bench.settled(song.id).await, song);
    let found = bench.catalogue.versions().of_song(song.id).await.unwrap();
    let failed = found.replacement.expect("what became of it");
    assert_eq!(failed.state, State::Failed);
    assert!(failed.reason.expect("a reason").contains("accepted are WAV"));
    let pending = bench.catalogue.outbox().pending(100).await.unwrap();
    let last = pending.last().unwrap().event().unwrap();
    assert!(matches!(last, Event::SongReplacementFailed { song: it, .. } if it == song.id));
    bench.ends(worker).await;
}

#[tokio::test]
async fn only_its_uploader_replaces_a_song_and_only_by_a_file() {
    let (bench, worker) = Bench::new().await;
    let song = bench.song(&master(1)).await;
    let eve = bench.catalogue.users().create("eve", "hash", Role::Artist).await.unwrap();
    let eve = AuthenticatedUser { id: eve.id, role: eve.role };
    let line = format!("PUT /v1/songs/{}/master", song.id);
    let another = format!("PUT /v1/songs/{}/master", SongId::new(uuid::Uuid::now_v7()));
    let good = file("a.wav", b"bytes");
    let title = b"--XX\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nTitle\r\n".to_vec();
    let large = file("a.wav", &vec![0; LIMIT as usize + 1]);
    for (who, line, parts, wanted) in [
        (eve, &line, vec![good.clone()], 403),
        (bench.user, &another, vec![good.clone()], 404),
        (bench.user, &line, vec![], 422),
        (bench.user, &line, vec![title, good.clone()], 422),
        (bench.user, &line, vec![file("a.wav", b"")], 422),
        (bench.user, &line, vec![large], 413),
    ] {
        let (status, problem) = bench.send_as(who, line, &parts).await;
        assert_eq!(status, wanted, "{problem}");
    }
    assert_eq!(bench.settled(song.id).await, song);
    assert_eq!(files(&bench.folder.path().join("work")), [] as [PathBuf; 0]);
    assert_eq!(song.state, SongState::Ready);
    bench.ends(worker).await;
}

#[tokio::test]
async fn an_upload_in_pieces_replaces_a_master() {
    let (bench, worker) = Bench::new().await;
    let song = bench.song(&master(1)).await;
    let eve = bench.catalogue.users().create("eve", "hash", Role::Artist).await.unwrap();
    let eve = AuthenticatedUser { id: eve.id, role: eve.role };
    let bytes = master(2);
    let begin = |said: &[(&str, &str)]| {
        let pair = |(key, value): &(&str, &str)| format!("{key} {}", BASE64_STANDARD.encode(value));
        let metadata: Vec<_> = said.iter().map(pair).collect();
        let request = Request::post("/v1/uploads").header("tus-resumable", "1.0.0");
        let request = request.header("upload-length", bytes.len());
        let request = request.header("upload-metadata", metadata.join(","));
        let request = request.header("content-type", "application/offset+octet-stream");
        request.body(Body::from(bytes.clone())).unwrap()
    };
    let id = song.id.to_string();
    let (file_name, replaced) = (("filename", "new.wav"), ("song", &*id));
    for (who, request, wanted) in [
        (eve, begin(&[file_name, replaced]), 403),
        (bench.user, begin(&[file_name, replaced, ("title", "New")]), 422),
        (bench.user, begin(&[("song", "7")]), 422),
    ] {
        assert_eq!(bench.ask(who, request).await.status(), wanted);
    }
    let created = bench.ask(bench.user, begin(&[file_name, replaced])).await;
    assert_eq!(created.status(), 201);
    assert_eq!(created.headers()["segue-song"], *id);
    let after = bench.settled(song.id).await;
    assert_ne!(after.master, song.master);
    let found = bench.catalogue.versions().of_song(song.id).await.unwrap().versions;
    assert!(found.iter().any(|it| it.is_current && it.file_name == "new.wav"), "{found:?}");
    bench.ends(worker).await;
}

#[tokio::test]
async fn what_would_become_what_it_is_is_not_made_and_what_is_broken_is() {
    let (bench, worker) = Bench::new().await;
    let song = bench.song(&master(1)).await;
    let folder = bench.objects(&song);
    let whole = files(&folder);
    // A worker that made it would need its master.
    let masters = bench.folder.path().join("objects/masters");
    let aside = bench.folder.path().join("aside");
    fs::rename(&masters, &aside).unwrap();
    let versions = bench.catalogue.versions();
    assert_eq!(versions.repackage(None).await.unwrap(), 1);
    assert_eq!(bench.settled(song.id).await, song);
    assert_eq!(versions.of_song(song.id).await.unwrap().replacement, None);
    fs::rename(&aside, &masters).unwrap();
    fs::remove_file(folder.join("aac/64/00000.m4s")).unwrap();
    assert_eq!(versions.repackage(Some(&[song.id])).await.unwrap(), 1);
    assert_eq!(bench.settled(song.id).await, song);
    assert_eq!(files(&folder), whole);
    bench.ends(worker).await;
}
