//! A catalogue to try things on, in either database.

use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use media::{MasterHash, SongId, Version};
use segue_catalogue::{Catalogue, DatabaseUrl, NewSong, Packaged, Role, Song, SongEdit, User};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use testkit::manual_clock::ManualClock;
use testkit::postgres::PostgresServer;

use crate::plans::Plans;

pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// Every test of the contract, on both databases: `contract![a_song_is_a_song, …]` in each file. A test that is not
/// listed is dead code, and clippy says so.
#[macro_export]
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    $crate::bench::Bench::sqlite().await.judge(super::$name).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    $crate::bench::Bench::postgres().await.judge(super::$name).await;
                }
            )*
        }
    };
}

/// An open catalogue with an admin in it, and a clock that stands still.
pub(crate) struct Bench {
    pub(crate) catalogue: Catalogue,
    pub(crate) clock: ManualClock,
    pub(crate) admin: User,
    pub(crate) url: DatabaseUrl,
    plans: Plans,
    _kept: Kept,
}

/// What goes with the test.
enum Kept {
    Folder { _folder: tempfile::TempDir },
    Server { _server: PostgresServer },
}

impl Bench {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("catalogue.sqlite");
        Self::on(DatabaseUrl::Sqlite(path), Kept::Folder { _folder: folder }).await
    }

    pub(crate) async fn postgres() -> Self {
        let server = PostgresServer::start();
        let url = server.url().parse().unwrap();
        Self::on(url, Kept::Server { _server: server }).await
    }

    async fn on(url: DatabaseUrl, kept: Kept) -> Self {
        let plans = Plans::noted();
        let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let catalogue = Catalogue::open(&url, clock.clock()).await.unwrap();
        let admin = catalogue.users().create("admin", "hash", Role::Admin).await.unwrap();
        Self { catalogue, clock, admin, url, plans, _kept: kept }
    }

    /// Runs one test, and then looks at how its statements find their rows.
    pub(crate) async fn judge(self, test: impl AsyncFnOnce(&Self)) {
        test(&self).await;
        self.catalogue.close().await;
        self.plans.judge(&self.url).await;
    }

    pub(crate) fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The same database opened once more, as by another process.
    pub(crate) async fn opened_again(&self) -> Catalogue {
        Catalogue::open(&self.url, self.clock.clock()).await.unwrap()
    }

    pub(crate) fn new_song(&self, title: &str, album: Option<&str>) -> NewSong {
        NewSong {
            title: title.parse().unwrap(),
            artist: "Somebody".parse().unwrap(),
            album: album.map(|album| album.parse().unwrap()),
            album_artist: None,
            genre: Some("Folk".parse().unwrap()),
            release_year: Some("1997".parse().unwrap()),
            master: MasterHash::new([7; 32]),
            file_name: "song.flac".parse().unwrap(),
            uploader: self.admin.id,
            particulars: segue_catalogue::Particulars::default(),
        }
    }

    pub(crate) async fn accept(&self, title: &str) -> Song {
        self.catalogue.songs().accept(&self.new_song(title, None)).await.unwrap()
    }

    pub(crate) async fn song(&self, id: SongId) -> Song {
        self.catalogue.songs().get(id).await.unwrap().expect("the song")
    }

    /// Changes what is said about a song, whatever its edition.
    pub(crate) async fn edit(&self, id: SongId, edit: SongEdit) -> Song {
        let edition = self.song(id).await.edition;
        self.catalogue.songs().edit(id, edition, &edit).await.unwrap()
    }

    /// Runs a statement that no repository has.
    pub(crate) async fn sql(&self, statement: &str) {
        let text = AssertSqlSafe(statement.to_owned());
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let url = format!("sqlite://{}", path.display());
                let mut database = SqliteConnection::connect(&url).await.unwrap();
                sqlx::raw_sql(text).execute(&mut database).await.unwrap();
            }
            DatabaseUrl::Postgres { leader, .. } => {
                let mut database = PgConnection::connect_with(leader).await.unwrap();
                sqlx::raw_sql(text).execute(&mut database).await.unwrap();
            }
        }
    }

    pub(crate) async fn make_ready(&self, title: &str) -> Song {
        let song = self.accept(title).await;
        let job = self.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
        assert_eq!(job.song, song.id);
        self.catalogue.jobs().complete(&job, &packaged(&song)).await.unwrap();
        self.song(song.id).await
    }
}

pub(crate) fn packaged(song: &Song) -> Packaged {
    Packaged {
        version: Version::of(&song.master, "recipe"),
        artist: song.artist_id,
        album: song.album_id,
        duration_ms: 1_234,
        sets: "aac,opus".parse().unwrap(),
        dash: true,
        artwork: None,
    }
}
