//! The accounts.

use media::UserId;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::database::{Catalogue, CatalogueError};
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
        let row = sqlx::query("SELECT EXISTS (SELECT 1 FROM users)");
        Ok(!row.fetch_one(self.0.reader()).await?.try_get::<bool, _>(0)?)
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
        let id = Uuid::now_v7();
        let mut write = self.0.write().await?;
        sqlx::query(
            "INSERT INTO users (id, username, password_hash, role, created_ms)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id)
        .bind(username)
        .bind(password_hash)
        .bind(role.to_string())
        .bind(self.0.now_ms())
        .execute(&mut *write)
        .await
        .map_err(taken)?;
        write.commit().await?;
        Ok(User { id: UserId::new(id), username: username.to_owned(), role })
    }

    /// The account with that name and its password's hash.
    ///
    /// # Errors
    /// The database failed.
    pub async fn by_username(
        &self,
        username: &str,
    ) -> Result<Option<(User, String)>, CatalogueError> {
        let row =
            sqlx::query("SELECT id, username, role, password_hash FROM users WHERE username = $1")
                .bind(username)
                .fetch_optional(self.0.reader())
                .await?;
        row.map(|row| Ok((read_user(&row)?, row.try_get("password_hash")?))).transpose()
    }
}

fn taken(error: sqlx::Error) -> CatalogueError {
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => CatalogueError::Taken,
        _ => CatalogueError::Database(error),
    }
}

fn read_user(row: &SqliteRow) -> Result<User, CatalogueError> {
    let role: String = row.try_get("role")?;
    Ok(User {
        id: UserId::new(row.try_get("id")?),
        username: row.try_get("username")?,
        role: role.parse().map_err(CatalogueError::unreadable("role"))?,
    })
}
