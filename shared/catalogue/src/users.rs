//! The accounts.

use media::UserId;
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::plan::Plan;
use crate::row::Row;
use crate::source::Source;
use crate::statement::sql;
use crate::user::{Role, User};

/// The accounts in a catalogue.
#[derive(Debug)]
pub struct Users<'a>(&'a Catalogue);

impl<'a> Users<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Whether nobody has an account yet: the first run.
    ///
    /// # Errors
    /// The database failed.
    pub async fn are_none(&self) -> Result<bool, CatalogueError> {
        let row = self.0.read().one(sql("SELECT EXISTS (SELECT 1 FROM users) AS found")).await?;
        Ok(!row.get::<bool>("found")?)
    }

    /// Makes an account. `password_hash` is what [`crate::password::hash`] gives.
    ///
    /// # Errors
    /// [`CatalogueError::Taken`] where the name is somebody else's.
    pub async fn create(
        &self,
        username: &str,
        password_hash: &str,
        role: Role,
    ) -> Result<User, CatalogueError> {
        let user = User { id: UserId::new(Uuid::now_v7()), username: username.to_owned(), role };
        let statement =
            sql("INSERT INTO users (id, username, password_hash, role, created_ms, plan)
                             VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(user.id)
            .bind(username)
            .bind(password_hash)
            .bind(role.to_string())
            .bind(self.0.now_ms())
            .bind(Plan::at_first(role).to_string());
        let mut write = self.0.write().await?;
        write.execute(statement).await.map_err(CatalogueError::or_taken)?;
        write.say(&Event::UserRegistered { user: user.id }).await?;
        write.commit().await?;
        Ok(user)
    }

    /// The account with that name and its password's hash.
    ///
    /// # Errors
    /// The database failed.
    pub async fn by_username(
        &self,
        username: &str,
    ) -> Result<Option<(User, String)>, CatalogueError> {
        let statement =
            sql("SELECT id, username, role, password_hash FROM users WHERE username = $1");
        let row = self.0.read().optional(statement.bind(username)).await?;
        row.map(|row| Ok((read_user(&row)?, row.get("password_hash")?))).transpose()
    }

    /// What that account may hear; nothing where there is no such account.
    ///
    /// # Errors
    /// The database failed.
    pub async fn entitlement(&self, user: UserId) -> Result<Option<Entitlement>, CatalogueError> {
        let statement = sql("SELECT plan, playback_from_ms FROM users WHERE id = $1");
        let row = self.0.read().optional(statement.bind(user)).await?;
        row.map(|row| {
            let playback_from_ms = row.get("playback_from_ms")?;
            Ok(Entitlement { plan: row.parse("plan")?, playback_from_ms })
        })
        .transpose()
    }
}

/// What somebody may hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entitlement {
    /// What they pay for.
    pub plan: Plan,
    /// Playback tokens that were issued before this (milliseconds since 1970) are revoked.
    pub playback_from_ms: Option<u64>,
}

fn read_user(row: &Row) -> Result<User, CatalogueError> {
    Ok(User { id: row.get("id")?, username: row.get("username")?, role: row.parse("role")? })
}
