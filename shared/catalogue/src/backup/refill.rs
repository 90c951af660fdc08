//! Filling an empty database with the lines of a snapshot, all or nothing.

use std::io::{self, BufRead};

use service::Clock;
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::line;
use super::snapshot::quoted;
use super::walk::walk;
use super::{BackupError, Schema, Table};
use crate::catalogue::Catalogue;
use crate::database::Database;
use crate::database::url::DatabaseUrl;
use crate::error::CatalogueError;
use crate::source::Source;
use crate::statement::{Value, sql, sql_each};
use crate::write::Write;

/// Rows that are put in with one statement.
const AT_ONCE: usize = 200;

/// What migrations and processes put in by themselves: the backup's own takes its place.
const OWN: [&str; 2] = ["chores", "duties"];

/// A database that is being filled. Dropped before [`Refill::finish`], it holds empty tables.
#[derive(Debug)]
pub struct Refill {
    url: DatabaseUrl,
    clock: Clock,
    catalogue: Catalogue,
    write: Write,
    schema: Schema,
}

impl Refill {
    /// Begins to fill the database that `url` leads to, which is empty, with what a snapshot of that schema holds. Its
    /// tables are made as the snapshot's were: what later migrations do to rows, they do when it is full.
    ///
    /// # Errors
    /// [`BackupError::TooNew`], [`BackupError::OtherSchema`], [`BackupError::NotEmpty`], or the database failed.
    pub async fn begin(
        url: &DatabaseUrl,
        clock: Clock,
        from: &Schema,
    ) -> Result<Self, BackupError> {
        if let Some(migration) = Database::first_unknown(url, &from.migrations) {
            return Err(BackupError::TooNew { migration });
        }
        let catalogue = Catalogue::open_at(url, clock.clone(), &from.migrations).await;
        let catalogue = catalogue.map_err(|error| match error {
            CatalogueError::Migrate(sqlx::migrate::MigrateError::VersionMissing(_)) => {
                BackupError::OtherSchema
            }
            error => error.into(),
        })?;
        let mut write = catalogue.write().await?;
        let schema = walk(&mut write).await?;
        check_the_same(from, &schema)?;
        check_empty(&mut write, &schema).await?;
        let url = url.clone();
        Ok(Self { url, clock, catalogue, write, schema })
    }

    /// Its tables, in the order in which they can be filled.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        self.schema.tables.clone()
    }

    /// Puts `lines` into `table`, whose columns stand in them as the snapshot said. Answers how many.
    ///
    /// # Errors
    /// A line is not a row, cannot be read, or the database refused it.
    pub async fn fill(&mut self, table: &Table, lines: impl BufRead) -> Result<u64, BackupError> {
        let own = self.own_columns(table)?;
        let unread = |source: io::Error| BackupError::Lines { table: table.name.clone(), source };
        let (mut rows, mut count) = (Vec::with_capacity(AT_ONCE), 0);
        for line in lines.lines() {
            count += 1;
            let values = line::to_values(&line.map_err(unread)?, &own);
            let not_a_row = || BackupError::NotARow { table: table.name.clone(), line: count };
            rows.push(values.ok_or_else(not_a_row)?);
            if rows.len() == AT_ONCE {
                insert(&mut self.write, &own, std::mem::take(&mut rows)).await?;
            }
        }
        if !rows.is_empty() {
            insert(&mut self.write, &own, rows).await?;
        }
        Ok(count)
    }

    /// Makes it so. What was held by processes of before is held by nobody: jobs in hand are due, and duties are free.
    ///
    /// # Errors
    /// The database failed: it is as empty as it was.
    pub async fn finish(mut self) -> Result<(), BackupError> {
        if self.schema.tables.iter().any(|table| table.name == "duties") {
            self.write.execute(sql("DELETE FROM duties")).await?;
        }
        // By whatever clock it is judged, and by the schema of any release.
        let jobs = sql("UPDATE jobs SET lease = NULL, due_ms = 0
                        WHERE state = 'open' AND lease IS NOT NULL");
        self.write.execute(jobs).await?;
        count_on(&mut self.write).await?;
        self.write.commit().await?;
        self.catalogue.close().await;
        // What came after the backup's release.
        Catalogue::open(&self.url, self.clock).await?.close().await;
        Ok(())
    }

    /// The columns in the order of the lines, with what stands in them here.
    fn own_columns(&self, table: &Table) -> Result<Table, BackupError> {
        let here = self.schema.tables.iter().find(|own| own.name == table.name);
        let here = here.ok_or(BackupError::OtherSchema)?;
        let own = |name: &String| here.columns.iter().find(|own| own.name == *name).cloned();
        let columns = table.columns.iter().map(|column| own(&column.name)).collect::<Option<_>>();
        let columns = columns.ok_or(BackupError::OtherSchema)?;
        Ok(Table { name: here.name.clone(), columns })
    }
}

