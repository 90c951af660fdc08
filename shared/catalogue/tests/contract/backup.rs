//! All of a catalogue, read at one moment and filled into another database of either kind.

use std::collections::BTreeMap;
use std::time::Duration;

use segue_catalogue::backup::{BackupError, Refill, Schema, Snapshot, Table};
use segue_catalogue::{
    Audience, AuthenticatedUser, Catalogue, DatabaseUrl, Description, NewPlaylist, Role, Viewer,
};
use service::Clock;
use testkit::postgres::PostgresServer;
use uuid::Uuid;

use crate::bench::{Bench, LEASE};

/// What a snapshot says: the lines of each table, in one order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    schema: Schema,
    lines: BTreeMap<String, Vec<String>>,
}

pub(crate) async fn said(url: &DatabaseUrl) -> Said {
    let mut snapshot = Snapshot::take(url).await.unwrap();
    let schema = snapshot.schema().clone();
    let mut lines = BTreeMap::new();
    for table in &schema.tables {
        lines.insert(table.name.clone(), lines_of(&mut snapshot, table).await);
    }
    snapshot.close().await;
    Said { schema, lines }
}

async fn lines_of(snapshot: &mut Snapshot, table: &Table) -> Vec<String> {
    let mut lines = Vec::new();
    let keep = |line: &[u8]| {
        lines.push(String::from_utf8(line.to_vec()).unwrap());
        Ok(())
    };
    let count = snapshot.lines(table, keep).await.unwrap();
    assert_eq!(count, lines.len() as u64);
    lines.sort();
    lines
}

pub(crate) async fn refilled(
    clock: Clock,
    url: &DatabaseUrl,
    said: &Said,
) -> Result<(), BackupError> {
    let mut refill = Refill::begin(url, clock, &said.schema).await?;
    for table in refill.tables() {
        let known = said.schema.tables.iter().find(|known| known.name == table.name).unwrap();
        let lines = &said.lines[&table.name];
        let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        assert_eq!(refill.fill(known, text.as_bytes()).await?, lines.len() as u64);
    }
    refill.finish().await
}

/// Something in most tables: a job in hand, one that waits, and events of which some were told.
async fn live_in(bench: &Bench) {
    let (catalogue, id) = (&bench.catalogue, bench.admin.id);
    let admin = AuthenticatedUser { id, role: bench.admin.role };
    let song = bench.make_ready("Ready \"',\\ ü").await;
    bench.accept("In hand").await;
    bench.accept("Waits").await;
    catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
    let description = Description::default();
    let new = NewPlaylist { name: "List".parse().unwrap(), description, public: true };
    let playlist = catalogue.playlists().create(&admin, &new).await.unwrap();
    let twice = [song.id, song.id];
    catalogue.playlists().add(&admin, playlist.id, &twice, None).await.unwrap();
    assert!(catalogue.library().like(id, &Audience::from(Viewer::Admin), song.id).await.unwrap());
    catalogue.trends().count(song.id).await.unwrap();
    catalogue.playbacks().open(Uuid::now_v7(), id, song.id).await.unwrap();
    catalogue.duties().hold("relay", Uuid::now_v7(), LEASE).await.unwrap();
    let pending = catalogue.outbox().pending(2).await.unwrap();
    catalogue.outbox().note_told(&pending, &[]).await.unwrap();
    catalogue.inbox().note_done("somebody", Uuid::now_v7()).await.unwrap();
}

/// What every restore leaves as it was.
fn kept(said: &Said) -> BTreeMap<String, Vec<String>> {
    let mut lines = said.lines.clone();
    lines.retain(|table, _| table != "duties" && table != "jobs");
    lines
}

async fn an_empty_database(postgres: bool) -> (DatabaseUrl, Kept) {
    if postgres {
        let server = PostgresServer::start();
        (server.url().parse().unwrap(), Kept::Server(server))
    } else {
        let folder = tempfile::tempdir().unwrap();
        (DatabaseUrl::Sqlite(folder.path().join("restored.sqlite")), Kept::Folder(folder))
    }
}

/// What goes with the test.
#[expect(dead_code, reason = "held until the test is over")]
enum Kept {
    Folder(tempfile::TempDir),
    Server(PostgresServer),
}

async fn a_bench(postgres: bool) -> Bench {
    if postgres { Bench::postgres().await } else { Bench::sqlite().await }
}

