//! What every bus holds, within a process and over a real NATS server.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use segue_bus::{Bus, Follower, MessageId, Name, News, Receipts, Remarks};
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
    let words = said_in_order(&bus).await;
    end_as_before_when_said_again(&bus, &words).await;
    receipts_say_who_has_it(&bus).await;
    two_of_one_name_are_two(&bus).await;
    who_said_goodbye_is_not_waited_for(&bus).await;
    what_has_been_superseded_was_said(&bus).await;
    many_say_and_all_hear(&bus).await;
    remarks_are_heard_by_who_listens_and_kept_by_nobody(&bus).await;
}

async fn remarks_are_heard_by_who_listens_and_kept_by_nobody(bus: &Bus) {
    bus.remark(json!("too early")).await;
    let (mut ann, mut bob) =
        (bus.overhear().await.expect("open"), bus.overhear().await.expect("open"));
    let hear = async |who: &mut Remarks, wanted: Value| {
        // Whoever has just begun to listen is not known to a server at once.
        let heard = async {
            loop {
                bus.remark(wanted.clone()).await;
                match timeout(Duration::from_millis(100), who.next()).await {
                    Ok(Some(body)) if body == wanted => break,
                    Ok(body) => assert_ne!(body, Some(json!("too early"))),
                    Err(_) => {}
                }
            }
        };
        timeout(PATIENCE, heard).await.expect("heard in time");
    };
    hear(&mut ann, json!({"one": 1})).await;
    hear(&mut bob, json!({"two": 2})).await;
    let mut follower = bus.follow(name("remarks"));
    let told = bodies(&until_caught_up(&mut follower).await);
    assert!(!told.contains(&json!({"one": 1})), "it is kept: {told:?}");
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

type Words = [(MessageId, Value); 2];

async fn said_in_order(bus: &Bus) -> Words {
    let words = [(MessageId::generate(), json!("down")), (MessageId::generate(), json!("up"))];
    for (id, body) in &words {
        bus.set(*id, &name("again"), body.clone(), None).await.expect("said");
    }
    words
}

/// Whoever said them died, and others say them again, from wherever that one had come to.
async fn end_as_before_when_said_again(bus: &Bus, words: &Words) {
    for from in [0, 1] {
        for (id, body) in &words[from..] {
            bus.set(*id, &name("again"), body.clone(), None).await.expect("said");
        }
    }
    let mut follower = bus.follow(name("later"));
    let told = until_caught_up(&mut follower).await;
    let last = told.iter().rev().find_map(|news| match news {
        News::Set { key, id, body } if key.as_str() == "again" => Some((*id, body.clone())),
        _ => None,
    });
    assert_eq!(last.as_ref(), words.last());
}

async fn receipts_say_who_has_it(bus: &Bus) {
    let (mut quick, mut slow) = (bus.follow(name("quick")), bus.follow(name("slow")));
    until_caught_up(&mut quick).await;
    until_caught_up(&mut slow).await;
    let id = pass(bus, json!("who?")).await;
    next(&mut quick).await;
    quick.acknowledge(id).await.expect("taken");
    let found = bus.receipts(id).await.expect("an answer").expect("receipts");
    assert_eq!(acknowledged(&found), ["quick"]);
    assert!(pending(&found).contains(&"slow") && !pending(&found).contains(&"quick"));
    next(&mut slow).await;
    slow.acknowledge(id).await.expect("taken");
    let found = bus.receipts(id).await.expect("an answer").expect("receipts");
    assert_eq!(found.acknowledged.len(), 2, "{found:?}");
    assert_eq!(bus.receipts(MessageId::generate()).await.expect("an answer"), None);
}

fn acknowledged(receipts: &Receipts) -> Vec<&str> {
    receipts.acknowledged.iter().map(|receipt| receipt.by.name.as_str()).collect()
}

fn pending(receipts: &Receipts) -> Vec<&str> {
    receipts.pending.iter().map(|presence| presence.who.name.as_str()).collect()
}

async fn two_of_one_name_are_two(bus: &Bus) {
    let (mut one, mut other) = (bus.follow(name("twin")), bus.follow(name("twin")));
    until_caught_up(&mut one).await;
    until_caught_up(&mut other).await;
    let id = pass(bus, json!("both?")).await;
    one.acknowledge(id).await.expect("taken");
    let found = bus.receipts(id).await.expect("an answer").expect("receipts");
    assert_eq!(acknowledged(&found), ["twin"]);
    assert!(pending(&found).contains(&"twin"), "{found:?}");
}

async fn who_said_goodbye_is_not_waited_for(bus: &Bus) {
    let mut follower = bus.follow(name("leaving"));
    until_caught_up(&mut follower).await;
    let id = pass(bus, json!("who is there?")).await;
    let found = bus.receipts(id).await.expect("an answer").expect("receipts");
    assert!(pending(&found).contains(&"leaving"), "{found:?}");
    follower.leave().await.expect("said");
    let found = bus.receipts(id).await.expect("an answer").expect("receipts");
    assert!(!pending(&found).contains(&"leaving"), "{found:?}");
}

/// Whoever asks for its receipts, or says it again because no answer came, is not misled by a later word.
async fn what_has_been_superseded_was_said(bus: &Bus) {
    let first = MessageId::generate();
    bus.set(first, &name("superseded"), json!(1), None).await.expect("said");
    set(bus, "superseded", json!(2)).await;
    bus.set(first, &name("superseded"), json!(1), None).await.expect("said");
    assert!(bus.receipts(first).await.expect("an answer").is_some());
    let told = until_caught_up(&mut bus.follow(name("later"))).await;
    let is_it = |news: &&News| matches!(news, News::Set { key, .. } if *key == name("superseded"));
    let last: Vec<News> = told.iter().rfind(is_it).cloned().into_iter().collect();
    assert_eq!(bodies(&last), [json!(2)]);
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
async fn whoever_comes_back_hears_the_last_word_though_it_is_said_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bus.jsonl");
    let words = said_in_order(&Bus::open(&path).expect("a bus")).await;
    end_as_before_when_said_again(&Bus::open(&path).expect("a bus"), &words).await;
    let mut server = NatsServer::start();
    let bus = Bus::connect(&server.url(), &name("again")).await.expect("a bus");
    let words = said_in_order(&bus).await;
    drop(bus);
    server.resume();
    let bus = Bus::connect(&server.url(), &name("again")).await.expect("a bus");
    end_as_before_when_said_again(&bus, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
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

/// A revocation of a moment ago is over; a withdrawal is said and taken back, thousands of times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_does_not_grow_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bus.jsonl");
    let bus = Bus::open(&path).expect("a bus");
    set(&bus, "stays", json!(1)).await;
    let over = Some(SystemTime::now() - Duration::from_secs(1));
    for number in 0..1_500 {
        let key = name(&format!("over-{number}"));
        bus.set(MessageId::generate(), &key, json!(1), over).await.expect("said");
    }
    let lines = std::fs::read_to_string(&path).expect("a journal").lines().count();
    assert!(lines < 1_100, "{lines} lines");
    drop(bus);
    let bus = Bus::open(&path).expect("a bus");
    assert_eq!(bodies(&until_caught_up(&mut bus.follow(name("edge"))).await), [json!(1)]);
}

/// It may be serving what it should not: nobody is told that the purge holds everywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_cut_off_is_waited_for() {
    let server = NatsServer::start();
    let bus = Bus::connect(&server.url(), &name("away")).await.expect("a bus");
    let cable = Cable::to(server.address()).await;
    let far = Bus::connect(&format!("nats://{}", cable.address()), &name("away")).await;
    let mut follower = far.expect("a bus").follow(name("edge"));
    until_caught_up(&mut follower).await;
    pass(&bus, json!("before")).await;
    next(&mut follower).await;
    cable.cut();
    assert_eq!(next(&mut follower).await, News::CutOff);
    drop(follower);
    let id = pass(&bus, json!("unheard")).await;
    let found = bus.receipts(id).await.expect("an answer").expect("receipts");
    assert_eq!((acknowledged(&found), pending(&found)), (vec![], vec!["edge"]));
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
