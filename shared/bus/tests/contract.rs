//! What every bus holds, within a process and over a real NATS server.

use std::collections::BTreeSet;
use std::time::Duration;

use segue_bus::{Bus, Follower, MessageId, Name, News};
use serde_json::{Value, json};
use testkit::cable::Cable;
use testkit::nats::NatsServer;
use tokio::time::timeout;

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

async fn next(follower: &mut Follower) -> News {
    timeout(PATIENCE, follower.next()).await.expect("news in time")
}

/// All that a follower is told until it has caught up.
async fn until_caught_up(follower: &mut Follower) -> Vec<News> {
    let mut told = Vec::new();
    loop {
        match next(follower).await {
            News::CaughtUp => return told,
            news => told.push(news),
        }
    }
}

fn bodies(told: &[News]) -> Vec<Value> {
    told.iter()
        .filter_map(|news| match news {
            News::Passed { body, .. } | News::Set { body, .. } => Some(body.clone()),
            News::Missed | News::CaughtUp | News::CutOff => None,
        })
        .collect()
}

async fn pass(bus: &Bus, body: Value) -> MessageId {
    let id = MessageId::generate();
    bus.pass(id, body).await.expect("said");
    id
}

async fn set(bus: &Bus, key: &str, body: Value) {
    bus.set(MessageId::generate(), &name(key), body, None).await.expect("said");
}

/// Everything that both hold. The server, where there is one, lives as long.
async fn holds(bus: Bus) {
    news_comes_in_order(&bus).await;
    what_stands_is_its_last_word(&bus).await;
    twice_is_once(&bus).await;
    receipts_say_who_has_it(&bus).await;
    many_say_and_all_hear(&bus).await;
}

async fn news_comes_in_order(bus: &Bus) {
    pass(bus, json!("before")).await;
    let mut follower = bus.follow(name("order"));
    assert_eq!(bodies(&until_caught_up(&mut follower).await), [json!("before")]);
    for number in 0..50 {
        pass(bus, json!(number)).await;
    }
    for number in 0..50 {
        let News::Passed { body, .. } = next(&mut follower).await else { panic!("news") };
        assert_eq!(body, json!(number));
    }
}

async fn what_stands_is_its_last_word(bus: &Bus) {
    for (key, body) in [("a", json!(1)), ("b", json!(1)), ("a", json!(2)), ("b", Value::Null)] {
        set(bus, key, body).await;
    }
    let mut follower = bus.follow(name("standing"));
    let told = until_caught_up(&mut follower).await;
    let of = |wanted: &str| {
        let last = told.iter().rev().find_map(|news| match news {
            News::Set { key, body, .. } if key.as_str() == wanted => Some(body.clone()),
            _ => None,
        });
        last.unwrap_or_default()
    };
    assert_eq!((of("a"), of("b")), (json!(2), Value::Null));
    let words = told.iter().filter(|news| matches!(news, News::Set { .. })).count();
    assert!(words <= 2, "superseded words are gone: {told:?}");
}

async fn twice_is_once(bus: &Bus) {
    let mut follower = bus.follow(name("twice"));
    until_caught_up(&mut follower).await;
    let id = MessageId::generate();
    for _ in 0..2 {
        bus.pass(id, json!("once")).await.expect("said");
    }
    pass(bus, json!("then")).await;
    assert_eq!(next(&mut follower).await, News::Passed { id, body: json!("once") });
    assert_eq!(bodies(&[next(&mut follower).await]), [json!("then")]);
}

async fn receipts_say_who_has_it(bus: &Bus) {
    let (mut quick, mut slow) = (bus.follow(name("quick")), bus.follow(name("slow")));
    until_caught_up(&mut quick).await;
    until_caught_up(&mut slow).await;
    let id = pass(bus, json!("who?")).await;
    next(&mut quick).await;
    quick.acknowledge(id).await.expect("taken");
    let found = bus.receipts(id).await.expect("an answer").expect("receipts");
    let by: Vec<&str> = found.acknowledged.iter().map(|receipt| receipt.by.as_str()).collect();
    assert_eq!(by, ["quick"]);
    assert!(found.pending.contains(&name("slow")) && !found.pending.contains(&name("quick")));
    next(&mut slow).await;
    slow.acknowledge(id).await.expect("taken");
    let found = bus.receipts(id).await.expect("an answer").expect("receipts");
    assert_eq!(found.acknowledged.len(), 2, "{found:?}");
    assert_eq!(bus.receipts(MessageId::generate()).await.expect("an answer"), None);
}

