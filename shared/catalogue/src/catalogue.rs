//! The open catalogue: whose eyes it is seen with, and its repositories.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use media::UserId;
use service::Clock;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::albums::Albums;
use crate::api_keys::ApiKeys;
use crate::artists::Artists;
use crate::bookmarks::Bookmarks;
use crate::changes::Changes;
use crate::chores;
use crate::database::Database;
use crate::database::postgres::Freshness;
use crate::database::url::DatabaseUrl;
use crate::deliveries::Deliveries;
use crate::duties::Duties;
use crate::email_claims::EmailClaims;
use crate::error::CatalogueError;
use crate::feed::Feed;
use crate::genres::Genres;
use crate::history::History;
use crate::identities::Identities;
use crate::inbox::Inbox;
use crate::jobs::{DatabaseTime, Jobs};
use crate::kept_answers::KeptAnswers;
use crate::library::Library;
use crate::oidc_logins::OidcLogins;
use crate::outbox::Outbox;
use crate::password_resets::PasswordResets;
use crate::playbacks::Playbacks;
use crate::players::Players;
use crate::playlists::Playlists;
use crate::previews::Previews;
use crate::progress::Progresses;
use crate::reader::Reader;
use crate::sessions::Sessions;
use crate::songs::Songs;
use crate::stored::Stored;
use crate::streams::Streams;
use crate::trends::Trends;
use crate::turns::Turns;
use crate::uploads::Uploads;
use crate::users::Users;
use crate::versions::Versions;
use crate::write::Write;

/// The open catalogue. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Catalogue {
    database: Arc<Database>,
    outbox_filled: Arc<Notify>,
    changes: Changes,
    turns: Arc<Turns>,
    database_time: Arc<DatabaseTime>,
    clock: Clock,
    freshness: Freshness,
}

impl Catalogue {
    /// Opens the database that `url` leads to, bringing its schema up to date. An SQLite file is made where it is
    /// missing.
    ///
    /// # Errors
    /// It cannot be reached or written, or its schema is newer than this program.
    pub async fn open(url: &DatabaseUrl, clock: Clock) -> Result<Self, CatalogueError> {
        let catalogue = Self::on(Database::open(url).await?, clock);
        chores::finish(catalogue.write().await?).await?;
        Ok(catalogue)
    }

    /// Opens it with the schema that these migrations make, to be filled.
    pub(crate) async fn open_at(
        url: &DatabaseUrl,
        clock: Clock,
        migrations: &[i64],
    ) -> Result<Self, CatalogueError> {
        Ok(Self::on(Database::open_at(url, migrations).await?, clock))
    }

    fn on(database: Database, clock: Clock) -> Self {
        Self {
            database: Arc::new(database),
            outbox_filled: Arc::default(),
            changes: Changes::default(),
            turns: Arc::default(),
            database_time: Arc::default(),
            clock,
            freshness: Freshness::Latest,
        }
    }

    /// The same catalogue for one user: reads go to the replica, where there is one, unless it has not yet heard of
    /// something that this user wrote through this process. What they write is noted.
    #[must_use]
    pub fn seen_by(&self, user: UserId) -> Self {
        Self { freshness: Freshness::Own(user), ..self.clone() }
    }

    /// The same catalogue for somebody who writes nothing: reads go to the replica, where there is one.
    #[must_use]
    pub fn seen_by_anybody(&self) -> Self {
        Self { freshness: Freshness::Eventual, ..self.clone() }
    }

    /// The same catalogue for whoever is shown what everybody is shown, and no more: reads go to the replica, where there
    /// is one, unless it has not yet heard of the last [change](Self::changes).
    #[must_use]
    pub fn seen_by_all(&self) -> Self {
        Self { freshness: Freshness::all(), ..self.clone() }
    }

    /// The same catalogue for whoever must know of what others have written: reads go to the leader.
    #[must_use]
    pub(crate) fn latest(&self) -> Self {
        Self { freshness: Freshness::Latest, ..self.clone() }
    }

