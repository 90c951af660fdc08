//! Three edges on one bus, in one process and over a real NATS server: what is purged, revoked or withdrawn is so on
//! all of them once they have said so, on the one that was cut off or down as well.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bus::{Bus, MessageId, Name};
use bytes::Bytes;
use cache::Cache;
use delivery::{Caller, Connected, Edge};
use futures::future::join_all;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use media::Kbps;
use origin::{Purge, PurgeTarget, SurrogateKey};
use segue_invalidation::hearing::Hearing;
use segue_invalidation::{Notice, hear};
use service::Clock;
use testkit::cable::Cable;
use testkit::nats::NatsServer;
use testkit::origin_store::OriginStore;
use token::revocation::Revoked;
use token::{Revocation, SigningKey, VerifyingKeys, playback};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

const SONG: &str = "song:0190d2a5-7c1e-7bbb-8123-000000000003";
const FOLDER: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
    0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
    00112233445566778899aabbccddeeff";
const USER: &str = "0190d2a5-7c1e-7bbb-8123-000000000009";

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// One edge, following the bus.
struct Node {
    edge: Edge,
    hearing: watch::Receiver<Option<Hearing>>,
    task: AbortHandle,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What all edges share.
struct World {
    store: Arc<OriginStore>,
    key: SigningKey,
}

impl World {
    async fn new() -> Self {
        let world = Self {
            store: Arc::new(OriginStore::new()),
            key: SigningKey::generate().expect("a key"),
        };
        world.publish("first").await;
        world
    }

    async fn publish(&self, text: &'static str) {
        self.store.store(&format!("{FOLDER}/index.m3u8"), text).await;
    }

    fn start(&self, name: &str, bus: &Bus) -> Node {
        let cache = Cache::new(self.store.clone(), 64 << 20, Duration::from_secs(10));
        let trust = VerifyingKeys::from(&self.key).into();
        let edge = Edge::new(cache, trust, Clock::system());
        let (told, hearing) = watch::channel(None);
        let (mut follower, heeding) = (bus.follow(named(name)), edge.clone());
        let task = tokio::spawn(async move {
            let note = |heard| _ = told.send_replace(Some(heard));
            hear(&mut follower, |notice| heed(&heeding, notice), note).await;
        });
        Node { edge, hearing, task: task.abort_handle() }
    }

    async fn started(&self, name: &str, bus: &Bus) -> Node {
        let mut node = self.start(name, bus);
        node.is(Hearing::CaughtUp).await;
        node
    }

    /// What an edge answers.
    async fn get(&self, node: &Node) -> (StatusCode, Bytes) {
        let grant = playback::Grant {
            user: USER.parse().expect("a UUID"),
            prefix: FOLDER.parse().expect("a folder"),
            max_kbps: Kbps(320),
            duration: Duration::from_secs(210),
        };
        let token = playback::mint(&self.key, &grant, SystemTime::now()).token;
        let request = Request::get(format!("/t/{token}/{FOLDER}/index.m3u8")).body(());
        let (parts, ()) = request.expect("a request").into_parts();
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        let connected = Connected { caller: Caller::Anyone, address: nobody };
        let answer = node.edge.answer::<Full<Bytes>>(&parts, connected).await;
        let status = answer.status();
        (status, answer.into_body().collect().await.expect("a body").to_bytes())
    }

