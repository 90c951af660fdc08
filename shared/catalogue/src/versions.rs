//! The versions of songs: what each was made of, and which of them listeners get.
//!
//! Reading order: [`Versions::of_song`] (what there is), [`Versions::switch`] (another one becomes current),
//! [`replacements`](crate::replacements) (new ones are made), [`retirement`](crate::retirement) (old ones go).
//!
//! Whoever looks at a song's versions and then changes them locks its row first ([`lock`]); whoever puts in jobs or calls
//! them off is alone on the song before that, and touches jobs before it locks the row, as workers do.

use media::{MasterHash, SongId, UserId, Version};

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::jobs::desk::{self, State};
use crate::jobs::{NewJob, Priority, put_in};
use crate::row::Row;
use crate::song::Song;
use crate::songs::fetch;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// What the artist reads of what was under way when they chose another version.
const CHOSE_ANOTHER: &str = "another version was chosen meanwhile";

/// One packaging of a master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SongVersion {
    /// Which.
    pub version: Version,
    /// What it was made of.
    pub master: MasterHash,
    /// What that was called when it was uploaded.
    pub file_name: String,
    /// When it was first made, in milliseconds since 1970.
    pub created_ms: u64,
    /// The song's exact length, rounded to milliseconds.
    pub duration_ms: u64,
    /// Whether it is what listeners get.
    pub is_current: bool,
    /// Whether its objects are in the store.
    pub is_stored: bool,
}

/// A version that is to come, or did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// What it is made of.
    pub master: MasterHash,
    /// What that was called when it was uploaded.
    pub file_name: String,
    /// How far it has come.
    pub state: State,
    /// Why there is none, for the artist.
    pub reason: Option<String>,
    /// When it was asked for, in milliseconds since 1970.
    pub created_ms: u64,
}

/// What a song has and had, and what it is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SongVersions {
    /// Newest first.
    pub versions: Vec<SongVersion>,
    /// What was last asked for, unless it has become a version.
    pub replacement: Option<Replacement>,
}

/// What came of choosing a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switched {
    /// Listeners get it.
    Now(Song),
    /// Its objects had been removed: it is made again, and listeners get it then.
    Later(Song),
}

/// The versions in a catalogue.
#[derive(Debug)]
pub struct Versions<'a>(pub(crate) &'a Catalogue);

impl<'a> Versions<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// What a song has and had, and what it is to have.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of_song(&self, song: SongId) -> Result<SongVersions, CatalogueError> {
        let mut source = self.0.read();
        let find = sql("SELECT v.version, v.master, v.file_name, v.created_ms, v.duration_ms,
                 v.objects, c.version IS NOT NULL AS is_current
             FROM versions v
             LEFT JOIN current_versions c ON c.song_id = v.song_id AND c.version = v.version
             WHERE v.song_id = $1 ORDER BY v.created_ms DESC, v.version");
        let versions = source.all(find.bind(song)).await?;
        // One that goes on was put in, or put back, last.
        let last = sql("SELECT master, file_name, state, due_ms, lease, reason, created_ms
             FROM jobs WHERE song_id = $1
             ORDER BY CASE WHEN state = 'open' THEN 0 ELSE 1 END, id DESC LIMIT 1");
        let last = source.optional(last.bind(song)).await?;
        let last = last.as_ref().map(read_replacement).transpose()?;
        Ok(SongVersions {
            versions: versions.iter().map(read_version).collect::<Result<_, _>>()?,
            replacement: last.filter(|last| last.state != State::Done),
        })
    }

    /// Lets listeners get that version of a song, if the song is still of that `edition`; what is under way for it is
    /// called off. Answers nothing where it is no version of that song.
    ///
    /// # Errors
    /// [`CatalogueError::Stale`] where it is of another edition.
    pub async fn switch(
        &self,
        song: SongId,
        version: &Version,
        edition: u64,
    ) -> Result<Option<Switched>, CatalogueError> {
        let mut write = self.0.write_alone_on(song.uuid()).await?;
        desk::call_off_all(&mut write, song, CHOSE_ANOTHER).await?;
        let uploader = lock(&mut write, song).await?;
        let before = fetch(&mut write, song).await?.filter(|song| song.edition == edition);
        let before = before.ok_or(CatalogueError::Stale)?;
        let Some(chosen) = find(&mut write, song, version).await? else { return Ok(None) };
        let is_current = before.current.as_ref().is_some_and(|it| it.version == *version);
        if chosen.is_stored && !is_current {
            put_on(&mut write, song, uploader, version).await?;
        } else if !chosen.is_stored {
            let SongVersion { master, file_name, .. } = &chosen;
            let owner = before.uploader;
            let priority = Priority::Waiting;
            put_in(&mut write, &NewJob { song, owner, priority, master, file_name }).await?;
        }
        let after = fetch(&mut write, song).await?.ok_or(CatalogueError::Stale)?;
        write.commit().await?;
        Ok(Some(if chosen.is_stored { Switched::Now(after) } else { Switched::Later(after) }))
    }
}

