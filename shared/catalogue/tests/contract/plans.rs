//! How the databases would find what our statements ask for. Every statement that a test of the contract has run must
//! find it by an index: a table that is small today will not be.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use segue_catalogue::DatabaseUrl;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Tables that have a few rows for good, or are read whole on purpose.
const SMALL: &[&str] = &["duties"];

/// Notes the statements that run on this thread.
pub(crate) struct Plans {
    heard: Arc<Mutex<BTreeSet<String>>>,
    _hearing: DefaultGuard,
}

#[derive(Clone)]
struct Hearing(Arc<Mutex<BTreeSet<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Hearing {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "segue_catalogue::statement" {
            event.record(&mut Noting(self));
        }
    }
}

struct Noting<'a>(&'a Hearing);

impl Visit for Noting<'_> {
    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}

    fn record_str(&mut self, _: &Field, text: &str) {
        self.0.0.lock().unwrap().insert(text.to_owned());
    }
}

impl Plans {
    pub(crate) fn noted() -> Self {
        let heard = Arc::default();
        let hearing = tracing_subscriber::registry().with(Hearing(Arc::clone(&heard)));
        Self { heard, _hearing: tracing::subscriber::set_default(hearing) }
    }

    /// Fails where a statement that ran would read a whole table.
    pub(crate) async fn judge(self, url: &DatabaseUrl) {
        let statements = std::mem::take(&mut *self.heard.lock().unwrap());
        assert!(!statements.is_empty(), "no statement was heard");
        match url {
            DatabaseUrl::Sqlite(path) => {
                let url = format!("sqlite://{}", path.display());
                let mut database = SqliteConnection::connect(&url).await.unwrap();
                for statement in &statements {
                    judge_sqlite(&mut database, statement).await;
                }
            }
            DatabaseUrl::Postgres { leader, .. } => {
                let mut database = PgConnection::connect_with(leader).await.unwrap();
                // Whatever still reads a table from end to end has no index that it could use.
                run(&mut database, "SET enable_seqscan = off").await;
                run(&mut database, "SET plan_cache_mode = force_generic_plan").await;
                for statement in &statements {
                    judge_postgres(&mut database, statement).await;
                }
            }
        }
    }
}

async fn judge_sqlite(database: &mut SqliteConnection, statement: &str) {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    for row in sqlx::query(explain).fetch_all(database).await.unwrap() {
        let step: String = row.get("detail");
        let whole = step.strip_prefix("SCAN ").filter(|rest| !rest.contains("USING"));
        // What a statement has made up itself is as long as it made it.
        let made = |name: &str| name.starts_with('(') || name.contains("json_each");
        let whole = whole.filter(|rest| *rest != "CONSTANT ROW" && !made(rest));
        let table = whole.map(|rest| rest.split(' ').next().unwrap_or(rest));
        let large = table.is_some_and(|table| !SMALL.contains(&table));
        assert!(!large, "{step}: a whole table is read for\n{statement}");
    }
}

async fn judge_postgres(database: &mut PgConnection, statement: &str) {
    let values = (1..=9).rev().find(|number| statement.contains(&format!("${number}")));
    let values =
        (10..=40).rev().find(|number| statement.contains(&format!("${number}"))).or(values);
    let nulls = vec!["NULL"; values.unwrap_or_default()].join(", ");
    let nulls = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    run(database, &format!("PREPARE judged AS {statement}")).await;
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE judged{nulls}"));
    let rows = sqlx::raw_sql(explain).fetch_all(&mut *database).await.unwrap();
    for row in rows {
        let step: String = row.get(0);
        let table = step.split("Seq Scan on ").nth(1).and_then(|rest| rest.split(' ').next());
        let large = table.is_some_and(|table| !SMALL.contains(&table));
        assert!(!large, "{step}: a whole table is read for\n{statement}");
    }
    run(database, "DEALLOCATE judged").await;
}

async fn run(database: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(database).await.expect(sql);
}
