//! Requests that are sent again.

use std::time::Duration;

use segue_catalogue::Role;
use segue_catalogue::kept_answers::{Begun, KEPT, KeptAnswer, MOST};

use tokio::task::JoinSet;

use crate::bench::Bench;
use crate::contract;

contract![
    an_answer_is_kept_for_a_day_and_for_its_user,
    of_many_at_once_one_is_the_first,
    what_died_or_was_forgotten_begins_again,
    nobody_keeps_more_than_allowed,
];

const LONGEST: Duration = Duration::from_secs(60);

fn answer() -> KeptAnswer {
    KeptAnswer { status: 201, headers: "[]".to_owned(), body: "{}".to_owned() }
}

async fn an_answer_is_kept_for_a_day_and_for_its_user(bench: &Bench) {
    let kept = bench.catalogue.kept_answers();
    let (user, other) = (
        bench.admin.id,
        bench.catalogue.users().create("other", "hash", Role::Listener).await.unwrap().id,
    );
    let begin = async |user, asked: &[u8]| kept.begin(user, "k", asked, LONGEST).await.unwrap();
    let Begun::First(turn) = begin(user, b"a").await else { panic!("nobody was before") };
    assert_eq!(begin(user, b"a").await, Begun::Running);
    assert_eq!(begin(user, b"b").await, Begun::OfAnother);
    assert!(matches!(begin(other, b"b").await, Begun::First(_)), "their keys are their own");
    kept.finish(user, "k", turn, &answer()).await.unwrap();
    assert_eq!(begin(user, b"a").await, Begun::Answered(answer()));
    assert_eq!(begin(user, b"b").await, Begun::OfAnother);
    // What is answered is not forgotten by whoever comes late.
    kept.forget(user, "k", turn).await.unwrap();
    bench.clock.advance(KEPT);
    assert_eq!(begin(user, b"a").await, Begun::Answered(answer()));
    bench.clock.advance(Duration::from_millis(1));
    assert!(matches!(begin(user, b"b").await, Begun::First(_)));
}

async fn of_many_at_once_one_is_the_first(bench: &Bench) {
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (catalogue, user) = (bench.catalogue.clone(), bench.admin.id);
        let begin = async move { catalogue.kept_answers().begin(user, "k", b"a", LONGEST).await };
        tasks.spawn(begin);
    }
    let begun = tasks.join_all().await;
    let first = begun.iter().filter(|one| matches!(one, Ok(Begun::First(_)))).count();
    let running = begun.iter().filter(|one| matches!(one, Ok(Begun::Running))).count();
    assert_eq!((first, running), (1, 19), "{begun:?}");
}

async fn what_died_or_was_forgotten_begins_again(bench: &Bench) {
    let kept = bench.catalogue.kept_answers();
    let user = bench.admin.id;
    let begin = async || kept.begin(user, "k", b"a", LONGEST).await.unwrap();
    let Begun::First(dead) = begin().await else { panic!("nobody was before") };
    bench.clock.advance(LONGEST);
    assert_eq!(begin().await, Begun::Running);
    bench.clock.advance(Duration::from_millis(1));
    let Begun::First(turn) = begin().await else { panic!("the first has died") };
    // It comes back from the dead, and has no say.
    kept.finish(user, "k", dead, &answer()).await.unwrap();
    kept.forget(user, "k", dead).await.unwrap();
    assert_eq!(begin().await, Begun::Running);
    kept.forget(user, "k", turn).await.unwrap();
    assert!(matches!(begin().await, Begun::First(_)));
}

async fn nobody_keeps_more_than_allowed(bench: &Bench) {
    let kept = bench.catalogue.kept_answers();
    let begin = async |key: &str| kept.begin(bench.admin.id, key, b"a", LONGEST).await.unwrap();
    let Begun::First(_) = begin("first").await else { panic!("nobody was before") };
    bench
        .sql(&format!(
            "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {MOST})
             INSERT INTO kept_answers (user_id, request_key, fingerprint, begun_ms)
             SELECT user_id, CAST(i AS TEXT), fingerprint, begun_ms FROM n, kept_answers"
        ))
        .await;
    assert_eq!(begin("more").await, Begun::TooMany);
    assert_eq!(begin("first").await, Begun::Running, "what is there is there");
    bench.clock.advance(KEPT + Duration::from_millis(1));
    assert!(matches!(begin("more").await, Begun::First(_)), "they are of yesterday");
}
