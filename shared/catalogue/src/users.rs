//! The accounts.

use media::{SessionId, UserId};
use uuid::Uuid;

use crate::account::{NewEmail, NewUser, Profile, ProfileChange};
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::name::Name;
use crate::plan::Plan;
use crate::preferences::{Language, Preferences};
use crate::row::Row;
use crate::source::Source;
use crate::statement::{sql, sql_each};
use crate::user::{Role, User};
use crate::write::Write;

/// The columns of a [`Profile`].
macro_rules! profile {
    () => {
        "id, username, email, display_name, role, plan, max_streams, quality, language, explicit,
         normalize_volume, avatar, created_ms,
         (SELECT c.email FROM email_claims c WHERE c.user_id = users.id) AS claimed_email"
    };
}

/// What whoever changes who is an admin is alone on.
const ADMINS: Uuid = Uuid::from_u128(0x8000_8000_0000_61d3_1175);

/// The accounts in a catalogue.
#[derive(Debug)]
pub struct Users<'a>(pub(crate) &'a Catalogue);

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

    /// Makes an account for somebody who came by themselves: a listener.
    ///
    /// # Errors
    /// [`CatalogueError::Taken`] where the username is somebody else's, or the mail address that is to be believed.
    pub async fn register(&self, new: &NewUser) -> Result<Profile, CatalogueError> {
        let (role, plan) = (Role::Listener, Plan::at_first(Role::Listener));
        let id = UserId::new(Uuid::now_v7());
        let (believed, claimed) = match &new.email {
            NewEmail::Believed(email) => (Some(email.to_string()), None),
            NewEmail::Claimed(email) => (None, Some(email)),
        };
        let statement = sql(concat!(
            "INSERT INTO users
             (id, username, email, display_name, password_hash, role, plan, created_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             RETURNING ",
            profile!()
        ))
        .bind(id)
        .bind(new.username.to_string())
        .bind(believed)
        .bind(new.display_name.as_ref().map(Name::as_str))
        .bind(new.password_hash.as_str())
        .bind(role.to_string())
        .bind(plan.to_string())
        .bind(self.0.now_ms());
        let mut write = self.0.write().await?;
        let row = write.one(statement).await.map_err(CatalogueError::or_taken)?;
        if let Some(email) = claimed {
            write.claim_email(id, email).await?;
        }
        write.say(&Event::UserRegistered { user: id }).await?;
        write.commit().await?;
        let claimed_email = claimed.map(ToString::to_string);
        Ok(Profile { claimed_email, ..read_profile(&row)? })
    }

    /// The account with that username or mail address, and its password's hash.
    ///
    /// # Errors
    /// The database failed.
    pub async fn by_login(&self, login: &str) -> Result<Option<(User, String)>, CatalogueError> {
        // No username has an '@', and every mail address has.
        if !login.contains('@') {
            return self.by_username(login).await;
        }
        let find = sql("SELECT id, username, role, password_hash FROM users WHERE email = $1");
        let row = self.0.read().optional(find.bind(login.to_lowercase())).await?;
        row.map(|row| Ok((read_user(&row)?, row.get("password_hash")?))).transpose()
    }

    /// The hash of an account's password.
    ///
    /// # Errors
    /// The database failed.
    pub async fn password_hash(&self, user: UserId) -> Result<Option<String>, CatalogueError> {
        let find = sql("SELECT password_hash FROM users WHERE id = $1").bind(user);
        self.0.read().optional(find).await?.map(|row| row.get("password_hash")).transpose()
    }

    /// Gives an account another password in place of the one whose hash is `old`, and ends all its sessions but `kept`, and its
    /// keys: one may have been made by whoever had the old password.
    /// Answers whether the password was still the old one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn change_password(
        &self,
        user: UserId,
        (old, new): (&str, &str),
        kept: Option<SessionId>,
    ) -> Result<bool, CatalogueError> {
        let change =
            sql("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3");
        let mut write = self.0.write().await?;
        if write.execute(change.bind(new).bind(user).bind(old)).await? == 0 {
            return Ok(false);
        }
        write.end_sessions(user, kept).await?;
        write.revoke_keys(user).await?;
        write.void_password_reset(user).await?;
        write.end_oidc_logins(user).await?;
        write.commit().await?;
        Ok(true)
    }

    /// What is told of somebody.
    ///
    /// # Errors
    /// The database failed.
    pub async fn profile(&self, user: UserId) -> Result<Option<Profile>, CatalogueError> {
        let find = sql(concat!("SELECT ", profile!(), " FROM users WHERE id = $1"));
        self.0.read().optional(find.bind(user)).await?.as_ref().map(read_profile).transpose()
    }

    /// Changes what somebody says of themselves. Of two changes at once, both hold.
    ///
    /// # Errors
    /// The database failed.
    pub async fn change(
        &self,
        user: UserId,
        to: &ProfileChange,
    ) -> Result<Option<Profile>, CatalogueError> {
        let change = sql(concat!(
            "UPDATE users SET
                 display_name = CASE WHEN $1 THEN $2 ELSE display_name END,
                 quality = COALESCE($3, quality),
                 language = CASE WHEN $4 THEN $5 ELSE language END,
                 explicit = COALESCE($6, explicit),
                 normalize_volume = COALESCE($7, normalize_volume)
             WHERE id = $8 RETURNING ",
            profile!()
        ));
        let (name, likes) = (&to.display_name, &to.preferences);
        let change =
            change.bind(name.is_some()).bind(name.iter().flatten().map(Name::as_str).next());
        let change = change.bind(likes.quality.map(|quality| quality.to_string()));
        let language = likes.language.iter().flatten().map(Language::as_str).next();
        let change = change.bind(likes.language.is_some()).bind(language);
        let change = change.bind(likes.explicit).bind(likes.normalize_volume).bind(user);
        let mut write = self.0.write().await?;
        let row = write.optional(change).await?;
        write.commit().await?;
        row.as_ref().map(read_profile).transpose()
    }

    /// Everybody, newest first, from the one that follows `after`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Profile>, CatalogueError> {
        let list = sql(concat!(
            "SELECT ",
            profile!(),
            " FROM users WHERE id < $1 ORDER BY id DESC LIMIT $2"
        ));
        let after = after.unwrap_or(UserId::new(Uuid::max()));
        let rows = self.0.read().all(list.bind(after).bind(limit)).await?;
        rows.iter().map(read_profile).collect()
    }

    /// Gives somebody what `to` says, where `admin` is an admin still and another one is left afterwards.
    ///
    /// # Errors
    /// The database failed.
    pub async fn entitle(
        &self,
        admin: UserId,
        user: UserId,
        to: Entitling,
    ) -> Result<Entitled, CatalogueError> {
        let mut write = self.0.write().await?;
        // Of two admins who take each other's role at once, one stays.
        write.alone_on(ADMINS).await?;
        let other = sql("SELECT 1 AS one FROM users WHERE role = 'admin' AND id <> $1 LIMIT 1");
        let alone = write.optional(other.bind(user)).await?.is_none();
        let still = sql("SELECT 1 AS one FROM users WHERE role = 'admin' AND id = $1");
        if write.optional(still.bind(admin)).await?.is_none() {
            return Ok(Entitled::NoAdmin);
        }
        if alone && to.role.is_some_and(|role| role != Role::Admin) {
            return Ok(Entitled::LastAdmin);
        }
        let change = sql(concat!(
            "UPDATE users SET role = COALESCE($1, role),
                 plan = COALESCE($2, plan),
                 max_streams = CASE WHEN $3 THEN $4 ELSE max_streams END
             WHERE id = $5 RETURNING ",
            profile!()
        ));
        let change = change.bind(to.role.map(|role| role.to_string()));
        let change = change.bind(to.plan.map(|plan| plan.to_string()));
        let change = change.bind(to.max_streams.is_some()).bind(to.max_streams.flatten());
        let change = change.bind(user);
        let row = write.optional(change).await?;
        if row.is_some() && to.role.is_some() {
            write.say(&Event::AccessChanged { user }).await?;
        }
        write.commit().await?;
        Ok(match row {
            Some(row) => Entitled::Now(read_profile(&row)?),
            None => Entitled::Nobody,
        })
    }

    /// Deletes an account and all that is its own: sessions, keys, playlists, likes, follows. Songs are not: who has
    /// brought some stays, and so does the last admin.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete(&self, user: UserId) -> Result<Deleted, CatalogueError> {
        let mut write = self.0.write().await?;
        write.alone_on(ADMINS).await?;
        // Whatever else is about to be theirs waits for this, and then fails.
        let lock = sql_each(
            "SELECT 1 AS one FROM users WHERE id = $1",
            "SELECT 1 AS one FROM users WHERE id = $1 FOR UPDATE",
        );
        if write.optional(lock.bind(user)).await?.is_none() {
            return Ok(Deleted::Nobody);
        }
        let brought = sql("SELECT 1 AS one FROM songs WHERE uploader_id = $1 LIMIT 1");
        if write.optional(brought.bind(user)).await?.is_some() {
            return Ok(Deleted::HasSongs);
        }
        let admin = sql("SELECT 1 AS one FROM users WHERE role = 'admin' AND id = $1");
        let is_admin = write.optional(admin.bind(user)).await?.is_some();
        let other = sql("SELECT 1 AS one FROM users WHERE role = 'admin' AND id <> $1 LIMIT 1");
        if is_admin && write.optional(other.bind(user)).await?.is_none() {
            return Ok(Deleted::LastAdmin);
        }
        write.end_sessions(user, None).await?;
        write.revoke_keys(user).await?;
        let deleted = write.execute(sql("DELETE FROM users WHERE id = $1").bind(user)).await?;
        write.commit().await?;
        Ok(if deleted == 1 { Deleted::Done } else { Deleted::Nobody })
    }

    /// Notes that playback tokens of theirs that were issued before `playback_from_ms` (milliseconds since 1970) are
    /// revoked: they are given none of those any more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_revoked(
        &self,
        user: UserId,
        playback_from_ms: u64,
    ) -> Result<(), CatalogueError> {
        let note = sql("UPDATE users SET playback_from_ms = $1 WHERE id = $2");
        let mut write = self.0.write().await?;
        write.execute(note.bind(playback_from_ms).bind(user)).await?;
        write.commit().await
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

impl Write {
    /// Refuses what a password was proved for that is another one by now. Until this ends it stays what it is, so that
    /// whatever its change ends, it ends this, too.
    ///
    /// # Errors
    /// [`CatalogueError::PasswordChanged`].
    pub(crate) async fn insist(&mut self, user: UserId, hash: &str) -> Result<(), CatalogueError> {
        let find = sql_each(
            "SELECT 1 AS one FROM users WHERE id = $1 AND password_hash = $2",
            "SELECT 1 AS one FROM users WHERE id = $1 AND password_hash = $2
             FOR NO KEY UPDATE",
        );
        let found = self.optional(find.bind(user).bind(hash)).await?;
        found.map(drop).ok_or(CatalogueError::PasswordChanged)
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

/// What somebody is to be and to have. What is not there stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Entitling {
    /// What they may do.
    pub role: Option<Role>,
    /// What they pay for.
    pub plan: Option<Plan>,
    /// At how many places they may play at a time; `Some(None)`: as the plan says.
    pub max_streams: Option<Option<u32>>,
}

/// What came of deleting an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Done,
    /// There is no such account.
    Nobody,
    /// Without them, nobody would be an admin.
    LastAdmin,
    /// They have brought songs.
    HasSongs,
}

/// What came of changing somebody's role or plan.
#[derive(Debug, PartialEq, Eq)]
pub enum Entitled {
    /// What they are now.
    Now(Profile),
    /// There is no such account.
    Nobody,
    /// Whoever asked is no admin any more.
    NoAdmin,
    /// Without them, nobody would be an admin.
    LastAdmin,
}

pub(crate) fn read_user(row: &Row) -> Result<User, CatalogueError> {
    Ok(User { id: row.get("id")?, username: row.get("username")?, role: row.parse("role")? })
}

fn read_profile(row: &Row) -> Result<Profile, CatalogueError> {
    Ok(Profile {
        id: row.get("id")?,
        username: row.get("username")?,
        email: row.get("email")?,
        claimed_email: row.get("claimed_email")?,
        display_name: row.get("display_name")?,
        role: row.parse("role")?,
        plan: row.parse("plan")?,
        max_streams: row.get("max_streams")?,
        preferences: read_preferences(row)?,
        avatar: row.parse_optional("avatar")?,
        created_ms: row.get("created_ms")?,
    })
}

fn read_preferences(row: &Row) -> Result<Preferences, CatalogueError> {
    Ok(Preferences {
        quality: row.parse("quality")?,
        language: row.parse_optional("language")?,
        explicit: row.get("explicit")?,
        normalize_volume: row.get("normalize_volume")?,
    })
}
