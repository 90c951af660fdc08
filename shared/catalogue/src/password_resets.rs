//! Forgotten passwords: who wishes for a new one, what was mailed to them, and what it is good for.
//!
//! A wish is written down as it was typed and looked into later, so that asking for a known account and for an unknown
//! one are the same work. A secret is made anew for each attempt to mail it, since only its hash is kept: of several mails
//! the last one is good.

use std::time::Duration;

use media::UserId;
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::mailing::{LEASE, wait_after};
use crate::row::Row;
use crate::secret::Secret;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// How long what was mailed is good.
pub const GOOD: Duration = Duration::from_secs(30 * 60);

/// How long a mail is tried: afterwards nobody waits for it.
pub const TRIED: Duration = Duration::from_secs(24 * 60 * 60);

/// Whoever was mailed to gets no second mail within this.
pub const PAUSE: Duration = Duration::from_secs(60);

/// Forgotten passwords in a catalogue.
#[derive(Debug)]
pub struct PasswordResets<'a>(&'a Catalogue);

/// What is to be mailed to somebody.
#[derive(Debug)]
pub struct ResetMail {
    /// Which wish it fulfils: the same in each attempt.
    pub wish: Uuid,
    /// What they log in with.
    pub username: String,
    /// Where mail reaches them.
    pub email: String,
    /// What they may set a new password with, once.
    pub secret: Secret,
    /// How often it was tried before.
    failures: u32,
}

/// Somebody who was mailed to, or is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetHolder {
    /// Who.
    pub id: UserId,
    /// What they log in with.
    pub username: String,
    /// The same.
    pub email: String,
}

struct Wish {
    id: Uuid,
    login: String,
    created_ms: i64,
    attempts: u32,
}

impl<'a> PasswordResets<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Notes that somebody has forgotten the password of `login`, whether that is anybody's or not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn wish(&self, login: &str) -> Result<(), CatalogueError> {
        let statement = sql("INSERT INTO password_reset_wishes
             (id, login, created_ms, due_ms, attempts) VALUES ($1, $2, $3, $3, 0)");
        let statement = statement.bind(Uuid::now_v7()).bind(login).bind(self.0.now_ms());
        let mut write = self.0.write().await?;
        write.execute(statement).await?;
        write.commit().await
    }

    /// The next mail whose turn it is, with a new secret; for [`LEASE`], nobody else gets it. Wishes for accounts that are
    /// not, or that no mail reaches, are forgotten on the way.
    ///
    /// # Errors
    /// The database failed, or the system has no randomness to give.
    pub async fn take(&self) -> Result<Option<ResetMail>, CatalogueError> {
        loop {
            let Some(wish) = self.due_wish().await? else { return Ok(None) };
            let mut write = self.0.write().await?;
            if !write.lease(&wish).await? {
                continue;
            }
            let mail = write.mail_for(&wish).await?;
            if mail.is_none() {
                write.forget_wish(wish.id).await?;
            }
            write.commit().await?;
            if mail.is_some() {
                return Ok(mail);
            }
        }
    }

