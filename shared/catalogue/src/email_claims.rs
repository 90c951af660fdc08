//! Mail addresses that people say are theirs, until they prove it by what is mailed there.
//!
//! Claiming an address that somebody has and one that nobody has are the same work and leave the same behind: which of the two
//! it is, is looked into when the mail is sent, and told to nobody but whoever reads that mail.

use std::time::Duration;

use media::UserId;
use uuid::Uuid;

use crate::account::Email;
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::mailing::{LEASE, wait_after};
use crate::row::Row;
use crate::secret::Secret;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// How long a claim stands: so long its mail is tried, and what was mailed is good.
pub const STANDS: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The claims in a catalogue. An account has one at a time.
#[derive(Debug)]
pub struct EmailClaims<'a>(&'a Catalogue);

/// What is to be mailed to a claimed address.
#[derive(Debug)]
pub struct ClaimMail {
    /// Which claim: the same in each attempt.
    pub claim: Uuid,
    user: UserId,
    /// The account that claims it.
    pub username: String,
    /// Where the mail goes.
    pub email: String,
    /// What it says.
    pub says: ClaimSays,
    /// How often it was tried before.
    failures: u32,
}

/// What whoever reads the mail of a claimed address is told.
#[derive(Debug)]
pub enum ClaimSays {
    /// What proves the claim, once.
    Secret(Secret),
    /// That the address is this other account's.
    TakenBy(String),
}

struct Claim {
    id: Uuid,
    user: UserId,
    username: String,
    email: String,
    attempts: u32,
}