    /// The accounts.
    #[must_use]
    pub fn users(&self) -> Users<'_> {
        Users::new(self)
    }

    /// What programs log in with.
    #[must_use]
    pub fn api_keys(&self) -> ApiKeys<'_> {
        ApiKeys::new(self)
    }

    /// Where people are logged in.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::new(self)
    }

    /// Forgotten passwords.
    #[must_use]
    pub fn password_resets(&self) -> PasswordResets<'_> {
        PasswordResets::new(self)
    }

    /// Mail addresses that are still to be proved.
    #[must_use]
    pub fn email_claims(&self) -> EmailClaims<'_> {
        EmailClaims::new(self)
    }

    /// Who people are elsewhere.
    #[must_use]
    pub fn identities(&self) -> Identities<'_> {
        Identities::new(self)
    }

    /// Logins by a provider of OpenID Connect.
    #[must_use]
    pub fn oidc_logins(&self) -> OidcLogins<'_> {
        OidcLogins::new(self)
    }

    /// The songs.
    #[must_use]
    pub fn songs(&self) -> Songs<'_> {
        Songs::new(self)
    }

    /// Files that arrive in pieces.
    #[must_use]
    pub fn uploads(&self) -> Uploads<'_> {
        Uploads::new(self)
    }

    /// The albums.
    #[must_use]
    pub fn albums(&self) -> Albums<'_> {
        Albums::new(self)
    }

    /// The artists.
    #[must_use]
    pub fn artists(&self) -> Artists<'_> {
        Artists::new(self)
    }

    /// The kinds of music.
    #[must_use]
    pub fn genres(&self) -> Genres<'_> {
        Genres::new(self)
    }

    /// What is played most lately.
    #[must_use]
    pub fn trends(&self) -> Trends<'_> {
        Trends::new(self)
    }

    /// What is being played.
    #[must_use]
    pub fn playbacks(&self) -> Playbacks<'_> {
        Playbacks::new(self)
    }

    /// At how many places accounts play.
    #[must_use]
    pub fn streams(&self) -> Streams<'_> {
        Streams::new(self)
    }

    /// What each user listens to, wherever they are.
    #[must_use]
    pub fn players(&self) -> Players<'_> {
        Players::new(self)
    }

    /// Private links to songs.
    #[must_use]
    pub fn previews(&self) -> Previews<'_> {
        Previews::new(self)
    }

    /// The queue.
    #[must_use]
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs::new(self)
    }

    /// How far songs have come.
    #[must_use]
    pub fn progress(&self) -> Progresses<'_> {
        Progresses::new(self)
    }

    /// What the rows name in the store.
    #[must_use]
    pub fn stored(&self) -> Stored<'_> {
        Stored::new(self)
    }

    /// What songs are played from.
    #[must_use]
    pub fn versions(&self) -> Versions<'_> {
        Versions::new(self)
    }

    /// What was answered to requests that may be sent again.
    #[must_use]
    pub fn kept_answers(&self) -> KeptAnswers<'_> {
        KeptAnswers::new(self)
    }

    /// What users like, and whom they follow.
    #[must_use]
    pub fn library(&self) -> Library<'_> {
        Library::new(self)
    }

    /// What users have listened to.
    #[must_use]
    pub fn history(&self) -> History<'_> {
        History::new(self)
    }

    /// What is new for each user.
    #[must_use]
    pub fn feed(&self) -> Feed<'_> {
        Feed::new(self)
    }

    /// Places in songs that users want to find again.
    #[must_use]
    pub fn bookmarks(&self) -> Bookmarks<'_> {
        Bookmarks::new(self)
    }

    /// The playlists.
    #[must_use]
    pub fn playlists(&self) -> Playlists<'_> {
        Playlists::new(self)
    }

    /// What has happened and is to be told.
    #[must_use]
    pub fn outbox(&self) -> Outbox<'_> {
        Outbox::new(self)
    }

    /// What consumers of events have done already.
    #[must_use]
    pub fn inbox(&self) -> Inbox<'_> {
        Inbox::new(self)
    }

    /// What external caches are to be told.
    #[must_use]
    pub fn deliveries(&self) -> Deliveries<'_> {
        Deliveries::new(self)
    }

    /// What one process at a time does for all.
    #[must_use]
    pub fn duties(&self) -> Duties<'_> {
        Duties::new(self)
    }

    /// Closes all connections; an SQLite file then holds all of its log.
    pub async fn close(&self) {
        self.database.close().await;
    }

    pub(crate) fn read(&self) -> Reader<'_> {
        Reader::new(&self.database, self.freshness)
    }

    pub(crate) async fn write(&self) -> Result<Write, CatalogueError> {
        Write::begin(self).await
    }

    /// A transaction that others who would be alone on `id`, too, wait for.
    pub(crate) async fn write_alone_on(&self, id: Uuid) -> Result<Write, CatalogueError> {
        Write::begin_alone(self, id).await
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.turns
    }

    pub(crate) fn database_time(&self) -> &DatabaseTime {
        &self.database_time
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn freshness(&self) -> Freshness {
        self.freshness
    }

    pub(crate) fn noted_changes(&self) -> &Changes {
        &self.changes
    }

    pub(crate) fn outbox_filled(&self) -> &Notify {
        &self.outbox_filled
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        let since = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        ms(since)
    }

    /// When `time` will have passed, in milliseconds since 1970.
    pub(crate) fn after(&self, time: Duration) -> i64 {
        self.now_ms().saturating_add(ms(time))
    }

    /// When `time` had not passed yet, in milliseconds since 1970.
    pub(crate) fn before(&self, time: Duration) -> i64 {
        self.now_ms().saturating_sub(ms(time))
    }
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
