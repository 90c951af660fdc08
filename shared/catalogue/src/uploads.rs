//! Files that arrive in pieces: whose they are, how long they will be, and what became of them. How much of one has
//! come is known where its bytes are.

use std::time::Duration;

use media::{UploadId, UserId};
use uuid::Uuid;

use crate::accepting::{Accepted, Again, Became, accept_once_in};
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::row::Row;
use crate::song::NewSong;
use crate::songs;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// What a sender has said of a file that is to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    /// Whose it is.
    pub user: UserId,
    /// How many bytes it will have.
    pub length: u64,
    /// `Upload-Metadata` as it was sent.
    pub metadata: String,
    /// What it has to do with others: see [`Upload::concat`].
    pub concat: Option<String>,
}

/// A file that arrives in pieces, or has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Which.
    pub id: UploadId,
    /// Whose.
    pub user: UserId,
    /// How many bytes it has when it is whole.
    pub length: u64,
    /// `Upload-Metadata` as it was sent.
    pub metadata: String,
    /// `Upload-Concat`: none of a file of its own.
    pub concat: Option<String>,
    /// When it is forgotten, in milliseconds since 1970.
    pub expires_ms: u64,
    /// What became of it.
    pub became: Option<Became>,
}

/// What one account may have on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Files that have not arrived.
    pub uploads: u64,
    /// What they will weigh together, in bytes.
    pub bytes: u64,
}

/// How [`Upload::concat`] begins of an upload that is made of others.
pub const FINAL: &str = "final;";

/// The uploads in a catalogue.
#[derive(Debug)]
pub struct Uploads<'a>(&'a Catalogue);

/// All of an upload.
macro_rules! uploads {
    () => {
        "SELECT id, user_id, length, metadata, concat, expires_ms, song_id, duplicate FROM uploads"
    };
}

impl<'a> Uploads<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Notes an upload that is forgotten after `lifetime`; none where its sender would then have more on the way than
    /// `quota`. One that is made of others is noted once: whoever notes it again hears of the first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn create(
        &self,
        new: &NewUpload,
        quota: &Quota,
        lifetime: Duration,
    ) -> Result<Option<Upload>, CatalogueError> {
        let mut write = self.0.write_alone_on(new.user.uuid()).await?;
        if let Some(noted) = noted_before(&mut write, new).await? {
            return Ok(Some(noted));
        }
        let (count, bytes) = on_the_way(&mut write, new.user).await?;
        if count >= quota.uploads || bytes.saturating_add(new.length) > quota.bytes {
            return Ok(None);
        }
        let id = UploadId::new(Uuid::now_v7());
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        let expires = write.now_ms().saturating_add(lifetime);
        let insert = sql("INSERT INTO uploads (id, user_id, length, metadata, concat, created_ms,
                              expires_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)");
        let insert = insert.bind(id).bind(new.user).bind(new.length).bind(new.metadata.as_str());
        let insert = insert.bind(new.concat.as_deref()).bind(write.now_ms()).bind(expires);
        write.execute(insert).await?;
        write.commit().await?;
        let NewUpload { user, length, metadata, concat } = new.clone();
        let expires_ms = u64::try_from(expires).unwrap_or_default();
        Ok(Some(Upload { id, user, length, metadata, concat, expires_ms, became: None }))
    }

    /// The upload with that id, whosever it is, unless it is over.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find(&self, id: UploadId) -> Result<Option<Upload>, CatalogueError> {
        let find = sql(concat!(uploads!(), " WHERE id = $1 AND expires_ms > $2"));
        let row = self.0.read().optional(find.bind(id).bind(self.0.now_ms())).await?;
        row.as_ref().map(read).transpose()
    }

    /// The upload of `user` that is made of others, as `concat` says, unless it is over.
    ///
    /// # Errors
    /// The database failed.
    pub async fn made_of(
        &self,
        user: UserId,
        concat: &str,
    ) -> Result<Option<Upload>, CatalogueError> {
        made_of(&mut self.0.read(), user, concat, self.0.now_ms()).await
    }

    /// Makes a song of an upload that has come whole and whose master is stored, as
    /// [`Songs::accept_once`](crate::Songs::accept_once) does, in the one transaction that notes it: however often this is
    /// called, there is one song.
    ///
    /// # Errors
    /// [`CatalogueError::Gone`] where there is no such upload any more, or the database failed; nothing was accepted.
    pub async fn accept(
        &self,
        id: UploadId,
        new: &NewSong,
        again: Again,
    ) -> Result<Accepted, CatalogueError> {
        let mut write = self.0.write_alone_on(id.uuid()).await?;
        let find = sql("SELECT song_id, duplicate FROM uploads WHERE id = $1").bind(id);
        let found = write.optional(find).await?.ok_or(CatalogueError::Gone)?;
        if let Some(Became { song, is_duplicate }) = became(&found)? {
            let song = songs::fetch(&mut write, song).await?.ok_or(sqlx::Error::RowNotFound)?;
            return Ok(Accepted { song, is_duplicate });
        }
        let accepted = accept_once_in(&mut write, new, again).await?;
        let note = sql("UPDATE uploads SET song_id = $1, duplicate = $2 WHERE id = $3");
        let note = note.bind(accepted.song.id).bind(accepted.is_duplicate);
        write.execute(note.bind(id)).await?;
        write.commit().await?;
        Ok(accepted)
    }

    /// Forgets an upload; what became of it stays. Answers whether there was one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn remove(&self, id: UploadId) -> Result<bool, CatalogueError> {
        let mut write = self.0.write().await?;
        let removed = write.execute(sql("DELETE FROM uploads WHERE id = $1").bind(id)).await?;
        write.commit().await?;
        Ok(removed == 1)
    }
}