    async fn all_answer(&self, nodes: &[Node], status: StatusCode, body: &str) {
        for (node, answer) in nodes.iter().zip(join_all(nodes.iter().map(|it| self.get(it))).await)
        {
            assert_eq!(answer.0, status, "{:?}", node.hearing);
            assert!(status != StatusCode::OK || answer.1 == body, "{answer:?}");
        }
    }
}

impl Node {
    async fn is(&mut self, wanted: Hearing) {
        let heard = self.hearing.wait_for(|heard| *heard == Some(wanted));
        timeout(PATIENCE, heard).await.expect("in time").expect("it hears");
    }
}

fn heed(edge: &Edge, notice: Notice) {
    match notice {
        Notice::Purge(purge) => edge.purge(&purge),
        Notice::Revoke(revocation) => edge.revoke(revocation),
        Notice::Withdraw(key) => edge.withdraw(key),
        Notice::Restore(key) => edge.restore(key),
    }
}

fn named(text: &str) -> Name {
    text.parse().expect("a name")
}

fn song() -> SurrogateKey {
    SONG.parse().expect("a key")
}

/// Says it, and waits until as many edges have acknowledged it.
async fn say(bus: &Bus, notice: Notice, edges: usize) {
    let id = notice.say(bus).await.expect("said");
    acknowledged(bus, id, edges).await;
}

async fn acknowledged(bus: &Bus, id: MessageId, edges: usize) {
    let all = async {
        while bus.receipts(id).await.expect("an answer").expect("it").acknowledged.len() < edges {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, all).await.expect("acknowledged in time");
}

/// What holds on three edges of one bus.
async fn holds(bus: &Bus) {
    let world = World::new().await;
    let nodes = [
        world.started("one", bus).await,
        world.started("two", bus).await,
        world.started("three", bus).await,
    ];
    world.all_answer(&nodes, StatusCode::OK, "first").await;
    world.publish("second").await;
    world.all_answer(&nodes, StatusCode::OK, "first").await;
    say(bus, Notice::Purge(Purge::of(PurgeTarget::Key(song()))), 3).await;
    world.all_answer(&nodes, StatusCode::OK, "second").await;

    say(bus, Notice::Withdraw(song()), 3).await;
    world.all_answer(&nodes, StatusCode::GONE, "").await;
    let restarted = [world.started("four", bus).await];
    world.all_answer(&restarted, StatusCode::GONE, "").await;
    say(bus, Notice::Restore(song()), 4).await;
    world.all_answer(&nodes, StatusCode::OK, "second").await;
    world.all_answer(&restarted, StatusCode::OK, "second").await;

    let at = SystemTime::now();
    let until = at + Duration::from_secs(3_600);
    let of = Revoked::User(USER.parse().expect("a UUID"));
    say(bus, Notice::Revoke(Revocation { of, at, until }), 4).await;
    world.all_answer(&nodes, StatusCode::FORBIDDEN, "").await;
    let late = [world.started("five", bus).await];
    world.all_answer(&late, StatusCode::FORBIDDEN, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_edges_in_one_process() {
    holds(&Bus::in_memory()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_edges_over_nats() {
    let server = NatsServer::start();
    holds(&Bus::connect(&server.url(), &named("edges")).await.expect("a bus")).await;
}

/// Rounds of replace, purge, read on all three: never anything old after the last receipt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stale_is_answered_after_the_receipts() {
    let server = NatsServer::start();
    let bus = Bus::connect(&server.url(), &named("storm")).await.expect("a bus");
    let world = World::new().await;
    let nodes = [
        world.started("one", &bus).await,
        world.started("two", &bus).await,
        world.started("three", &bus).await,
    ];
    for round in 0..50 {
        let text: &'static str = if round % 2 == 0 { "even" } else { "odd" };
        world.publish(text).await;
        say(&bus, Notice::Purge(Purge::of(PurgeTarget::Everything)), 3).await;
        world.all_answer(&nodes, StatusCode::OK, text).await;
    }
}

/// The third edge reaches the bus by a cable of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_was_cut_off_catches_up() {
    let server = NatsServer::start();
    let bus = Bus::connect(&server.url(), &named("cut")).await.expect("a bus");
    let cable = Cable::to(server.address()).await;
    let remote = Bus::connect(&url(cable.address()), &named("cut")).await.expect("a bus");
    let world = World::new().await;
    let near = [world.started("one", &bus).await, world.started("two", &bus).await];
    let mut far = [world.started("three", &remote).await];
    world.all_answer(&far, StatusCode::OK, "first").await;

    cable.cut();
    far[0].is(Hearing::CutOff).await;
    world.publish("second").await;
    let id = Notice::Purge(Purge::of(PurgeTarget::Key(song()))).say(&bus).await.expect("said");
    acknowledged(&bus, id, 2).await;
    world.all_answer(&near, StatusCode::OK, "second").await;
    world.all_answer(&far, StatusCode::OK, "first").await;

    cable.mend();
    far[0].is(Hearing::CaughtUp).await;
    world.all_answer(&far, StatusCode::OK, "second").await;
    acknowledged(&bus, id, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_was_down_serves_nothing_withdrawn() {
    let mut server = NatsServer::start();
    let bus = Bus::connect(&server.url(), &named("down")).await.expect("a bus");
    let world = World::new().await;
    drop(world.started("one", &bus).await);
    let id = Notice::Withdraw(song()).say(&bus).await.expect("said");
    // The server as well: what stands, stands on its disk.
    server.resume();
    let back = [world.started("one", &bus).await];
    world.all_answer(&back, StatusCode::GONE, "").await;
    acknowledged(&bus, id, 1).await;
}

fn url(address: SocketAddr) -> String {
    format!("nats://{address}")
}
