//! Whether the origin and the database answer: asked again and again, for `/readyz`.

use std::sync::Arc;
use std::time::Duration;

use catalogue::Catalogue;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use service::health::{Condition, Health};
use service::problem::chain;
use tokio::time::{sleep, timeout};

/// How often it is asked, and how long it may take.
const EVERY: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(4);

/// How many times in a row it must fail to be counted as gone: one answer may get lost.
const FAILURES: u32 = 2;

/// What is asked for: nobody stores it.
const NOTHING: &str = "artist/nobody/probe";

/// What is asked.
pub(crate) enum Probe {
    /// Where objects are.
    Origin(Arc<dyn ObjectStore>),
    /// Where rows are: the leader, which must take some.
    Database(Catalogue),
}

/// Begins to ask; `health` tells how it went.
pub(crate) fn spawn(probe: Probe, health: &Health) {
    let name = match probe {
        Probe::Origin(_) => "origin",
        Probe::Database(_) => "database",
    };
    let condition = health.condition(name, "it was not asked yet");
    tokio::spawn(watch(probe, condition));
}

/// Asks until dropped, and lets `condition` tell how it went.
async fn watch(probe: Probe, condition: Condition) {
    let mut failures = 0;
    loop {
        match probe.ask().await {
            Ok(()) => {
                failures = 0;
                condition.holds();
            }
            Err(obstacle) => {
                failures += 1;
                if failures >= FAILURES {
                    condition.fails(&obstacle);
                }
            }
        }
        sleep(EVERY).await;
    }
}

impl Probe {
    async fn ask(&self) -> Result<(), String> {
        match self {
            Self::Origin(store) => ask(&**store).await,
            Self::Database(catalogue) => {
                match timeout(PATIENCE, catalogue.duties().try_out()).await {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(format!("the database takes nothing: {}", chain(&error))),
                    Err(_) => {
                        Err(format!("the database does not answer within {} s", PATIENCE.as_secs()))
                    }
                }
            }
        }
    }
}

/// Who says that there is no such thing answers; so does who says that we may not know: a right to list
/// is needed to be told of an absence, and an edge needs none.
async fn ask(store: &dyn ObjectStore) -> Result<(), String> {
    match timeout(PATIENCE, store.head(&Path::from(NOTHING))).await {
        Ok(Ok(_) | Err(Error::NotFound { .. } | Error::PermissionDenied { .. })) => Ok(()),
        Ok(Err(error)) => Err(format!("the origin cannot be asked: {error}")),
        Err(_) => Err(format!("the origin does not answer within {} s", PATIENCE.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use catalogue::DatabaseUrl;
    use object_store::memory::InMemory;
    use service::Clock;
    use testkit::origin_store::{Behaviour, OriginStore};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn who_knows_of_nothing_answers() {
        assert_eq!(ask(&InMemory::new()).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn ready_follows_the_origin() {
        let (store, health) = (Arc::new(OriginStore::new()), Health::starting());
        health.set_ready(true);
        let condition = health.condition("origin", "it was not asked yet");
        assert!(!health.is_ready());
        let watching = tokio::spawn(watch(Probe::Origin(store.clone()), condition));
        let until = async |ready| {
            let begun = Instant::now();
            while health.is_ready() != ready {
                sleep(Duration::from_millis(100)).await;
            }
            begun.elapsed()
        };
        assert!(until(true).await < EVERY);
        store.behave(Behaviour::Stall(PATIENCE * 2));
        assert!(until(false).await > EVERY, "one failure alone is none");
        let (_, told) = health.answer("/readyz").expect("a probe");
        assert!(told.contains("origin: the origin does not answer within 4 s"), "{told}");
        store.behave(Behaviour::Fail);
        sleep(EVERY * 2).await;
        let (_, told) = health.answer("/readyz").expect("a probe");
        assert!(told.contains("cannot be asked"), "{told}");
        store.behave(Behaviour::Serve);
        assert!(until(true).await <= EVERY + PATIENCE);
        watching.abort();
    }

    #[tokio::test]
    async fn a_database_that_is_closed_does_not_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = DatabaseUrl::Sqlite(folder.path().join("catalogue.sqlite"));
        let catalogue = Catalogue::open(&url, Clock::system()).await.expect("a catalogue");
        let probe = Probe::Database(catalogue.clone());
        assert_eq!(probe.ask().await, Ok(()));
        catalogue.close().await;
        let obstacle = probe.ask().await.expect_err("it is closed");
        assert!(obstacle.starts_with("the database takes nothing"), "{obstacle}");
    }
}