/// Keeps others from changing the song or its versions until the transaction ends. Answers whose it is.
pub(crate) async fn lock(
    write: &mut Write,
    song: SongId,
) -> Result<Option<UserId>, CatalogueError> {
    let touch = sql("UPDATE songs SET updated_ms = updated_ms WHERE id = $1 RETURNING uploader_id");
    write.optional(touch.bind(song)).await?.map(|row| row.get("uploader_id")).transpose()
}

/// Makes a stored version of a locked song its current one, and that one's master its own. Answers what was current before.
pub(crate) async fn make_current(
    write: &mut Write,
    song: SongId,
    version: &Version,
) -> Result<Option<Version>, CatalogueError> {
    let find = sql("SELECT version FROM current_versions WHERE song_id = $1").bind(song);
    let before: Option<Version> =
        write.optional(find).await?.map(|row| row.parse("version")).transpose()?;
    if before.as_ref() == Some(version) {
        return Ok(before);
    }
    if let Some(before) = &before {
        retire(write, song, before).await?;
    }
    let switch = sql("INSERT INTO current_versions (song_id, version) VALUES ($1, $2)
         ON CONFLICT (song_id) DO UPDATE SET version = excluded.version");
    write.execute(switch.bind(song).bind(version.to_string())).await?;
    let back = sql("UPDATE versions SET retired_ms = NULL WHERE song_id = $1 AND version = $2");
    write.execute(back.bind(song).bind(version.to_string())).await?;
    let made_of = sql("UPDATE songs SET
             master = (SELECT v.master FROM versions v
                       WHERE v.song_id = songs.id AND v.version = $1),
             file_name = (SELECT v.file_name FROM versions v
                          WHERE v.song_id = songs.id AND v.version = $1)
         WHERE id = $2");
    write.execute(made_of.bind(version.to_string()).bind(song)).await?;
    Ok(before)
}

async fn retire(write: &mut Write, song: SongId, version: &Version) -> Result<(), CatalogueError> {
    let retire = sql("UPDATE versions SET retired_ms = $1 WHERE song_id = $2 AND version = $3");
    let retire = retire.bind(write.now_ms()).bind(song).bind(version.to_string());
    write.execute(retire).await.map(|_| ())
}

/// Switches a locked song to another version, and says so.
async fn put_on(
    write: &mut Write,
    song: SongId,
    uploader: Option<UserId>,
    version: &Version,
) -> Result<(), CatalogueError> {
    make_current(write, song, version).await?;
    let note = sql("UPDATE songs SET updated_ms = $1, edition = edition + 1 WHERE id = $2");
    write.execute(note.bind(write.now_ms()).bind(song)).await?;
    let find = sql("SELECT artist_id, album_id FROM versions WHERE song_id = $1 AND version = $2");
    let row = write.one(find.bind(song).bind(version.to_string())).await?;
    let (artist, album) = (row.get("artist_id")?, row.get("album_id")?);
    write.say(&Event::SongReplaced { song, uploader, artist, album }).await
}

async fn find(
    write: &mut Write,
    song: SongId,
    version: &Version,
) -> Result<Option<SongVersion>, CatalogueError> {
    let find = sql("SELECT v.version, v.master, v.file_name, v.created_ms, v.duration_ms,
             v.objects, v.retired_ms IS NULL AS is_current
         FROM versions v WHERE v.song_id = $1 AND v.version = $2");
    let row = write.optional(find.bind(song).bind(version.to_string())).await?;
    row.as_ref().map(read_version).transpose()
}

fn read_version(row: &Row) -> Result<SongVersion, CatalogueError> {
    Ok(SongVersion {
        version: row.parse("version")?,
        master: row.parse("master")?,
        file_name: row.get("file_name")?,
        created_ms: row.get("created_ms")?,
        duration_ms: row.get("duration_ms")?,
        is_current: row.get("is_current")?,
        is_stored: row.get::<String>("objects")? == "stored",
    })
}

fn read_replacement(row: &Row) -> Result<Replacement, CatalogueError> {
    Ok(Replacement {
        master: row.parse("master")?,
        file_name: row.get("file_name")?,
        state: desk::state(row)?,
        reason: row.get("reason")?,
        created_ms: row.get("created_ms")?,
    })
}