/// What was noted of the same others, if `new` is made of any.
async fn noted_before(
    write: &mut Write,
    new: &NewUpload,
) -> Result<Option<Upload>, CatalogueError> {
    let now = write.now_ms();
    match new.concat.as_deref().filter(|concat| concat.starts_with(FINAL)) {
        Some(concat) => made_of(write, new.user, concat, now).await,
        None => Ok(None),
    }
}

async fn made_of(
    source: &mut impl Source,
    user: UserId,
    concat: &str,
    now: i64,
) -> Result<Option<Upload>, CatalogueError> {
    let find = sql(concat!(
        uploads!(),
        " WHERE user_id = $1 AND concat = $2 AND expires_ms > $3 ORDER BY id LIMIT 1"
    ));
    let find = find.bind(user).bind(concat).bind(now);
    source.optional(find).await?.as_ref().map(read).transpose()
}

/// How many uploads of `user` have become nothing yet, and their bytes.
async fn on_the_way(write: &mut Write, user: UserId) -> Result<(u64, u64), CatalogueError> {
    let count = sql("SELECT COUNT(*) AS uploads, CAST(COALESCE(SUM(length), 0) AS BIGINT) AS bytes
         FROM uploads WHERE user_id = $1 AND song_id IS NULL AND expires_ms > $2");
    let row = write.one(count.bind(user).bind(write.now_ms())).await?;
    Ok((row.get("uploads")?, row.get("bytes")?))
}

impl Write {
    /// Forgets the uploads whose time is over.
    pub(crate) async fn sweep_uploads(&mut self) -> Result<(), CatalogueError> {
        let sweep = sql("DELETE FROM uploads WHERE expires_ms <= $1").bind(self.now_ms());
        self.execute(sweep).await.map(|_| ())
    }
}

fn became(row: &Row) -> Result<Option<Became>, CatalogueError> {
    let Some(song) = row.get("song_id")? else { return Ok(None) };
    Ok(Some(Became { song, is_duplicate: row.get("duplicate")? }))
}

fn read(row: &Row) -> Result<Upload, CatalogueError> {
    Ok(Upload {
        id: row.get("id")?,
        user: row.get("user_id")?,
        length: row.get("length")?,
        metadata: row.get("metadata")?,
        concat: row.get("concat")?,
        expires_ms: row.get("expires_ms")?,
        became: became(row)?,
    })
}