/// Every row of every table comes out of the other database as it went in; what processes held is free.
async fn moves(from_postgres: bool, to_postgres: bool) {
    let bench = a_bench(from_postgres).await;
    live_in(&bench).await;
    let before = said(&bench.url).await;
    for table in ["songs", "versions", "jobs", "playlist_entries", "plays", "outbox", "trends"] {
        assert!(!before.lines[table].is_empty(), "nothing of {table} is tried");
    }
    let (url, _kept) = an_empty_database(to_postgres).await;
    bench.wait(Duration::from_secs(5));
    refilled(bench.clock.clock(), &url, &before).await.unwrap();
    let after = said(&url).await;
    assert_eq!(kept(&after), kept(&before));
    assert_eq!(after.schema.migrations, before.schema.migrations);
    assert_eq!(after.lines["duties"], [""; 0]);

    let restored = Catalogue::open(&url, bench.clock.clock()).await.unwrap();
    // The one that was in hand, and the one that waited.
    for _ in 0..2 {
        assert!(restored.jobs().claim(LEASE).await.unwrap().is_some());
    }
    // What is said from now on comes behind what was said.
    let last = restored.outbox().pending(100).await.unwrap().last().expect("some").turn;
    restored.users().create("somebody", "hash", Role::Listener).await.unwrap();
    let pending = restored.outbox().pending(100).await.unwrap();
    assert!(pending.last().expect("one more").turn > last);
    restored.close().await;
}

#[tokio::test]
async fn sqlite_moves_into_sqlite() {
    moves(false, false).await;
}

#[tokio::test]
async fn sqlite_moves_into_postgres() {
    moves(false, true).await;
}

#[tokio::test]
async fn postgres_moves_into_sqlite() {
    moves(true, false).await;
}

#[tokio::test]
async fn postgres_moves_into_postgres() {
    moves(true, true).await;
}

async fn one_moment_is_read_while_others_write(postgres: bool) {
    let bench = a_bench(postgres).await;
    bench.accept("Before").await;
    let mut snapshot = Snapshot::take(&bench.url).await.unwrap();
    bench.accept("Meanwhile").await;
    let tables = snapshot.schema().tables.clone();
    for (table, rows) in [("songs", 1), ("jobs", 1), ("albums", 1)] {
        let table = tables.iter().find(|known| known.name == table).unwrap();
        assert_eq!(lines_of(&mut snapshot, table).await.len(), rows, "{}", table.name);
    }
    snapshot.close().await;
    assert_eq!(said(&bench.url).await.lines["songs"].len(), 2);
}

#[tokio::test]
async fn sqlite_is_read_at_one_moment() {
    one_moment_is_read_while_others_write(false).await;
}

#[tokio::test]
async fn postgres_is_read_at_one_moment() {
    one_moment_is_read_while_others_write(true).await;
}

async fn only_what_is_empty_is_filled_and_all_or_nothing(postgres: bool) {
    let bench = a_bench(postgres).await;
    live_in(&bench).await;
    let before = said(&bench.url).await;
    let full = refilled(bench.clock.clock(), &bench.url, &before).await;
    assert!(matches!(full, Err(BackupError::NotEmpty { .. })), "{full:?}");
    assert_eq!(said(&bench.url).await.lines, before.lines);

    let (url, _kept) = an_empty_database(postgres).await;
    let mut torn = before.clone();
    torn.lines.get_mut("jobs").expect("jobs")[1].truncate(20);
    let refused = refilled(bench.clock.clock(), &url, &torn).await;
    assert!(matches!(refused, Err(BackupError::NotARow { line: 2, .. })), "{refused:?}");
    let mut bereft = before.clone();
    bereft.lines.get_mut("users").expect("users").clear();
    assert!(refilled(bench.clock.clock(), &url, &bereft).await.is_err(), "songs of nobody");
    let mut newer = before.clone();
    newer.schema.migrations.push(9_999);
    let refused = refilled(bench.clock.clock(), &url, &newer).await;
    assert!(matches!(refused, Err(BackupError::TooNew { migration: 9_999 })), "{refused:?}");
    let mut older = before.clone();
    older.schema.migrations.pop();
    let refused = refilled(bench.clock.clock(), &url, &older).await;
    assert!(matches!(refused, Err(BackupError::OtherSchema)), "{refused:?}");
    // Nothing of all that has stayed.
    refilled(bench.clock.clock(), &url, &before).await.unwrap();
}

#[tokio::test]
async fn sqlite_is_filled_where_it_is_empty() {
    only_what_is_empty_is_filled_and_all_or_nothing(false).await;
}

#[tokio::test]
async fn postgres_is_filled_where_it_is_empty() {
    only_what_is_empty_is_filled_and_all_or_nothing(true).await;
}
