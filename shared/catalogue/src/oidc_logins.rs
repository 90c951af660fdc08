//! Logins by a provider of OpenID Connect: those that wait for its answer, and those whose browser is yet to fetch its
//! session. Each is good once, and for the browser that began it: whoever lures somebody to an answer of their own logs
//! nobody in.

use std::time::Duration;

use media::UserId;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::row::Row;
use crate::secret::Secret;
use crate::source::Source;
use crate::statement::sql;
use crate::user::User;
use crate::users::read_user;
use crate::write::Write;

/// How long somebody may take at the provider.
pub const GOOD: Duration = Duration::from_secs(10 * 60);

/// How long their browser may take to fetch its session.
pub const GRANTED: Duration = Duration::from_secs(60);

/// Logins by a provider in a catalogue.
#[derive(Debug)]
pub struct OidcLogins<'a>(&'a Catalogue);

/// A login that begins.
#[derive(Debug)]
pub struct BegunLogin {
    /// What the provider is to send back.
    pub state: Secret,
    /// What the browser keeps in a cookie.
    pub browser: Secret,
    /// What its answer is checked by.
    pub proof: LoginProof,
}

/// What the answer of a provider is checked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginProof {
    /// What the ID token must hold (OpenID Connect Core 1.0, 3.1.2.1).
    pub nonce: String,
    /// What the code is exchanged with (RFC 7636 4.1).
    pub verifier: String,
    /// Who is to be known by the provider from then on; nobody where it is a login.
    pub links: Option<UserId>,
}

impl<'a> OidcLogins<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Begins a login, for [`GOOD`]; where it `links` somebody, by what is kept of their password, they are known by the
    /// provider afterwards.
    ///
    /// # Errors
    /// [`CatalogueError::PasswordChanged`] where that is another one by now; the database failed, or the system has no
    /// randomness to give.
    pub async fn begin(&self, links: Option<(UserId, &str)>) -> Result<BegunLogin, CatalogueError> {
        let (state, browser) = (Secret::generate()?, Secret::generate()?);
        let random = || Secret::generate().map(|secret| secret.to_string());
        let links_user = links.map(|(user, _)| user);
        let proof = LoginProof { nonce: random()?, verifier: random()?, links: links_user };
        let insert =
            sql("INSERT INTO oidc_logins (state, browser, nonce, verifier, user_id, ends_ms)
                          VALUES ($1, $2, $3, $4, $5, $6)");
        let insert = insert.bind(state.hash()).bind(browser.hash());
        let insert =
            insert.bind(proof.nonce.as_str()).bind(proof.verifier.as_str()).bind(links_user);
        let mut write = self.0.write().await?;
        if let Some((user, hash)) = links {
            write.insist(user, hash).await?;
        }
        write.execute(insert.bind(self.0.after(GOOD))).await?;
        write.commit().await?;
        Ok(BegunLogin { state, browser, proof })
    }

    /// What an answer with that state, to that browser, is checked by, once.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take(
        &self,
        state: &Secret,
        browser: &Secret,
    ) -> Result<Option<LoginProof>, CatalogueError> {
        let take = sql("DELETE FROM oidc_logins WHERE state = $1 AND browser = $2 AND ends_ms > $3
                        RETURNING nonce, verifier, user_id");
        let take = take.bind(state.hash()).bind(browser.hash()).bind(self.0.now_ms());
        let mut write = self.0.write().await?;
        let row = write.optional(take).await?;
        write.commit().await?;
        row.as_ref().map(read_proof).transpose()
    }

    /// What that browser takes for a session of `user`, once, within [`GRANTED`].
    ///
    /// # Errors
    /// The database failed, or the system has no randomness to give.
    pub async fn grant(&self, user: UserId, browser: &Secret) -> Result<Secret, CatalogueError> {
        let grant = Secret::generate()?;
        let insert = sql("INSERT INTO oidc_grants (hash, browser, user_id, ends_ms)
                          VALUES ($1, $2, $3, $4)");
        let insert = insert.bind(grant.hash()).bind(browser.hash()).bind(user);
        let mut write = self.0.write().await?;
        write.execute(insert.bind(self.0.after(GRANTED))).await?;
        write.commit().await?;
        Ok(grant)
    }

    /// Whom that browser may have a session of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn redeem(
        &self,
        grant: &Secret,
        browser: &Secret,
    ) -> Result<Option<User>, CatalogueError> {
        let take = sql("DELETE FROM oidc_grants WHERE hash = $1 AND browser = $2 AND ends_ms > $3
                        RETURNING user_id");
        let take = take.bind(grant.hash()).bind(browser.hash()).bind(self.0.now_ms());
        let mut write = self.0.write().await?;
        let Some(taken) = write.optional(take).await? else { return Ok(None) };
        let user: UserId = taken.get("user_id")?;
        let find = sql("SELECT id, username, role FROM users WHERE id = $1").bind(user);
        let user = write.optional(find).await?;
        write.commit().await?;
        user.as_ref().map(read_user).transpose()
    }

    /// Forgets what is over.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep(&self) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        let now = self.0.now_ms();
        write.execute(sql("DELETE FROM oidc_logins WHERE ends_ms <= $1").bind(now)).await?;
        write.execute(sql("DELETE FROM oidc_grants WHERE ends_ms <= $1").bind(now)).await?;
        write.commit().await
    }
}

impl Write {
    /// Ends what was begun for somebody, and what they could take a session for.
    pub(crate) async fn end_oidc_logins(&mut self, user: UserId) -> Result<(), CatalogueError> {
        self.execute(sql("DELETE FROM oidc_logins WHERE user_id = $1").bind(user)).await?;
        self.execute(sql("DELETE FROM oidc_grants WHERE user_id = $1").bind(user)).await.map(drop)
    }
}

fn read_proof(row: &Row) -> Result<LoginProof, CatalogueError> {
    Ok(LoginProof {
        nonce: row.get("nonce")?,
        verifier: row.get("verifier")?,
        links: row.get("user_id")?,
    })
}
