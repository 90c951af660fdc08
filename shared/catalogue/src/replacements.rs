//! Another master for a song that is there already. Until it is packaged, the song is as it was.

use media::{MasterHash, SongId, UploadId, Version};

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::jobs::desk::call_off_all;
use crate::jobs::{NewJob, Priority, put_in, standing};
use crate::name::Name;
use crate::row::Row;
use crate::song::Song;
use crate::songs::fetch;
use crate::source::Source;
use crate::statement::sql;
use crate::versions::{Versions, lock};
use crate::write::Write;

/// What the artist reads of a master whose place another one took.
const SUPERSEDED: &str = "another master took its place";

/// Another master for a song, which is stored.
#[derive(Debug, Clone)]
pub struct NewMaster {
    /// The song.
    pub song: SongId,
    /// The master.
    pub master: MasterHash,
    /// What it was called when it was uploaded.
    pub file_name: Name,
    /// What would be made of it.
    pub version: Version,
}

/// What becomes of another master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// It will be packaged.
    Queued(Song),
    /// The song's current version was made of it, in the same way: nothing is to be done.
    Same(Song),
}

impl Replaced {
    /// The song, as it is for now.
    #[must_use]
    pub fn song(&self) -> &Song {
        match self {
            Self::Queued(song) | Self::Same(song) => song,
        }
    }
}

impl Versions<'_> {
    /// Puts in a job for another master of a song, in the place of what is under way for that song. One that is under way
    /// already goes on.
    ///
    /// # Errors
    /// [`CatalogueError::Gone`] where there is no such song.
    pub async fn replace(&self, new: &NewMaster) -> Result<Replaced, CatalogueError> {
        let mut write = self.0.write_alone_on(new.song.uuid()).await?;
        let replaced = replace_in(&mut write, new).await?;
        write.commit().await?;
        Ok(replaced)
    }

    /// The same with a master that has come as an upload, in the one transaction that notes what became of that.
    ///
    /// # Errors
    /// [`CatalogueError::Gone`] where there is no such song, or no such upload any more.
    pub async fn replace_by(
        &self,
        upload: UploadId,
        new: &NewMaster,
    ) -> Result<Replaced, CatalogueError> {
        let mut write = self.0.write_alone_on(new.song.uuid()).await?;
        // Also keeps others from finishing the upload.
        let note = sql("UPDATE uploads SET song_id = $1 WHERE id = $2 AND song_id IS NULL");
        if write.execute(note.bind(new.song).bind(upload)).await? == 0 {
            let find = sql("SELECT song_id FROM uploads WHERE id = $1").bind(upload);
            let known = write.optional(find).await?.is_some();
            let song = if known { fetch(&mut write, new.song).await? } else { None };
            return song.map(Replaced::Queued).ok_or(CatalogueError::Gone);
        }
        let replaced = replace_in(&mut write, new).await?;
        write.commit().await?;
        Ok(replaced)
    }

    /// Puts in jobs of the lowest priority that package songs once more from their masters: `songs`, or all that play.
    /// Those for which something is under way are left alone. Answers how many were put in.
    ///
    /// # Errors
    /// The database failed; some may have been put in.
    pub async fn repackage(&self, songs: Option<&[SongId]>) -> Result<u64, CatalogueError> {
        let mut count = 0;
        let mut after = SongId::new(uuid::Uuid::nil());
        loop {
            let page = match songs {
                Some(songs) => songs.to_vec(),
                None => playing(self.0, after).await?,
            };
            for song in &page {
                count += u64::from(self.repackage_one(*song).await?);
            }
            match page.last() {
                Some(last) if songs.is_none() => after = *last,
                _ => return Ok(count),
            }
        }
    }

    async fn repackage_one(&self, song: SongId) -> Result<bool, CatalogueError> {
        let mut write = self.0.write_alone_on(song.uuid()).await?;
        if !open_jobs(&mut write, song).await?.is_empty() {
            return Ok(false);
        }
        let uploader = lock(&mut write, song).await?;
        let find = sql("SELECT v.master, v.file_name FROM current_versions c
             JOIN versions v ON v.song_id = c.song_id AND v.version = c.version
             WHERE c.song_id = $1");
        let row = write.optional(find.bind(song)).await?;
        let (Some(owner), Some(row)) = (uploader, row) else { return Ok(false) };
        let (master, file_name): (MasterHash, String) =
            (row.parse("master")?, row.get("file_name")?);
        let (priority, master, file_name) = (Priority::Bulk, &master, file_name.as_str());
        put_in(&mut write, &NewJob { song, owner, priority, master, file_name }).await?;
        write.commit().await?;
        Ok(true)
    }
}

/// Some of the songs that play, in the order of their ids.
async fn playing(catalogue: &Catalogue, after: SongId) -> Result<Vec<SongId>, CatalogueError> {
    let find = sql("SELECT song_id FROM current_versions WHERE song_id > $1
                    ORDER BY song_id LIMIT 500");
    let rows = catalogue.read().all(find.bind(after)).await?;
    rows.iter().map(|row| row.get("song_id")).collect()
}

async fn replace_in(write: &mut Write, new: &NewMaster) -> Result<Replaced, CatalogueError> {
    write.alone_on_master(&new.master).await?;
    // Jobs first: one that is just being finished is over when these are read, and its version is current.
    let open = open_jobs(write, new.song).await?;
    lock(write, new.song).await?;
    let song = fetch(write, new.song).await?.ok_or(CatalogueError::Gone)?;
    if song.current.as_ref().is_some_and(|current| current.version == new.version) {
        call_off_all(write, song.id, SUPERSEDED).await?;
        return Ok(Replaced::Same(song));
    }
    if open.iter().any(|(master, priority)| *master == new.master && *priority == Priority::Waiting)
    {
        return Ok(Replaced::Queued(song));
    }
    call_off_all(write, song.id, SUPERSEDED).await?;
    let job = NewJob {
        song: song.id,
        owner: song.uploader,
        priority: Priority::Waiting,
        master: &new.master,
        file_name: new.file_name.as_str(),
    };
    put_in(write, &job).await?;
    standing::queue(write, song.id).await?;
    let song = fetch(write, song.id).await?.ok_or(CatalogueError::Gone)?;
    Ok(Replaced::Queued(song))
}

/// What is under way for a song, which goes no further until the transaction ends.
async fn open_jobs(
    write: &mut Write,
    song: SongId,
) -> Result<Vec<(MasterHash, Priority)>, CatalogueError> {
    let touch = sql("UPDATE jobs SET updated_ms = updated_ms WHERE song_id = $1 AND state = 'open'
                     RETURNING master, priority");
    let read = |row: &Row| Ok((row.parse("master")?, Priority::of(row.get("priority")?)));
    write.all(touch.bind(song)).await?.iter().map(read).collect()
}