    /// The mail is out.
    ///
    /// # Errors
    /// The database failed: it will be sent again.
    pub async fn sent(&self, mail: &ResetMail) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        write.forget_wish(mail.wish).await?;
        write.commit().await
    }

    /// The mail could not be sent: it is tried again later, and later each time. Answers how much later.
    ///
    /// # Errors
    /// The database failed: it is tried again after [`LEASE`].
    pub async fn failed(&self, mail: &ResetMail) -> Result<Duration, CatalogueError> {
        let wait = wait_after(mail.failures);
        let later = sql("UPDATE password_reset_wishes SET due_ms = $1 WHERE id = $2");
        let mut write = self.0.write().await?;
        write.execute(later.bind(self.0.after(wait)).bind(mail.wish)).await?;
        write.commit().await?;
        Ok(wait)
    }

    /// Whose password may be set with that secret.
    ///
    /// # Errors
    /// The database failed.
    pub async fn holder(&self, secret: &Secret) -> Result<Option<ResetHolder>, CatalogueError> {
        let find = sql("SELECT u.id, u.username, u.email FROM password_resets r
             JOIN users u ON u.id = r.user_id WHERE r.hash = $1 AND r.ends_ms > $2");
        let row = self.0.read().optional(find.bind(secret.hash()).bind(self.0.now_ms())).await?;
        row.as_ref().map(read_holder).transpose()
    }

    /// Sets the password of whoever was mailed the secret, which is then used up, and ends all their sessions and keys, and
    /// what they are known by elsewhere: whoever proves the mail address begins anew. Playback
    /// tokens that were issued before `playback_from_ms` (milliseconds since 1970) are noted as revoked. Answers whether
    /// the secret was good.
    ///
    /// # Errors
    /// The database failed.
    pub async fn redeem(
        &self,
        secret: &Secret,
        password_hash: &str,
        playback_from_ms: u64,
    ) -> Result<bool, CatalogueError> {
        let using = sql("DELETE FROM password_resets WHERE hash = $1 AND ends_ms > $2
                         RETURNING user_id");
        let mut write = self.0.write().await?;
        let used = write.optional(using.bind(secret.hash()).bind(self.0.now_ms())).await?;
        let Some(used) = used else { return Ok(false) };
        let user: UserId = used.get("user_id")?;
        let change =
            sql("UPDATE users SET password_hash = $1, playback_from_ms = $2 WHERE id = $3");
        write.execute(change.bind(password_hash).bind(playback_from_ms).bind(user)).await?;
        write.end_sessions(user, None).await?;
        write.revoke_keys(user).await?;
        write.forget_identities(user).await?;
        write.end_oidc_logins(user).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Forgets what is good no more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep(&self) -> Result<(), CatalogueError> {
        let ended = sql("DELETE FROM password_resets WHERE ends_ms <= $1").bind(self.0.now_ms());
        let mut write = self.0.write().await?;
        write.execute(ended).await?;
        write.commit().await
    }

    async fn due_wish(&self) -> Result<Option<Wish>, CatalogueError> {
        let find = sql("SELECT id, login, created_ms, attempts FROM password_reset_wishes
                        WHERE due_ms <= $1 ORDER BY due_ms, id LIMIT 1");
        let row = self.0.read().optional(find.bind(self.0.now_ms())).await?;
        row.as_ref().map(read_wish).transpose()
    }
}

impl Write {
    /// Answers whether nobody else was faster.
    async fn lease(&mut self, wish: &Wish) -> Result<bool, CatalogueError> {
        let lease = sql("UPDATE password_reset_wishes SET due_ms = $1, attempts = attempts + 1
                         WHERE id = $2 AND attempts = $3");
        let lease = lease.bind(self.after(LEASE)).bind(wish.id).bind(wish.attempts);
        Ok(self.execute(lease).await? == 1)
    }

    async fn forget_wish(&mut self, id: Uuid) -> Result<(), CatalogueError> {
        let forget = sql("DELETE FROM password_reset_wishes WHERE id = $1").bind(id);
        self.execute(forget).await.map(drop)
    }

    /// What fulfils the wish; nothing where nobody is to be mailed to.
    async fn mail_for(&mut self, wish: &Wish) -> Result<Option<ResetMail>, CatalogueError> {
        let now = self.now_ms();
        if wish.created_ms <= self.before(TRIED) {
            tracing::warn!(wish = %wish.id, "a mail could not be sent for a day; it is given up");
            return Ok(None);
        }
        let Some(account) = self.account_of(&wish.login).await? else { return Ok(None) };
        self.alone_on(account.id.uuid()).await?;
        let recent = sql("SELECT 1 AS one FROM password_resets
                          WHERE user_id = $1 AND wish_id <> $2 AND created_ms > $3");
        let recent = recent.bind(account.id).bind(wish.id).bind(self.before(PAUSE));
        if self.optional(recent).await?.is_some() {
            return Ok(None);
        }
        let secret = Secret::generate()?;
        let keep = sql("INSERT INTO password_resets (user_id, hash, wish_id, created_ms, ends_ms)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash,
                 wish_id = excluded.wish_id, created_ms = excluded.created_ms,
                 ends_ms = excluded.ends_ms");
        let keep = keep.bind(account.id).bind(secret.hash()).bind(wish.id);
        self.execute(keep.bind(now).bind(self.after(GOOD))).await?;
        let (ResetHolder { username, email, .. }, failures) = (account, wish.attempts);
        Ok(Some(ResetMail { wish: wish.id, username, email, secret, failures }))
    }

    async fn account_of(&mut self, login: &str) -> Result<Option<ResetHolder>, CatalogueError> {
        // No username has an '@', and every mail address has.
        let find = if login.contains('@') {
            let find = sql("SELECT id, username, email FROM users
                            WHERE email = $1 AND email IS NOT NULL");
            find.bind(login.to_lowercase())
        } else {
            let find = sql("SELECT id, username, email FROM users
                            WHERE username = $1 AND email IS NOT NULL");
            find.bind(login)
        };
        self.optional(find).await?.as_ref().map(read_holder).transpose()
    }

    /// What was mailed to somebody is good no more.
    pub(crate) async fn void_password_reset(&mut self, user: UserId) -> Result<(), CatalogueError> {
        let void = sql("DELETE FROM password_resets WHERE user_id = $1").bind(user);
        self.execute(void).await.map(drop)
    }
}

fn read_holder(row: &Row) -> Result<ResetHolder, CatalogueError> {
    let (id, username) = (row.get("id")?, row.get("username")?);
    Ok(ResetHolder { id, username, email: row.get("email")? })
}

fn read_wish(row: &Row) -> Result<Wish, CatalogueError> {
    Ok(Wish {
        id: row.get("id")?,
        login: row.get("login")?,
        created_ms: row.get("created_ms")?,
        attempts: row.get("attempts")?,
    })
}