impl<'a> EmailClaims<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Notes that `user` says that an address is theirs, in place of what they said before.
    ///
    /// # Errors
    /// The database failed.
    pub async fn claim(&self, user: UserId, email: &Email) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        write.claim_email(user, email).await?;
        write.commit().await
    }

    /// The next mail whose turn it is, with a new secret; for [`LEASE`], nobody else gets it.
    ///
    /// # Errors
    /// The database failed, or the system has no randomness to give.
    pub async fn take(&self) -> Result<Option<ClaimMail>, CatalogueError> {
        loop {
            let Some(claim) = self.due().await? else { return Ok(None) };
            let mut write = self.0.write().await?;
            if !write.lease_claim(&claim).await? {
                continue;
            }
            let mail = write.claim_mail(claim).await?;
            write.commit().await?;
            return Ok(Some(mail));
        }
    }

    /// The mail is out.
    ///
    /// # Errors
    /// The database failed: it will be sent again.
    pub async fn sent(&self, mail: &ClaimMail) -> Result<(), CatalogueError> {
        self.put_off(mail, None).await
    }

    /// The mail could not be sent: it is tried again later, and later each time. Answers how much later.
    ///
    /// # Errors
    /// The database failed: it is tried again after [`LEASE`].
    pub async fn failed(&self, mail: &ClaimMail) -> Result<Duration, CatalogueError> {
        let wait = wait_after(mail.failures);
        self.put_off(mail, Some(self.0.after(wait))).await?;
        Ok(wait)
    }

    /// Makes what `user` claims theirs, by what was mailed there; what was mailed to the address that they had before is good
    /// for nothing any more. Answers whether the secret was good.
    ///
    /// # Errors
    /// [`CatalogueError::Taken`] where it has become somebody else's meanwhile.
    pub async fn prove(&self, user: UserId, secret: &Secret) -> Result<bool, CatalogueError> {
        let using = sql("DELETE FROM email_claims
                         WHERE user_id = $1 AND hash = $2 AND ends_ms > $3 RETURNING email");
        let using = using.bind(user).bind(secret.hash()).bind(self.0.now_ms());
        let mut write = self.0.write().await?;
        let Some(used) = write.optional(using).await? else { return Ok(false) };
        let email: String = used.get("email")?;
        let change = sql("UPDATE users SET email = $1 WHERE id = $2").bind(email).bind(user);
        write.execute(change).await.map_err(CatalogueError::or_taken)?;
        write.void_password_reset(user).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Forgets what was not proved in time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep(&self) -> Result<(), CatalogueError> {
        let ended = sql("DELETE FROM email_claims WHERE ends_ms <= $1").bind(self.0.now_ms());
        let mut write = self.0.write().await?;
        write.execute(ended).await?;
        write.commit().await
    }

    async fn due(&self) -> Result<Option<Claim>, CatalogueError> {
        let find = sql("SELECT c.id, c.user_id, u.username, c.email, c.attempts
                        FROM email_claims c JOIN users u ON u.id = c.user_id
                        WHERE c.due_ms <= $1 AND c.ends_ms > $1
                        ORDER BY c.due_ms, c.user_id LIMIT 1");
        let row = self.0.read().optional(find.bind(self.0.now_ms())).await?;
        row.as_ref().map(read_claim).transpose()
    }

    /// Of a claim that was made anew meanwhile, nothing changes.
    async fn put_off(&self, mail: &ClaimMail, due_ms: Option<i64>) -> Result<(), CatalogueError> {
        let later = sql("UPDATE email_claims SET due_ms = $1 WHERE user_id = $2 AND id = $3");
        let mut write = self.0.write().await?;
        write.execute(later.bind(due_ms).bind(mail.user).bind(mail.claim)).await?;
        write.commit().await
    }
}

impl Write {
    pub(crate) async fn claim_email(
        &mut self,
        user: UserId,
        email: &Email,
    ) -> Result<(), CatalogueError> {
        let claim = sql("INSERT INTO email_claims
                 (user_id, id, email, created_ms, due_ms, ends_ms, attempts)
             VALUES ($1, $2, $3, $4, $4, $5, 0)
             ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, email = excluded.email,
                 hash = NULL, created_ms = excluded.created_ms, due_ms = excluded.due_ms,
                 ends_ms = excluded.ends_ms, attempts = 0");
        let claim = claim.bind(user).bind(Uuid::now_v7()).bind(email.to_string());
        self.execute(claim.bind(self.now_ms()).bind(self.after(STANDS))).await.map(drop)
    }

    /// Answers whether nobody else was faster.
    async fn lease_claim(&mut self, claim: &Claim) -> Result<bool, CatalogueError> {
        let lease = sql("UPDATE email_claims SET due_ms = $1, attempts = attempts + 1
                         WHERE user_id = $2 AND id = $3 AND attempts = $4");
        let lease = lease.bind(self.after(LEASE)).bind(claim.user);
        Ok(self.execute(lease.bind(claim.id).bind(claim.attempts)).await? == 1)
    }

    async fn claim_mail(&mut self, claim: Claim) -> Result<ClaimMail, CatalogueError> {
        let Claim { id, user, username, email, attempts } = claim;
        let other = sql("SELECT username FROM users WHERE email = $1 AND id <> $2");
        let other = self.optional(other.bind(email.as_str()).bind(user)).await?;
        let says = match other {
            Some(row) => ClaimSays::TakenBy(row.get("username")?),
            None => ClaimSays::Secret(self.new_claim_secret(user).await?),
        };
        Ok(ClaimMail { claim: id, user, username, email, says, failures: attempts })
    }

    async fn new_claim_secret(&mut self, user: UserId) -> Result<Secret, CatalogueError> {
        let secret = Secret::generate()?;
        let keep = sql("UPDATE email_claims SET hash = $1 WHERE user_id = $2");
        self.execute(keep.bind(secret.hash()).bind(user)).await?;
        Ok(secret)
    }
}

fn read_claim(row: &Row) -> Result<Claim, CatalogueError> {
    Ok(Claim {
        id: row.get("id")?,
        user: row.get("user_id")?,
        username: row.get("username")?,
        email: row.get("email")?,
        attempts: row.get("attempts")?,
    })
}