/// The same tables with columns of the same names.
fn check_the_same(from: &Schema, own: &Schema) -> Result<(), BackupError> {
    let names = |schema: &Schema| {
        let columns = |table: &Table| {
            let mut names: Vec<_> = table.columns.iter().map(|it| it.name.clone()).collect();
            names.sort();
            (table.name.clone(), names)
        };
        let mut tables: Vec<_> = schema.tables.iter().map(columns).collect();
        tables.sort();
        tables
    };
    let same = names(from) == names(own) && from.migrations == own.migrations;
    if same { Ok(()) } else { Err(BackupError::OtherSchema) }
}

async fn check_empty(write: &mut Write, schema: &Schema) -> Result<(), BackupError> {
    for table in &schema.tables {
        if OWN.contains(&table.name.as_str()) {
            let text = format!("DELETE FROM {}", quoted(&table.name));
            write.execute(sql(AssertSqlSafe(text))).await?;
        }
        let text = format!("SELECT EXISTS (SELECT 1 FROM {}) AS found", quoted(&table.name));
        if write.one(sql(AssertSqlSafe(text))).await?.get("found")? {
            return Err(BackupError::NotEmpty { table: table.name.clone() });
        }
    }
    Ok(())
}

async fn insert(
    write: &mut Write,
    table: &Table,
    rows: Vec<Vec<Value<'static>>>,
) -> Result<(), CatalogueError> {
    let names: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let into = format!("INSERT INTO {} ({})", quoted(&table.name), names.join(", "));
    let width = table.columns.len();
    let row = |nth: usize| {
        let values = (1..=width).map(|at| format!("${}", nth * width + at));
        format!("({})", values.collect::<Vec<_>>().join(", "))
    };
    let values = (0..rows.len()).map(row).collect::<Vec<_>>().join(", ");
    // Where PostgreSQL counts a column itself, it counts on from what is there.
    let statement = sql_each(
        AssertSqlSafe(format!("{into} VALUES {values}")).into_sql_str(),
        AssertSqlSafe(format!("{into} OVERRIDING SYSTEM VALUE VALUES {values}")).into_sql_str(),
    );
    let statement = rows.into_iter().flatten().fold(statement, |it, value| it.bind(value));
    write.execute(statement).await.map(|_| ())
}

/// Columns that PostgreSQL counts by itself go on behind what was put in; SQLite sees that of its own.
async fn count_on(write: &mut Write) -> Result<(), CatalogueError> {
    let counted = sql_each(
        "SELECT '' AS table_name, '' AS name WHERE FALSE",
        "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(c.attname AS TEXT) AS name
         FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
         WHERE t.relnamespace = CAST(current_schema() AS regnamespace) AND c.attidentity <> ''",
    );
    for row in write.all(counted).await? {
        let (table, column): (String, String) = (row.get("table_name")?, row.get("name")?);
        let text = format!(
            "SELECT setval(pg_get_serial_sequence($1, $2),
                           (SELECT COALESCE(MAX({}), 0) + 1 FROM {}), FALSE) AS next",
            quoted(&column),
            quoted(&table)
        );
        let statement = sql(AssertSqlSafe(text)).bind(quoted(&table)).bind(column);
        write.one(statement).await?;
    }
    Ok(())
}
