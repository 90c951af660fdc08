//! Who somebody is elsewhere: at a provider of OpenID Connect, by the provider's own name for them.
//!
//! Nobody is known by their mail address: people here have not proved that theirs is theirs, so that whoever registered
//! with another's address would be given their login.

use media::{SessionId, UserId};
use uuid::Uuid;

use crate::account::{Email, Username};
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::name::Name;
use crate::plan::Plan;
use crate::row::Row;
use crate::source::Source;
use crate::statement::sql;
use crate::user::{Role, User};
use crate::users::read_user;
use crate::write::Write;

/// Who somebody is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Which provider says so.
    pub issuer: String,
    /// Its name for them, which is nobody else's, ever.
    pub subject: String,
}

/// Where somebody can log in, beside here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The provider.
    pub issuer: String,
    /// Since when, in milliseconds since 1970.
    pub linked_ms: u64,
}

/// Somebody whom a provider has sent, and who has no account yet.
#[derive(Debug, Clone)]
pub struct Newcomer {
    /// The names to log in with that would do, the best first.
    pub usernames: Vec<Username>,
    /// Where mail reaches them, if the provider has seen to it.
    pub email: Option<Email>,
    /// What they are called, if not by their username.
    pub display_name: Option<Name>,
    /// What [`crate::password::hash`] gives for a password that nobody knows.
    pub password_hash: String,
}

/// The identities in a catalogue.
#[derive(Debug)]
pub struct Identities<'a>(&'a Catalogue);

impl<'a> Identities<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Whose account that is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn user(&self, identity: &Identity) -> Result<Option<User>, CatalogueError> {
        let find = sql("SELECT u.id, u.username, u.role FROM identities i
                        JOIN users u ON u.id = i.user_id WHERE i.issuer = $1 AND i.subject = $2");
        let find = find.bind(identity.issuer.as_str()).bind(identity.subject.as_str());
        self.0.read().optional(find).await?.as_ref().map(read_user).transpose()
    }

    /// Makes an account for them: a listener's. Where somebody has just made it, it is that one.
    ///
    /// # Errors
    /// [`CatalogueError::Taken`] where the mail address, or each of the names, is somebody else's.
    pub async fn register(
        &self,
        identity: &Identity,
        newcomer: &Newcomer,
    ) -> Result<User, CatalogueError> {
        match self.make(identity, newcomer).await {
            Err(CatalogueError::Taken) => self.user(identity).await?.ok_or(CatalogueError::Taken),
            made => made,
        }
    }

    /// Lets an account be known by it, too. Answers whether it is that account's now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn link(&self, identity: &Identity, user: UserId) -> Result<bool, CatalogueError> {
        let link = sql("INSERT INTO identities (issuer, subject, user_id, linked_ms)
                        VALUES ($1, $2, $3, $4) ON CONFLICT (issuer, subject) DO NOTHING");
        let link = link.bind(identity.issuer.as_str()).bind(identity.subject.as_str());
        let mut write = self.0.write().await?;
        write.execute(link.bind(user).bind(self.0.now_ms())).await?;
        write.commit().await?;
        Ok(self.user(identity).await?.is_some_and(|now| now.id == user))
    }

    /// What an account is known by, as it was linked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of_user(&self, user: UserId) -> Result<Vec<Linked>, CatalogueError> {
        let find = sql("SELECT issuer, linked_ms FROM identities WHERE user_id = $1
                        ORDER BY linked_ms, subject LIMIT 100");
        let rows = self.0.read().all(find.bind(user)).await?;
        let linked =
            |row: &Row| Ok(Linked { issuer: row.get("issuer")?, linked_ms: row.get("linked_ms")? });
        rows.iter().map(linked).collect()
    }

    /// Lets nobody be that account any more who has but logged in elsewhere, and ends all its sessions but `kept`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget(&self, user: UserId, kept: SessionId) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        write.end_sessions(user, Some(kept)).await?;
        write.forget_identities(user).await?;
        write.end_oidc_logins(user).await?;
        write.commit().await
    }

    async fn make(&self, identity: &Identity, newcomer: &Newcomer) -> Result<User, CatalogueError> {
        let mut write = self.0.write().await?;
        let user = write.first_free(newcomer).await?;
        let link = sql("INSERT INTO identities (issuer, subject, user_id, linked_ms)
                        VALUES ($1, $2, $3, $4)");
        let link = link.bind(identity.issuer.as_str()).bind(identity.subject.as_str());
        let link = link.bind(user.id).bind(self.0.now_ms());
        write.execute(link).await.map_err(CatalogueError::or_taken)?;
        write.say(&Event::UserRegistered { user: user.id }).await?;
        write.commit().await?;
        Ok(user)
    }
}

impl Write {
    pub(crate) async fn forget_identities(&mut self, user: UserId) -> Result<(), CatalogueError> {
        self.execute(sql("DELETE FROM identities WHERE user_id = $1").bind(user)).await.map(drop)
    }

    /// Makes the account under the first of its names that nobody has.
    async fn first_free(&mut self, newcomer: &Newcomer) -> Result<User, CatalogueError> {
        let (id, role) = (UserId::new(Uuid::now_v7()), Role::Listener);
        for username in &newcomer.usernames {
            let username = username.to_string();
            let insert = sql("INSERT INTO users
                 (id, username, email, display_name, password_hash, role, plan, created_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (username) DO NOTHING");
            let insert = insert.bind(id).bind(username.clone());
            let insert = insert.bind(newcomer.email.as_ref().map(ToString::to_string));
            let insert = insert.bind(newcomer.display_name.as_ref().map(Name::as_str));
            let insert = insert.bind(newcomer.password_hash.as_str()).bind(role.to_string());
            let insert = insert.bind(Plan::at_first(role).to_string()).bind(self.now_ms());
            if self.execute(insert).await.map_err(CatalogueError::or_taken)? == 1 {
                return Ok(User { id, username, role });
            }
        }
        Err(CatalogueError::Taken)
    }
}
