//! Where people are logged in.

use std::time::Duration;

use media::{SessionId, UserId};
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::secret::Secret;
use crate::source::Source;
use crate::statement::{sql, sql_each};
use crate::user::{AuthenticatedUser, User};
use crate::users::read_user;
use crate::write::Write;

/// How long a session can be refreshed at all: a token that was stolen and is never missed is not good for ever.
pub const LONGEST: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// The most sessions of an account: the one that began first ends for one more.
pub const MOST: u32 = 100;

/// How often a session can be refreshed: every quarter of an hour for as long as it may last, and some more. A token that
/// was used is known when it comes again for as long as it would have been good unused: nobody refreshes a stolen one
/// until it is forgotten.
pub const MOST_REFRESHES: u32 = 20_000;

/// The sessions in a catalogue.
#[derive(Debug)]
pub struct Sessions<'a>(&'a Catalogue);

/// What a refresh token was good for.
#[derive(Debug)]
pub enum Refreshed {
    /// It goes on, with another token.
    Session {
        /// Which.
        session: SessionId,
        /// Whose.
        user: User,
        /// The next token.
        token: Secret,
    },
    /// The token had been used before: two have it, and the session was ended for both.
    Reused(SessionId),
    /// Nobody's, or of a session that has ended.
    Unknown,
}

impl<'a> Sessions<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Logs somebody in until nobody has refreshed the session for `idle`.
    ///
    /// # Errors
    /// The database failed, or the system has no randomness to give.
    pub async fn begin(
        &self,
        user: UserId,
        idle: Duration,
    ) -> Result<(SessionId, Secret), CatalogueError> {
        let mut write = self.0.write().await?;
        let begun = write.begin_session(user, idle).await?;
        write.commit().await?;
        Ok(begun)
    }

    /// The same for somebody who knew the password of which `hash` is kept.
    ///
    /// # Errors
    /// [`CatalogueError::PasswordChanged`] where that is another one by now, and those of [`begin`](Self::begin).
    pub async fn begin_by_password(
        &self,
        (user, hash): (UserId, &str),
        idle: Duration,
    ) -> Result<(SessionId, Secret), CatalogueError> {
        let mut write = self.0.write().await?;
        write.insist(user, hash).await?;
        let begun = write.begin_session(user, idle).await?;
        write.commit().await?;
        Ok(begun)
    }

    /// Takes a refresh token for the next one. Of two that bring the same one, the second ends the session.
    ///
    /// # Errors
    /// The database failed, or the system has no randomness to give.
    pub async fn refresh(
        &self,
        token: &Secret,
        idle: Duration,
    ) -> Result<Refreshed, CatalogueError> {
        // Whoever makes tokens up keeps nobody from writing.
        let find = sql("SELECT session_id FROM refresh_tokens WHERE hash = $1").bind(token.hash());
        let Some(row) = self.0.read().optional(find).await? else { return Ok(Refreshed::Unknown) };
        let session: SessionId = row.get("session_id")?;
        let mut write = self.0.write().await?;
        // The session's row is locked from here on: whoever else has a token of it, or ends it, waits.
        let prolong = sql("UPDATE sessions SET ends_ms = $1, refreshes = refreshes + 1
             WHERE id = $2 AND ends_ms > $3 AND created_ms > $4 AND refreshes < $5");
        let now = self.0.now_ms();
        let prolong = prolong.bind(self.0.after(idle)).bind(session).bind(now);
        let prolong = prolong.bind(self.0.before(LONGEST)).bind(MOST_REFRESHES);
        if write.execute(prolong).await? == 0 {
            return Ok(Refreshed::Unknown);
        }
        let using =
            sql("UPDATE refresh_tokens SET used_ms = $1 WHERE hash = $2 AND used_ms IS NULL");
        let using = using.bind(self.0.now_ms()).bind(token.hash());
        let refreshed = if write.execute(using).await? == 1 {
            let find = sql("SELECT u.id, u.username, u.role FROM sessions s
                            JOIN users u ON u.id = s.user_id WHERE s.id = $1");
            let user = read_user(&write.one(find.bind(session)).await?)?;
            // What was used longer ago would be over by itself in whoever's hands it is.
            let over = sql("DELETE FROM refresh_tokens WHERE session_id = $1 AND used_ms <= $2");
            let over = over.bind(session).bind(self.0.before(idle));
            write.execute(over).await?;
            Refreshed::Session { session, user, token: write.next_token(session).await? }
        } else {
            write.end_session(session).await?;
            Refreshed::Reused(session)
        };
        write.commit().await?;
        Ok(refreshed)
    }

    /// Who is logged in there, in the role that they have now; nobody where it has ended.
    ///
    /// # Errors
    /// The database failed.
    pub async fn standing(
        &self,
        session: SessionId,
    ) -> Result<Option<AuthenticatedUser>, CatalogueError> {
        let find = sql("SELECT u.id, u.role FROM sessions s JOIN users u ON u.id = s.user_id
                        WHERE s.id = $1 AND s.ends_ms > $2");
        let row = self.0.read().optional(find.bind(session).bind(self.0.now_ms())).await?;
        row.map(|row| Ok(AuthenticatedUser { id: row.get("id")?, role: row.parse("role")? }))
            .transpose()
    }

    /// Whether somebody who logs in by a provider did so there within the last `recent`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn is_fresh_by_provider(
        &self,
        session: SessionId,
        recent: Duration,
    ) -> Result<bool, CatalogueError> {
        let find = sql("SELECT 1 AS one FROM sessions s WHERE s.id = $1 AND s.created_ms > $2
                        AND EXISTS (SELECT 1 FROM identities i WHERE i.user_id = s.user_id)");
        let since = self.0.before(recent);
        Ok(self.0.read().optional(find.bind(session).bind(since)).await?.is_some())
    }

    /// Logs out there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn end(&self, session: SessionId) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        write.end_session(session).await?;
        write.commit().await
    }

    /// Logs somebody out everywhere. Playback tokens that were issued before `playback_from_ms` (milliseconds since 1970)
    /// are noted as revoked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn end_all(&self, user: UserId, playback_from_ms: u64) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        let revoke = sql("UPDATE users SET playback_from_ms = $1 WHERE id = $2");
        write.execute(revoke.bind(playback_from_ms).bind(user)).await?;
        write.end_sessions(user, None).await?;
        write.end_oidc_logins(user).await?;
        write.commit().await
    }

    /// Forgets what has ended by itself.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep(&self) -> Result<(), CatalogueError> {
        let ended = sql("DELETE FROM sessions WHERE ends_ms <= $1").bind(self.0.now_ms());
        let mut write = self.0.write().await?;
        write.execute(ended).await?;
        write.commit().await
    }
}

