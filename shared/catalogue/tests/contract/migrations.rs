//! Databases that earlier releases left behind.

use std::path::Path;

use media::{SongId, UserId};
use segue_catalogue::{
    Audience, Catalogue, CatalogueError, DatabaseUrl, Plan, Role, SongFilter, SongState, Viewer,
};
use service::Clock;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use testkit::postgres::PostgresServer;
use uuid::Uuid;

use crate::backup::{refilled, said};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// What databases out there were made with: SHA-384 of each file, in their order. A file of these that changes locks
/// their owners out.
const RELEASED: [&str; 3] = [
    "613d7542b6c5ded70192557c0d35e0f5799fa2c6d01b7f11454c023681294a97fae110164403c85ed952c6fad8246ae8",
    "ea05da6702adcf72df4426d487c46a232c4dd1c5274db4ba54f32620d6fd76d589449ccf5e4d1ba8c836280f64080783",
    "537990f3139bc816fe141641406fa34ef2f479af791519420317cbff33ebd28befcc5ba0fa6be63cbf398de59485edc2",
];

/// One ready song of each kind of column, as the last release wrote it.
const ROWS: &str = "
    INSERT INTO users VALUES (x'00000000000070008000000000000001', 'ann', 'hash', 'artist', 1);
    INSERT INTO artists VALUES (x'00000000000070008000000000000002', 'Änn', 1);
    INSERT INTO albums VALUES (x'00000000000070008000000000000003', x'00000000000070008000000000000002',
                               'Album', FALSE, 1);
    INSERT INTO songs VALUES (x'00000000000070008000000000000004', x'00000000000070008000000000000002',
                              x'00000000000070008000000000000003', x'00000000000070008000000000000001',
                              'Öde', 'ÉLAN', 1997,
                              '0707070707070707070707070707070707070707070707070707070707070707',
                              'song.flac', 'ready', NULL, 1700000000000, 1700000000001);
    INSERT INTO versions VALUES (x'00000000000070008000000000000004', '0123456789abcdef0123456789abcdef',
                                 x'00000000000070008000000000000002', x'00000000000070008000000000000003',
                                 1234, 1700000000000, 'aac,ogg', FALSE);
    INSERT INTO current_versions VALUES (x'00000000000070008000000000000004',
                                         '0123456789abcdef0123456789abcdef');
    INSERT INTO jobs VALUES (x'00000000000070008000000000000005', x'00000000000070008000000000000004',
                             'done', 1, 1700000000000, NULL, NULL, 1700000000000, 1700000000000);";

#[test]
fn both_databases_have_the_same_migrations() {
    let named = |migrator: &Migrator| -> Vec<(i64, String)> {
        let known = migrator.iter();
        known.map(|migration| (migration.version, migration.description.to_string())).collect()
    };
    assert_eq!(named(&SQLITE), named(&POSTGRES));
}

#[test]
fn what_was_released_never_changes() {
    let checksum =
        |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let checksums = SQLITE.iter().map(|migration| checksum(&migration.checksum));
    assert_eq!(checksums.take(RELEASED.len()).collect::<Vec<_>>(), RELEASED);
}

#[tokio::test]
async fn a_database_of_the_last_release_is_brought_up_to_date_with_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue.sqlite");
    release(&path).await;
    has_its_rows(&open(&path).await.unwrap()).await;
    // And once more, as it is now.
    open(&path).await.unwrap().close().await;
}

#[tokio::test]
async fn a_backup_of_the_last_release_is_brought_up_to_date_with_its_rows() {
    let (folder, server) = (tempfile::tempdir().unwrap(), PostgresServer::start());
    let path = folder.path().join("catalogue.sqlite");
    release(&path).await;
    let backup = said(&DatabaseUrl::Sqlite(path)).await;
    let url = server.url().parse().unwrap();
    refilled(Clock::system(), &url, &backup).await.unwrap();
    has_its_rows(&Catalogue::open(&url, Clock::system()).await.unwrap()).await;
}

/// A database as the last release left it.
async fn release(path: &Path) {
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let released = SQLITE.iter().take(RELEASED.len()).cloned().collect();
    Migrator::with_migrations(released).run(&mut database).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(ROWS)).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

async fn has_its_rows(catalogue: &Catalogue) {
    let id = |number: u128| Uuid::from_u128(0x7000_8000_0000_0000_0000 + number);
    let (ann, hash) = catalogue.users().by_username("ann").await.unwrap().expect("ann");
    assert_eq!((ann.id, ann.role, hash.as_str()), (UserId::new(id(1)), Role::Artist, "hash"));
    let entitlement = catalogue.users().entitlement(ann.id).await.unwrap().expect("ann");
    assert_eq!(entitlement.plan, Plan::Free);
    let song = catalogue.songs().get(SongId::new(id(4))).await.unwrap().expect("the song");
    assert_eq!((song.title.as_str(), song.state), ("Öde", SongState::Ready));
    assert_eq!((song.artist.as_str(), song.album.as_str()), ("Änn", "Album"));
    assert_eq!((song.release_year, song.created_ms), ("1997".parse().ok(), 1_700_000_000_000));
    assert_eq!(song.current.expect("a version").duration_ms, 1_234);
    // They are found however they are capitalised, beyond ASCII too.
    let anybody = Audience::from(Viewer::Public);
    let found = catalogue.artists().starting_with("än", &anybody, 0, 9).await.unwrap();
    assert_eq!(found.len(), 1);
    let filter = SongFilter {
        title: Some("öd".parse().unwrap()),
        genre: Some("élan".parse().unwrap()),
        ..SongFilter::default()
    };
    assert_eq!(catalogue.songs().list(&anybody, &filter, None, 9).await.unwrap().len(), 1);
    assert_eq!(catalogue.genres().list(&anybody, None, 9).await.unwrap(), ["ÉLAN"]);
    catalogue.close().await;
}

#[tokio::test]
async fn a_database_of_a_later_release_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue.sqlite");
    open(&path).await.unwrap().close().await;
    let url = format!("sqlite://{}", path.display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let later = "INSERT INTO _sqlx_migrations VALUES (9999, 'later', '2030-01-01', TRUE, x'00', 1)";
    sqlx::raw_sql(later).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let refused = open(&path).await;
    assert!(matches!(refused, Err(CatalogueError::Migrate(_))), "{refused:?}");
}

async fn open(path: &Path) -> Result<Catalogue, CatalogueError> {
    Catalogue::open(&DatabaseUrl::Sqlite(path.to_owned()), Clock::system()).await
}
