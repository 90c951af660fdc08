//! What a migration leaves to the program, done once when the database is opened next.

use uuid::Uuid;

use crate::error::CatalogueError;
use crate::name::key;
use crate::row::Row;
use crate::source::Source;
use crate::statement::{Statement, sql, sql_each};
use crate::write::Write;

/// Rows that are read at once.
const AT_ONCE: u32 = 1_000;

/// Does what is left to do, all of it or nothing. Who comes second waits for the first, however long that takes.
pub(crate) async fn finish(mut write: Write) -> Result<(), CatalogueError> {
    write
        .optional(sql_each(
            "SELECT 1 AS one",
            "SELECT set_config('lock_timeout', '0', TRUE) AS one",
        ))
        .await?;
    write
        .optional(sql_each(
            "SELECT 1 AS one",
            "SELECT set_config('statement_timeout', '0', TRUE) AS one",
        ))
        .await?;
    let todo = sql("DELETE FROM chores WHERE name = 'fold names'");
    if write.execute(todo).await? == 1 {
        fold_titles(&mut write).await?;
        fold_artists(&mut write).await?;
        fold_genres(&mut write).await?;
    }
    write.commit().await
}

async fn fold_titles(write: &mut Write) -> Result<(), CatalogueError> {
    let mut after = Uuid::nil();
    loop {
        let find = sql("SELECT id, title AS name, title_key AS key FROM songs
                        WHERE id > $1 ORDER BY id LIMIT $2");
        let rows = write.all(find.bind(after).bind(AT_ONCE)).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.get("id")?;
        fold(write, &rows, || sql("UPDATE songs SET title_key = $1 WHERE id = $2")).await?;
    }
}

async fn fold_artists(write: &mut Write) -> Result<(), CatalogueError> {
    let mut after = Uuid::nil();
    loop {
        let find = sql("SELECT id, name, name_key AS key FROM artists
                        WHERE id > $1 ORDER BY id LIMIT $2");
        let rows = write.all(find.bind(after).bind(AT_ONCE)).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.get("id")?;
        fold(write, &rows, || sql("UPDATE artists SET name_key = $1 WHERE id = $2")).await?;
    }
}

/// Corrects the keys that are not what names are found by.
async fn fold(
    write: &mut Write,
    rows: &[Row],
    correct: impl Fn() -> Statement<'static>,
) -> Result<(), CatalogueError> {
    for row in rows {
        let name = key(&row.get::<String>("name")?);
        if name != row.get::<String>("key")? {
            let id: Uuid = row.get("id")?;
            write.execute(correct().bind(name).bind(id)).await?;
        }
    }
    Ok(())
}

/// Two genres that differ in the case of such letters alone become one.
async fn fold_genres(write: &mut Write) -> Result<(), CatalogueError> {
    for row in write.all(sql("SELECT genre_key, name FROM genres ORDER BY genre_key")).await? {
        let (old, name): (String, String) = (row.get("genre_key")?, row.get("name")?);
        let new = key(&name);
        if new == old {
            continue;
        }
        let insert = sql("INSERT INTO genres (genre_key, name) VALUES ($1, $2)
                          ON CONFLICT (genre_key) DO NOTHING");
        write.execute(insert.bind(new.clone()).bind(name)).await?;
        for correct in [
            sql("UPDATE songs SET genre_key = $1 WHERE genre_key = $2"),
            sql("UPDATE trends SET genre_key = $1 WHERE genre_key = $2"),
        ] {
            write.execute(correct.bind(new.clone()).bind(old.clone())).await?;
        }
        write.execute(sql("DELETE FROM genres WHERE genre_key = $1").bind(old)).await?;
    }
    Ok(())
}
