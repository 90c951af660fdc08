//! Where people are logged in.

use std::time::Duration;

use segue_catalogue::sessions::{LONGEST, MOST};
use segue_catalogue::{Refreshed, Secret};

use crate::bench::Bench;
use crate::contract;

contract![
    a_session_stands_until_it_is_idle_for_too_long,
    a_session_is_not_refreshed_for_ever,
    of_too_many_sessions_the_one_that_began_first_ends,
    a_used_token_is_known_however_often_the_session_was_refreshed_since,
    a_refresh_token_is_good_once_and_a_used_one_ends_the_session,
    of_two_refreshes_at_once_one_wins_and_the_session_ends,
    whoever_is_logged_out_everywhere_is_nowhere,
    another_password_ends_other_sessions,
];

const IDLE: Duration = Duration::from_secs(1_000);

fn next(refreshed: Refreshed) -> Secret {
    match refreshed {
        Refreshed::Session { token, .. } => token,
        other => panic!("{other:?}"),
    }
}

async fn a_session_stands_until_it_is_idle_for_too_long(bench: &Bench) {
    let sessions = bench.catalogue.sessions();
    let (session, token) = sessions.begin(bench.admin.id, IDLE).await.unwrap();
    let standing = sessions.standing(session).await.unwrap().expect("somebody");
    assert_eq!((standing.id, standing.role), (bench.admin.id, bench.admin.role));
    bench.wait(IDLE - Duration::from_secs(1));
    let token = next(sessions.refresh(&token, IDLE).await.unwrap());
    bench.wait(IDLE - Duration::from_secs(1));
    assert!(sessions.standing(session).await.unwrap().is_some(), "prolonged");
    bench.wait(Duration::from_secs(1));
    assert_eq!(sessions.standing(session).await.unwrap(), None);
    assert!(matches!(sessions.refresh(&token, IDLE).await.unwrap(), Refreshed::Unknown));
    sessions.sweep().await.unwrap();
    assert!(matches!(sessions.refresh(&token, IDLE).await.unwrap(), Refreshed::Unknown));
}

async fn a_session_is_not_refreshed_for_ever(bench: &Bench) {
    let (sessions, step) = (bench.catalogue.sessions(), LONGEST / 4);
    let (_, mut token) = sessions.begin(bench.admin.id, LONGEST).await.unwrap();
    for _ in 0..3 {
        bench.wait(step);
        token = next(sessions.refresh(&token, LONGEST).await.unwrap());
    }
    bench.wait(step);
    assert!(matches!(sessions.refresh(&token, LONGEST).await.unwrap(), Refreshed::Unknown));
}

async fn of_too_many_sessions_the_one_that_began_first_ends(bench: &Bench) {
    let (sessions, admin) = (bench.catalogue.sessions(), bench.admin.id);
    let mut begun = Vec::new();
    for _ in 0..=MOST {
        begun.push(sessions.begin(admin, IDLE).await.unwrap().0);
    }
    assert!(sessions.standing(begun[0]).await.unwrap().is_none());
    for session in &begun[1..] {
        assert!(sessions.standing(*session).await.unwrap().is_some());
    }
}

async fn a_used_token_is_known_however_often_the_session_was_refreshed_since(bench: &Bench) {
    let sessions = bench.catalogue.sessions();
    let (session, first) = sessions.begin(bench.admin.id, IDLE).await.unwrap();
    let mut token = first.clone();
    for _ in 0..200 {
        bench.wait(Duration::from_millis(1));
        token = next(sessions.refresh(&token, IDLE).await.unwrap());
    }
    let reused = sessions.refresh(&first, IDLE).await.unwrap();
    assert!(matches!(reused, Refreshed::Reused(ended) if ended == session), "{reused:?}");
}

async fn a_refresh_token_is_good_once_and_a_used_one_ends_the_session(bench: &Bench) {
    let sessions = bench.catalogue.sessions();
    let (session, first) = sessions.begin(bench.admin.id, IDLE).await.unwrap();
    let (other, _) = sessions.begin(bench.admin.id, IDLE).await.unwrap();
    let second = next(sessions.refresh(&first, IDLE).await.unwrap());
    let third = next(sessions.refresh(&second, IDLE).await.unwrap());
    let reused = sessions.refresh(&first, IDLE).await.unwrap();
    assert!(matches!(reused, Refreshed::Reused(of) if of == session), "{reused:?}");
    assert_eq!(sessions.standing(session).await.unwrap(), None);
    assert!(matches!(sessions.refresh(&third, IDLE).await.unwrap(), Refreshed::Unknown));
    assert!(sessions.standing(other).await.unwrap().is_some(), "another session goes on");
    let unknown = Secret::generate().unwrap();
    assert!(matches!(sessions.refresh(&unknown, IDLE).await.unwrap(), Refreshed::Unknown));
}

async fn of_two_refreshes_at_once_one_wins_and_the_session_ends(bench: &Bench) {
    for _ in 0..8 {
        let (session, token) =
            bench.catalogue.sessions().begin(bench.admin.id, IDLE).await.unwrap();
        let refresh = || {
            let (catalogue, token) = (bench.catalogue.clone(), token.clone());
            tokio::spawn(async move { catalogue.sessions().refresh(&token, IDLE).await.unwrap() })
        };
        let (one, two) = (refresh(), refresh());
        let both = [one.await.unwrap(), two.await.unwrap()];
        let count = |wanted: fn(&Refreshed) -> bool| both.iter().filter(|one| wanted(one)).count();
        assert_eq!(count(|one| matches!(one, Refreshed::Session { .. })), 1, "{both:?}");
        assert_eq!(count(|one| matches!(one, Refreshed::Reused(_))), 1, "{both:?}");
        assert_eq!(bench.catalogue.sessions().standing(session).await.unwrap(), None);
    }
}

async fn whoever_is_logged_out_everywhere_is_nowhere(bench: &Bench) {
    let sessions = bench.catalogue.sessions();
    let (one, token) = sessions.begin(bench.admin.id, IDLE).await.unwrap();
    let (two, _) = sessions.begin(bench.admin.id, IDLE).await.unwrap();
    sessions.end(two).await.unwrap();
    assert_eq!(sessions.standing(two).await.unwrap(), None);
    assert!(sessions.standing(one).await.unwrap().is_some());
    sessions.end_all(bench.admin.id, 7_000).await.unwrap();
    assert_eq!(sessions.standing(one).await.unwrap(), None);
    assert!(matches!(sessions.refresh(&token, IDLE).await.unwrap(), Refreshed::Unknown));
    let entitlement = bench.catalogue.users().entitlement(bench.admin.id).await.unwrap();
    assert_eq!(entitlement.expect("the admin").playback_from_ms, Some(7_000));
}

async fn another_password_ends_other_sessions(bench: &Bench) {
    let (users, sessions) = (bench.catalogue.users(), bench.catalogue.sessions());
    let (here, _) = sessions.begin(bench.admin.id, IDLE).await.unwrap();
    let (there, _) = sessions.begin(bench.admin.id, IDLE).await.unwrap();
    let change = async |old, new| {
        users.change_password(bench.admin.id, (old, new), Some(here)).await.unwrap()
    };
    assert!(!change("another", "new").await);
    assert!(sessions.standing(there).await.unwrap().is_some());
    assert!(change("hash", "new").await);
    assert!(!change("hash", "newer").await, "somebody else was faster");
    assert!(sessions.standing(here).await.unwrap().is_some());
    assert_eq!(sessions.standing(there).await.unwrap(), None);
    let hash = users.password_hash(bench.admin.id).await.unwrap();
    assert_eq!(hash.as_deref(), Some("new"));
}