async fn many_say_and_all_hear(bus: &Bus) {
    let mut followers =
        [bus.follow(name("one")), bus.follow(name("two")), bus.follow(name("three"))];
    for follower in &mut followers {
        until_caught_up(follower).await;
    }
    let said = (0..8).map(|speaker| {
        let bus = bus.clone();
        tokio::spawn(async move {
            for number in 0..25 {
                pass(&bus, json!([speaker, number])).await;
            }
        })
    });
    let said: Vec<_> = said.collect();
    let mut heard = Vec::new();
    for follower in &mut followers {
        let mut told = Vec::new();
        while told.len() < 200 {
            told.push(next(follower).await);
        }
        heard.push(bodies(&told));
    }
    for speaker in said {
        speaker.await.expect("said");
    }
    assert!(heard.iter().all(|order| *order == heard[0]), "all in one order");
    let distinct: BTreeSet<String> = heard[0].iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory() {
    holds(Bus::in_memory()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    holds(Bus::open(&folder.path().join("bus.jsonl")).expect("a bus")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_nats() {
    let server = NatsServer::start();
    holds(Bus::connect(&server.url(), &name("contract")).await.expect("a bus")).await;
}

#[tokio::test]
async fn a_journal_outlives_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bus.jsonl");
    let before = Bus::open(&path).expect("a bus");
    let id = pass(&before, json!("passing")).await;
    set(&before, "song:1", json!("withdrawn")).await;
    drop(before);
    let after = Bus::open(&path).expect("a bus");
    let told = until_caught_up(&mut after.follow(name("edge"))).await;
    assert_eq!(bodies(&told), [json!("passing"), json!("withdrawn")]);
    assert_eq!(told[0], News::Passed { id, body: json!("passing") });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_cut_off_hears_what_was_said_meanwhile() {
    let mut server = NatsServer::start();
    let bus = Bus::connect(&server.url(), &name("cut")).await.expect("a bus");
    let mut follower = bus.follow(name("edge"));
    until_caught_up(&mut follower).await;
    pass(&bus, json!("before")).await;
    assert_eq!(bodies(&[next(&mut follower).await]), [json!("before")]);
    server.kill();
    assert_eq!(next(&mut follower).await, News::CutOff);
    let id = MessageId::generate();
    assert!(bus.pass(id, json!("again")).await.is_err());
    server.resume();
    // Whether the first one came through after all, nobody knows: said again, it is still said once.
    bus.pass(id, json!("again")).await.expect("said");
    pass(&bus, json!("after")).await;
    let mut told = until_caught_up(&mut follower).await;
    while told.len() < 2 {
        told.push(next(&mut follower).await);
    }
    assert_eq!(bodies(&told), [json!("again"), json!("after")], "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_lost_its_memory_is_noticed() {
    let mut server = NatsServer::start();
    let bus = Bus::connect(&server.url(), &name("lost")).await.expect("a bus");
    let mut follower = bus.follow(name("edge"));
    until_caught_up(&mut follower).await;
    pass(&bus, json!("before")).await;
    next(&mut follower).await;
    server.kill();
    assert_eq!(next(&mut follower).await, News::CutOff);
    server.forget();
    server.resume();
    assert_eq!(until_caught_up(&mut follower).await, [News::Missed]);
}

/// As many messages as before the loss: the numbers alone tell nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_begun_anew_is_noticed() {
    let mut server = NatsServer::start();
    let bus = Bus::connect(&server.url(), &name("anew")).await.expect("a bus");
    let cable = Cable::to(server.address()).await;
    let far = Bus::connect(&format!("nats://{}", cable.address()), &name("anew")).await;
    let mut follower = far.expect("a bus").follow(name("edge"));
    until_caught_up(&mut follower).await;
    pass(&bus, json!("before")).await;
    next(&mut follower).await;
    cable.cut();
    assert_eq!(next(&mut follower).await, News::CutOff);
    server.kill();
    server.forget();
    server.resume();
    let again = Bus::connect(&server.url(), &name("anew")).await.expect("a bus");
    pass(&again, json!("after")).await;
    set(&again, "song:1", json!("withdrawn")).await;
    cable.mend();
    let told = until_caught_up(&mut follower).await;
    assert!(told.contains(&News::Missed), "{told:?}");
    for said in ["after", "withdrawn"] {
        assert!(bodies(&told).contains(&json!(said)), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_accounts_lets_in_who_has_the_password() {
    let server = NatsServer::with_password("segue", "p:ss word");
    let url = format!("nats://segue:p%3Ass%20word@{}", server.address());
    let bus = Bus::connect(&url, &name("locked")).await.expect("a bus");
    pass(&bus, json!("said")).await;
    let told = until_caught_up(&mut bus.follow(name("edge"))).await;
    assert_eq!(bodies(&told), [json!("said")]);
    let stranger = Bus::connect(&server.url(), &name("locked")).await.expect("a bus");
    assert!(stranger.pass(MessageId::generate(), json!("no")).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_may_start_before_its_server() {
    let mut server = NatsServer::start();
    server.kill();
    let bus = Bus::connect(&server.url(), &name("early")).await.expect("a bus");
    let mut follower = bus.follow(name("edge"));
    server.resume();
    assert_eq!(until_caught_up(&mut follower).await, []);
}

#[tokio::test]
async fn a_url_of_something_else_is_refused() {
    for url in ["", "http://127.0.0.1:1", "nats://", "127.0.0.1:4222"] {
        let refused = Bus::connect(url, &name("x")).await.expect_err(url).to_string();
        assert!(refused.contains("nats://HOST:PORT"), "{refused}");
    }
}