impl Write {
    async fn begin_session(
        &mut self,
        user: UserId,
        idle: Duration,
    ) -> Result<(SessionId, Secret), CatalogueError> {
        let session = SessionId::new(Uuid::now_v7());
        let insert =
            sql("INSERT INTO sessions (id, user_id, created_ms, ends_ms) VALUES ($1, $2, $3, $4)");
        let insert = insert.bind(session).bind(user).bind(self.now_ms()).bind(self.after(idle));
        self.make_room(user).await?;
        self.execute(insert).await?;
        Ok((session, self.next_token(session).await?))
    }

    async fn next_token(&mut self, session: SessionId) -> Result<Secret, CatalogueError> {
        let token = Secret::generate()?;
        let insert = sql("INSERT INTO refresh_tokens (hash, session_id) VALUES ($1, $2)");
        self.execute(insert.bind(token.hash()).bind(session)).await?;
        Ok(token)
    }

    /// Ends the sessions of somebody that began first, so that one more may begin.
    async fn make_room(&mut self, user: UserId) -> Result<(), CatalogueError> {
        // The account before its sessions, as everybody else: whoever deletes it is not waited for by who waits for them.
        let lock = sql_each(
            "SELECT 1 AS one FROM users WHERE id = $1",
            "SELECT 1 AS one FROM users WHERE id = $1 FOR NO KEY UPDATE",
        );
        self.optional(lock.bind(user)).await?.ok_or(CatalogueError::Gone)?;
        let end = sql("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
                       WHERE user_id = $1 ORDER BY id DESC LIMIT 1000 OFFSET $2)");
        if self.execute(end.bind(user).bind(MOST - 1)).await? > 0 {
            self.say(&Event::AccessChanged { user }).await?;
        }
        Ok(())
    }

    async fn end_session(&mut self, session: SessionId) -> Result<(), CatalogueError> {
        let end = sql("DELETE FROM sessions WHERE id = $1 RETURNING user_id").bind(session);
        if let Some(ended) = self.optional(end).await? {
            self.say(&Event::AccessChanged { user: ended.get("user_id")? }).await?;
        }
        Ok(())
    }

    /// Ends all sessions of somebody but one.
    pub(crate) async fn end_sessions(
        &mut self,
        user: UserId,
        but: Option<SessionId>,
    ) -> Result<(), CatalogueError> {
        let none = SessionId::new(Uuid::nil());
        let end = sql("DELETE FROM sessions WHERE user_id = $1 AND id <> $2");
        self.execute(end.bind(user).bind(but.unwrap_or(none))).await?;
        self.say(&Event::AccessChanged { user }).await
    }
}
