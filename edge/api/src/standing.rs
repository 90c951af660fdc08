//! Whether those who have an access token are still logged in: sessions that were looked up a moment ago.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use catalogue::{AuthenticatedUser, Catalogue, CatalogueError};
use media::{SessionId, UserId};
use service::Clock;

/// How long a session is believed to stand. One that is ended here is known to be so at once; one that is ended through
/// another process, or an account whose role is changed there, after this.
pub(crate) const BELIEVED: Duration = Duration::from_secs(5);

/// Sessions that are remembered at a time. One takes some 80 bytes.
const MOST: usize = 1 << 16;

/// The sessions that stood a moment ago.
#[derive(Debug)]
pub(crate) struct Standing {
    clock: Clock,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    sessions: HashMap<SessionId, Seen>,
    /// How often sessions were ended: what was looked up before may be of before.
    ended: u64,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    user: AuthenticatedUser,
    until: SystemTime,
}

impl Standing {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, known: Mutex::default() }
    }

    /// Who is logged in in that session, in the role that they have now; nobody where it has ended.
    pub(crate) async fn of(
        &self,
        catalogue: &Catalogue,
        session: SessionId,
    ) -> Result<Option<AuthenticatedUser>, CatalogueError> {
        let now = self.clock.now();
        let ended = match self.remembered(session, now) {
            Ok(user) => return Ok(Some(user)),
            Err(ended) => ended,
        };
        // The leader: a replica may not yet have heard that the session began, or that it was ended.
        let found = catalogue.sessions().standing(session).await?;
        if let Some(user) = found {
            self.remember(session, Seen { user, until: now + BELIEVED }, ended);
        }
        Ok(found)
    }

    /// Forgets sessions that were ended, or whose role was changed, a moment ago.
    pub(crate) fn forget(&self, mut which: impl FnMut(SessionId, UserId) -> bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.ended += 1;
        known.sessions.retain(|session, seen| !which(*session, seen.user.id));
    }

    fn remembered(&self, session: SessionId, now: SystemTime) -> Result<AuthenticatedUser, u64> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = known.sessions.get(&session).filter(|seen| seen.until > now);
        seen.map(|seen| seen.user).ok_or(known.ended)
    }

    fn remember(&self, session: SessionId, seen: Seen, ended: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.ended != ended {
            return;
        }
        if known.sessions.len() >= MOST {
            let now = seen.until - BELIEVED;
            known.sessions.retain(|_, seen| seen.until > now);
        }
        if known.sessions.len() < MOST {
            known.sessions.insert(session, seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use catalogue::{DatabaseUrl, Role};
    use testkit::postgres::PostgresServer;
    use uuid::Uuid;

    use super::*;

    fn session(number: u128) -> SessionId {
        SessionId::new(Uuid::from_u128(number))
    }

    fn seen(until: SystemTime) -> Seen {
        let user = AuthenticatedUser { id: UserId::new(Uuid::nil()), role: Role::Artist };
        Seen { user, until }
    }

    #[test]
    fn what_was_looked_up_before_a_session_ended_is_not_remembered() {
        let now = SystemTime::now();
        let standing = Standing::new(Clock::system());
        let ended = standing.remembered(session(1), now).expect_err("unknown");
        standing.remember(session(1), seen(now + BELIEVED), ended);
        assert!(standing.remembered(session(1), now).is_ok());
        assert!(standing.remembered(session(1), now + BELIEVED).is_err(), "no longer");
        standing.forget(|which, _| which == session(1));
        assert!(standing.remembered(session(1), now).is_err());
        standing.remember(session(1), seen(now + BELIEVED), ended);
        assert!(standing.remembered(session(1), now).is_err(), "it may have been ended since");
    }

    /// A replica that hears nothing any more keeps nobody logged in.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_replica_is_not_asked_who_is_logged_in() {
        let leader = PostgresServer::start();
        let replica = leader.replica();
        let url: DatabaseUrl = leader.url().parse().expect("a URL");
        let url = url.with_replica(replica.url().parse().expect("a URL")).expect("a replica");
        let catalogue = Catalogue::open(&url, Clock::system()).await.expect("a catalogue");
        let ann = catalogue.users().create("ann", "hash", Role::Listener).await.expect("ann");
        let begun = catalogue.sessions().begin(ann.id, Duration::from_secs(60)).await;
        let (session, _) = begun.expect("a session");
        let reached = "SELECT pg_last_wal_replay_lsn() >= ";
        let position = leader.query("SELECT pg_current_wal_lsn()");
        while replica.query(&format!("{reached}'{position}'")) != "t" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        replica.query("SELECT pg_wal_replay_pause()");
        while replica.query("SELECT pg_get_wal_replay_pause_state()") != "paused" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let standing = Standing::new(Clock::system());
        assert!(standing.of(&catalogue, session).await.expect("an answer").is_some());
        catalogue.sessions().end(session).await.expect("ended");
        standing.forget(|which, _| which == session);
        assert_eq!(standing.of(&catalogue, session).await.expect("an answer"), None);
        catalogue.close().await;
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let now = SystemTime::now();
        let standing = Standing::new(Clock::system());
        for number in 0..=MOST as u128 {
            standing.remember(session(number), seen(now + BELIEVED), 0);
        }
        assert_eq!(standing.known.lock().unwrap().sessions.len(), MOST);
        standing.remember(session(u128::MAX), seen(now + 2 * BELIEVED), 0);
        assert_eq!(standing.known.lock().unwrap().sessions.len(), 1);
    }
}
