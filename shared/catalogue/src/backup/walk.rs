//! What a database holds, by its own account.

use std::collections::{BTreeMap, BTreeSet};

use super::{Column, Kind, Schema, Table};
use crate::error::CatalogueError;
use crate::source::Source;
use crate::statement::{sql, sql_each};

/// The schema, in an order in which rows can be put in.
pub(super) async fn walk(from: &mut impl Source) -> Result<Schema, CatalogueError> {
    let tables = ordered(columns(from).await?, &references(from).await?);
    Ok(Schema { migrations: migrations(from).await?, tables })
}

/// The migrations that were applied: none where nobody ever migrated.
async fn migrations(from: &mut impl Source) -> Result<Vec<i64>, CatalogueError> {
    let known = sql_each(
        "SELECT COUNT(*) AS count FROM sqlite_schema WHERE name = '_sqlx_migrations'",
        "SELECT COUNT(to_regclass('_sqlx_migrations')) AS count",
    );
    if from.one(known).await?.get::<i64>("count")? == 0 {
        return Ok(Vec::new());
    }
    let rows = from.all(sql("SELECT version FROM _sqlx_migrations ORDER BY version")).await?;
    rows.iter().map(|row| row.get("version")).collect()
}

async fn columns(from: &mut impl Source) -> Result<BTreeMap<String, Vec<Column>>, CatalogueError> {
    let statement = sql_each(
        "SELECT m.name AS table_name, c.name AS name, c.type AS type
         FROM sqlite_schema m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!'
           AND m.name <> '_sqlx_migrations'
         ORDER BY m.name, c.cid",
        "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(c.attname AS TEXT) AS name,
                format_type(c.atttypid, c.atttypmod) AS type
         FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
         WHERE t.relnamespace = CAST(current_schema() AS regnamespace) AND t.relkind = 'r'
           AND c.attnum > 0 AND NOT c.attisdropped AND t.relname <> '_sqlx_migrations'
         ORDER BY t.relname, c.attnum",
    );
    let mut tables = BTreeMap::<_, Vec<Column>>::new();
    for row in from.all(statement).await? {
        let kind = kind_of(&row.get::<String>("type")?)?;
        let columns = tables.entry(row.get("table_name")?).or_default();
        columns.push(Column { name: row.get("name")?, kind });
    }
    Ok(tables)
}

/// Who refers to whom, beside to themselves.
async fn references(from: &mut impl Source) -> Result<BTreeSet<(String, String)>, CatalogueError> {
    let statement = sql_each(
        "SELECT m.name AS child, f.\"table\" AS parent
         FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
         WHERE m.type = 'table' AND m.name <> f.\"table\"",
        "SELECT CAST(c.relname AS TEXT) AS child, CAST(p.relname AS TEXT) AS parent
         FROM pg_constraint f
         JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
         WHERE f.contype = 'f' AND f.connamespace = CAST(current_schema() AS regnamespace)
           AND c.oid <> p.oid",
    );
    let rows = from.all(statement).await?;
    rows.iter().map(|row| Ok((row.get("child")?, row.get("parent")?))).collect()
}

fn kind_of(declared: &str) -> Result<Kind, CatalogueError> {
    match declared.to_ascii_lowercase().as_str() {
        "uuid" => Ok(Kind::Id),
        "text" => Ok(Kind::Text),
        "bigint" | "integer" => Ok(Kind::Number),
        "double precision" | "real" => Ok(Kind::Real),
        "boolean" => Ok(Kind::Flag),
        "blob" | "bytea" => Ok(Kind::Bytes),
        other => Err(CatalogueError::unreadable("type of a column")(other)),
    }
}

/// Parents before children. Where tables refer to each other in a circle, those stand last, in the order of their names.
fn ordered(
    mut left: BTreeMap<String, Vec<Column>>,
    references: &BTreeSet<(String, String)>,
) -> Vec<Table> {
    let mut tables = Vec::new();
    while !left.is_empty() {
        let waits = |name: &String| {
            references.iter().any(|(child, parent)| child == name && left.contains_key(parent))
        };
        let next = left.keys().find(|name| !waits(name)).or_else(|| left.keys().next()).cloned();
        let Some((name, columns)) = next.and_then(|name| left.remove_entry(&name)) else { break };
        tables.push(Table { name, columns });
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first() {
        let tables = ["a", "b", "c"].map(|name| (name.to_owned(), Vec::new()));
        let references = [("a", "c"), ("c", "b")].map(|(it, to)| (it.to_owned(), to.to_owned()));
        let tables = ordered(tables.into(), &references.into());
        assert_eq!(tables.iter().map(|table| table.name.as_str()).collect::<String>(), "bca");
    }
}
