//! What programs log in with.

use media::UserId;
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::name::Name;
use crate::row::Row;
use crate::secret::Secret;
use crate::source::Source;
use crate::statement::sql;
use crate::user::{AuthenticatedUser, Role};
use crate::write::Write;

/// The keys that an account may have at a time.
pub const MOST_KEYS: u32 = 50;

/// The API keys in a catalogue.
#[derive(Debug)]
pub struct ApiKeys<'a>(&'a Catalogue);

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Which.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it may do at most.
    pub role: Role,
    /// Since when, in milliseconds since 1970.
    pub created_ms: u64,
}

impl<'a> ApiKeys<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Makes a key, and its secret, which nobody can tell again; nothing where the account has [`MOST_KEYS`] already. `proved`
    /// is what is kept of the password by which somebody proved themselves for it, if they did.
    ///
    /// # Errors
    /// [`CatalogueError::PasswordChanged`] where that is another one by now; the database failed, or the system has no
    /// randomness to give.
    pub async fn create(
        &self,
        user: UserId,
        name: &Name,
        role: Role,
        proved: Option<&str>,
    ) -> Result<Option<(ApiKey, Secret)>, CatalogueError> {
        let mut write = self.0.write_alone_on(user.uuid()).await?;
        if let Some(hash) = proved {
            write.insist(user, hash).await?;
        }
        let count = sql("SELECT COUNT(*) AS keys FROM api_keys WHERE user_id = $1").bind(user);
        if write.one(count).await?.get::<u32>("keys")? >= MOST_KEYS {
            return Ok(None);
        }
        let secret = Secret::generate()?;
        let insert = sql("INSERT INTO api_keys (id, user_id, name, hash, role, created_ms)
                          VALUES ($1, $2, $3, $4, $5, $6)
                          RETURNING id, name, role, created_ms");
        let insert = insert.bind(Uuid::now_v7()).bind(user).bind(name.as_str());
        let insert = insert.bind(secret.hash()).bind(role.to_string()).bind(self.0.now_ms());
        let key = read_key(&write.one(insert).await?)?;
        write.commit().await?;
        Ok(Some((key, secret)))
    }

    /// Which key it is, and whose, in the lesser of the key's role and the one that they have now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn owner(
        &self,
        secret: &Secret,
    ) -> Result<Option<(Uuid, AuthenticatedUser)>, CatalogueError> {
        let find = sql("SELECT k.id AS key_id, u.id, u.role, k.role AS most FROM api_keys k
                        JOIN users u ON u.id = k.user_id WHERE k.hash = $1");
        let row = self.0.read().optional(find.bind(secret.hash())).await?;
        row.map(|row| Ok((row.get("key_id")?, read_owner(&row)?))).transpose()
    }

    /// Whose key that is, in the role that it has now; nobody's where it was revoked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn standing(&self, key: Uuid) -> Result<Option<AuthenticatedUser>, CatalogueError> {
        let find = sql("SELECT u.id, u.role, k.role AS most FROM api_keys k
                        JOIN users u ON u.id = k.user_id WHERE k.id = $1");
        self.0.read().optional(find.bind(key)).await?.as_ref().map(read_owner).transpose()
    }

    /// Somebody's keys, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list(&self, user: UserId) -> Result<Vec<ApiKey>, CatalogueError> {
        let list = sql("SELECT id, name, role, created_ms FROM api_keys WHERE user_id = $1
                        ORDER BY id");
        self.0.read().all(list.bind(user)).await?.iter().map(read_key).collect()
    }

    /// Revokes one of somebody's keys. Answers whether it was there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn revoke(&self, user: UserId, key: Uuid) -> Result<bool, CatalogueError> {
        let delete = sql("DELETE FROM api_keys WHERE id = $1 AND user_id = $2");
        let mut write = self.0.write().await?;
        let revoked = write.execute(delete.bind(key).bind(user)).await? == 1;
        if revoked {
            write.say(&Event::AccessChanged { user }).await?;
        }
        write.commit().await?;
        Ok(revoked)
    }
}

impl Write {
    /// Revokes all of somebody's keys. Whoever does that ends their sessions, too, which is said.
    pub(crate) async fn revoke_keys(&mut self, user: UserId) -> Result<(), CatalogueError> {
        let revoke = sql("DELETE FROM api_keys WHERE user_id = $1").bind(user);
        self.execute(revoke).await.map(drop)
    }
}

fn read_owner(row: &Row) -> Result<AuthenticatedUser, CatalogueError> {
    let (role, most): (Role, Role) = (row.parse("role")?, row.parse("most")?);
    Ok(AuthenticatedUser { id: row.get("id")?, role: role.min(most) })
}

fn read_key(row: &Row) -> Result<ApiKey, CatalogueError> {
    Ok(ApiKey {
        id: row.get("id")?,
        name: row.get("name")?,
        role: row.parse("role")?,
        created_ms: row.get("created_ms")?,
    })
}
