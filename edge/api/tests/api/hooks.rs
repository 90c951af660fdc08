//! Purges that go further than our own edges: they arrive, in order, at least once, and nobody who fails holds up others.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bus::{Bus, News};
use catalogue::{DeliveryState, Role, User};
use invalidation::targets::akamai::Network;
use invalidation::targets::{Akamai, Bunny, CloudFront, Cloudflare, Fastly, Webhook};
use invalidation::{Hook, Rate, Secret, Target};
use segue_api::Hooks;
use serde_json::{Value, json};
use service::Shutdown;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::bench::{Bench, upload_of};

const PATIENCE: Duration = Duration::from_secs(60);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request that came.
#[derive(Debug, Clone)]
struct Came {
    path: String,
    headers: HeaderMap,
    body: Value,
    raw: Bytes,
    at: Instant,
}

/// Somebody who is told, and writes it down.
#[derive(Clone)]
struct Fake {
    address: SocketAddr,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Fake {
    /// One that answers as it is told, given what came and how much came before.
    async fn answering(answer: impl Fn(&Came, usize) -> Response + Send + Sync + 'static) -> Self {
        let came: Arc<Mutex<Vec<Came>>> = Arc::default();
        let (noted, answer) = (Arc::clone(&came), Arc::new(answer));
        let handler = move |request: Request| {
            let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let bytes: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
                let path = parts.uri.path().to_owned();
                let (headers, at) = (parts.headers, Instant::now());
                let came = Came { path, headers, body, raw: bytes, at };
                let mut noted = noted.lock().unwrap();
                let response = answer(&came, noted.len());
                noted.push(came);
                response
            }
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        Self { address, came }
    }

    async fn fine() -> Self {
        Self::answering(|_, _| status(200)).await
    }

    fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    fn url(&self) -> Uri {
        format!("http://{}/told", self.address).parse().unwrap()
    }

    fn webhook(&self, name: &str) -> Hook {
        let secrets = Secret::said(SECRET.to_owned());
        hook(name, Target::Webhook(Webhook { url: self.url(), secrets }))
    }

    fn fastly(&self) -> Hook {
        let api = self.api();
        let (service, token) = ("S1".to_owned(), Secret::said("token".to_owned()));
        hook("fastly", Target::Fastly(Fastly { api, service, token, site: None }))
    }
}

fn status(status: u16) -> Response {
    Response::builder().status(status).body("".into()).unwrap()
}

fn hook(name: &str, target: Target) -> Hook {
    Hook {
        name: name.parse().unwrap(),
        stage: 2,
        target,
        rate: Rate { per_second: 1_000.0, burst: 1_000 },
        attempts: 3,
        allow_private: true,
    }
}

/// An API with these hooks, which are told what waits for them.
struct Told {
    bench: Bench,
    admin: User,
    shutdown: Shutdown,
    hooks: Hooks,
}

impl Drop for Told {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}

impl Told {
    async fn by(hooks: Vec<Hook>) -> Self {
        let told = Self::silent(hooks).await;
        told.begin();
        told
    }

    /// Nobody tells them yet.
    async fn silent(hooks: Vec<Hook>) -> Self {
        let hooks = Hooks::from(hooks);
        let of_options = hooks.clone();
        let bench = Bench::with(move |mut options| {
            options.hooks = of_options;
            options
        })
        .await;
        let admin = bench.user("admin", Role::Admin).await;
        Self { bench, admin, shutdown: Shutdown::new(), hooks }
    }

    fn begin(&self) {
        let telling = segue_api::tell_hooks(self.bench.api.clone(), self.shutdown.clone());
        tokio::spawn(telling);
    }

    async fn purge(&self, purge: &Value) -> String {
        let said = self.bench.ask("POST /v1/purges").by(&self.admin).json(purge).await;
        assert_eq!(said.status, 202, "{:?}", said.body);
        said.body["id"].as_str().unwrap().to_owned()
    }

    async fn receipts(&self, id: &str) -> Value {
        self.bench.ask(&format!("GET /v1/purges/{id}")).by(&self.admin).await.body
    }

    /// Lets time pass until it holds.
    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let holding = async {
            while !holds().await {
                sleep(Duration::from_millis(20)).await;
                self.bench.clock.advance(Duration::from_millis(500));
            }
        };
        timeout(PATIENCE, holding).await.unwrap_or_else(|_| panic!("never: {what}"));
    }

    /// What the hooks have said in the end.
    async fn settled(&self, id: &str) -> Value {
        self.until("settled", async || {
            let receipts = self.receipts(id).await;
            let hooks = receipts["hooks"].as_array().unwrap();
            hooks.iter().all(|hook| hook["state"] != "open")
        })
        .await;
        self.receipts(id).await["hooks"].clone()
    }
}

fn song(number: usize) -> String {
    format!("song:0190d2a5-7c1e-7bbb-8123-{number:012}")
}

#[tokio::test]
async fn a_purge_reaches_every_hook_once_edges_have_it() {
    let (one, two) = (Fake::fine().await, Fake::fine().await);
    let told = Told::by(vec![one.webhook("one"), two.fastly()]).await;
    let mut edge = told.bench.bus.follow("edge".parse().unwrap());
    assert_eq!(edge.next().await, News::CaughtUp);
    let id = told.purge(&json!({ "keys": [song(1)], "soft": true })).await;
    let News::Passed { id: heard, .. } = edge.next().await else { panic!("a purge") };
    assert_eq!(heard.to_string(), id);
    sleep(Duration::from_millis(700)).await;
    assert!(one.came().is_empty() && two.came().is_empty(), "an edge still has the old");
    assert_eq!(told.receipts(&id).await["hooks"][0]["state"], "open");

    edge.acknowledge(heard).await.unwrap();
    let hooks = told.settled(&id).await;
    assert_eq!((&hooks[0]["hook"], &hooks[1]["hook"]), (&json!("fastly"), &json!("one")));
    assert!(hooks.as_array().unwrap().iter().all(|hook| hook["state"] == "done"), "{hooks}");
    let [message] = &one.came()[..] else { panic!("one message") };
    assert_eq!(message.path, "/told");
    assert_eq!(message.headers["webhook-id"], id.as_str());
    assert!(message.headers["webhook-signature"].to_str().unwrap().starts_with("v1,"));
    let purge = json!({ "keys": [song(1)], "soft": true });
    assert_eq!(message.body["data"], json!({ "id": id, "cause": "purge", "purge": purge }));
    let [request] = &two.came()[..] else { panic!("one request") };
    assert_eq!(request.path, "/service/S1/purge");
    assert_eq!(request.headers["fastly-soft-purge"], "1");
    assert_eq!(request.body, json!({ "surrogate_keys": [song(1)] }));
}

#[tokio::test]
async fn an_edge_that_stays_away_is_not_waited_for_for_ever() {
    let fake = Fake::fine().await;
    let told = Told::by(vec![fake.fastly()]).await;
    let mut edge = told.bench.bus.follow("edge".parse().unwrap());
    assert_eq!(edge.next().await, News::CaughtUp);
    let id = told.purge(&json!({ "keys": [song(1)] })).await;
    told.settled(&id).await;
    assert_eq!(fake.came().len(), 1);
    assert_eq!(told.receipts(&id).await["complete"], false);
}

/// The relay puts them in together with its note that edges were told.
#[tokio::test]
async fn what_happens_to_songs_reaches_hooks() {
    let fake = Fake::fine().await;
    let told = Told::by(vec![fake.webhook("one")]).await;
    let ann = told.bench.user("ann", Role::Artist).await;
    let song = told.bench.make_ready(upload_of(&ann, "Song")).await;
    let songs = told.bench.catalogue.songs();
    let down = songs.withdraw(song.id, None).await.unwrap().notice.unwrap();
    let back = songs.restore(song.id, None).await.unwrap().notice.unwrap();
    let (catalogue, notices) = (told.bench.catalogue.clone(), told.bench.bus.clone());
    let (hooks, shutdown) = (told.hooks.clone(), told.shutdown.clone());
    tokio::spawn(segue_api::relay(catalogue, Bus::in_memory(), notices, hooks, shutdown));
    told.until("both came", async || fake.came().len() == 2).await;
    let came = fake.came();
    for (message, id, cause) in
        [(&came[0], down, "song.withdrawn"), (&came[1], back, "song.restored")]
    {
        assert_eq!(message.headers["webhook-id"], id.to_string().as_str());
        let purge = json!({ "keys": [format!("song:{}", song.id)] });
        assert_eq!(message.body["data"], json!({ "id": id, "cause": cause, "purge": purge }));
        let id = id.to_string();
        assert_eq!(told.settled(&id).await[0]["state"], "done");
    }
}

#[tokio::test]
async fn what_fails_is_told_again_and_given_up_in_the_end() {
    let fake = Fake::answering(|_, before| status(if before < 3 { 400 } else { 204 })).await;
    let told = Told::by(vec![fake.webhook("one")]).await;
    let id = told.purge(&json!({ "keys": [song(1)] })).await;
    let hooks = told.settled(&id).await;
    let dead = &hooks[0];
    assert_eq!((&dead["state"], &dead["attempts"]), (&json!("dead"), &json!(3)));
    assert_eq!(dead["reason"], "it answered 400 Bad Request");
    assert_eq!(fake.came().len(), 3);
    assert!(fake.came().iter().all(|came| came.headers["webhook-id"] == id.as_str()));

    let deliveries = told.bench.catalogue.deliveries();
    let letter = &deliveries.list(DeliveryState::Dead, Some("one"), 10).await.unwrap()[0];
    assert_eq!(letter.event.to_string(), id);
    assert_eq!(deliveries.replay(None, Some(letter.id)).await.unwrap(), 1);
    assert_eq!(told.settled(&id).await[0]["state"], "done");
    let came = fake.came();
    assert_eq!(came.len(), 4);
    assert_eq!(came[3].headers["webhook-id"], format!("{id}-1").as_str(), "another message");
}

#[tokio::test]
async fn a_target_that_asks_to_be_left_alone_is() {
    let fake = Fake::answering(|_, before| match before {
        0 => Response::builder().status(429).header("retry-after", "2").body("".into()).unwrap(),
        _ => status(200),
    })
    .await;
    let told = Told::by(vec![fake.webhook("one")]).await;
    let first = told.purge(&json!({ "keys": [song(1)] })).await;
    told.until("it was asked", async || fake.came().len() == 1).await;
    let second = told.purge(&json!({ "keys": [song(2)] })).await;
    for id in [first, second] {
        assert_eq!(told.settled(&id).await[0]["state"], "done");
    }
    let [asked, later, _] = &fake.came()[..] else { panic!("three requests") };
    assert!(later.at - asked.at >= Duration::from_secs(2), "{:?}", later.at - asked.at);
}

#[tokio::test]
async fn many_purges_go_in_few_requests() {
    const PURGES: usize = 300;
    let fake = Fake::fine().await;
    let told = Told::silent(vec![fake.fastly()]).await;
    let mut ids = Vec::new();
    for number in 0..PURGES {
        ids.push(told.purge(&json!({ "keys": [song(number)] })).await);
    }
    told.begin();
    for id in ids {
        assert_eq!(told.settled(&id).await[0]["state"], "done");
    }
    let keys = |came: &Came| came.body["surrogate_keys"].as_array().unwrap().len();
    let sizes: Vec<usize> = fake.came().iter().map(keys).collect();
    assert_eq!(sizes, [256, 44]);
}

/// A target that takes all but one thing gets all but that.
#[tokio::test]
async fn one_that_is_refused_keeps_no_others_back() {
    let bad = song(3);
    let refuses = bad.clone();
    let fake = Fake::answering(move |came, _| {
        let keys = came.body["surrogate_keys"].as_array().unwrap();
        status(if keys.iter().any(|key| key == refuses.as_str()) { 422 } else { 200 })
    })
    .await;
    let told = Told::silent(vec![fake.fastly()]).await;
    let mut ids = Vec::new();
    for number in 0..6 {
        ids.push(told.purge(&json!({ "keys": [song(number)] })).await);
    }
    told.begin();
    for (number, id) in ids.iter().enumerate() {
        let state = if number == 3 { "dead" } else { "done" };
        assert_eq!(told.settled(id).await[0]["state"], state, "{number}");
    }
}

#[tokio::test]
async fn who_is_further_in_is_told_first() {
    let order: Arc<Mutex<Vec<&str>>> = Arc::default();
    let noting = |name: &'static str, failures: usize| {
        let order = Arc::clone(&order);
        Fake::answering(move |_, before| {
            order.lock().unwrap().push(name);
            status(if before < failures { 503 } else { 200 })
        })
    };
    let (inner, outer) = (noting("inner", 2).await, noting("outer", 0).await);
    let inside = Hook { stage: 1, ..inner.webhook("inner") };
    let told = Told::by(vec![outer.webhook("outer"), inside]).await;
    let id = told.purge(&json!({ "keys": [song(1)] })).await;
    told.settled(&id).await;
    assert_eq!(*order.lock().unwrap(), ["inner", "inner", "inner", "outer"]);
}

/// Somebody else could be made to be asked, and our secrets be carried there.
#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let elsewhere = Fake::fine().await;
    let url = elsewhere.url().to_string();
    let fake = Fake::answering(move |_, _| {
        Response::builder().status(307).header("location", &url).body("".into()).unwrap()
    })
    .await;
    let told = Told::by(vec![fake.webhook("one")]).await;
    let id = told.purge(&json!({ "keys": [song(1)] })).await;
    let hooks = told.settled(&id).await;
    let reason = hooks[0]["reason"].as_str().unwrap();
    assert!(reason.contains("307") && reason.contains("not followed"), "{reason}");
    assert!(elsewhere.came().is_empty());
}

#[tokio::test]
async fn private_addresses_are_for_those_who_allow_them() {
    let fake = Fake::fine().await;
    let guarded = Hook { allow_private: false, ..fake.webhook("one") };
    let told = Told::by(vec![guarded]).await;
    let id = told.purge(&json!({ "keys": [song(1)] })).await;
    let hooks = told.settled(&id).await;
    assert_eq!(hooks[0]["state"], "dead");
    assert!(hooks[0]["reason"].as_str().unwrap().contains("public internet"), "{hooks}");
    assert!(fake.came().is_empty());
}

/// A target that is down is tried now and then with one purge, and told all when it is back.
#[tokio::test]
async fn a_target_that_is_down_loses_nothing() {
    let down = Arc::new(Mutex::new(true));
    let is_down = Arc::clone(&down);
    let fake =
        Fake::answering(move |_, _| status(if *is_down.lock().unwrap() { 503 } else { 200 })).await;
    let patient = Hook { attempts: 1_000, ..fake.webhook("one") };
    let told = Told::by(vec![patient]).await;
    let mut ids = Vec::new();
    for number in 0..8 {
        ids.push(told.purge(&json!({ "keys": [song(number)] })).await);
    }
    told.until("it was tried", async || fake.came().len() >= 5).await;
    *down.lock().unwrap() = false;
    for id in &ids {
        assert_eq!(told.settled(id).await[0]["state"], "done");
    }
    let came = fake.came();
    let heard = |id: &str| came.iter().any(|came| came.headers["webhook-id"] == id);
    assert!(ids.iter().all(|id| heard(id)));
    assert!(ids.iter().all(|id| id.parse::<Uuid>().is_ok()));
}

/// What each provider is asked, over the wire: its signature is computed anew from what came.
#[tokio::test]
async fn providers_are_asked_as_they_want_to_be() {
    let cloudflare = Fake::answering(|_, before| {
        let said = format!("{{\"success\":{}}}", before > 0);
        Response::builder().status(200).body(said.into()).unwrap()
    })
    .await;
    let (amazon, akamai, bunny) = (Fake::fine().await, Fake::fine().await, Fake::fine().await);
    let told = Told::by(vec![
        hook("cloudflare", cloudflare.cloudflare()),
        hook("cloudfront", amazon.cloudfront()),
        hook("akamai", akamai.akamai()),
        hook("bunny", bunny.bunny()),
    ])
    .await;
    let ann = told.bench.user("ann", Role::Artist).await;
    let song = told.bench.make_ready(upload_of(&ann, "Song")).await;
    let key = format!("song:{}", song.id);
    let id = told.purge(&json!({ "keys": [key] })).await;
    let hooks = told.settled(&id).await;
    assert!(hooks.as_array().unwrap().iter().all(|hook| hook["state"] == "done"), "{hooks}");

    let [denied, taken] = &cloudflare.came()[..] else { panic!("two requests") };
    assert_eq!((&denied.body, &taken.body), (&json!({ "tags": [key] }), &json!({ "tags": [key] })));
    assert_eq!(taken.path, "/zones/Z1/purge_cache");
    assert_eq!(taken.headers["authorization"], "Bearer token");

    let [invalidation] = &amazon.came()[..] else { panic!("one request") };
    assert_eq!(invalidation.path, "/2020-05-31/distribution/E1/invalidation");
    let text = std::str::from_utf8(&invalidation.raw).unwrap();
    let (artist, album) = (song.artist_id, song.album_id);
    let path = format!("<Path>/artist/{artist}/album/{album}/{}/*</Path>", song.id);
    assert!(text.contains(&path), "{text}");
    assert!(text.contains(&format!("<CallerReference>{id}</CallerReference>")), "{text}");
    assert_eq!(invalidation.headers["authorization"], aws_signed(invalidation).as_str());

    let [deletion] = &akamai.came()[..] else { panic!("one request") };
    assert_eq!(deletion.path, "/ccu/v3/delete/tag/production");
    assert_eq!(deletion.body, json!({ "objects": [key.replace(':', "-")] }));
    assert_eq!(deletion.headers["authorization"], edgegrid_signed(deletion).as_str());

    let [zone] = &bunny.came()[..] else { panic!("one request") };
    assert_eq!(
        (zone.path.as_str(), &zone.body),
        ("/pullzone/7/purgeCache", &json!({ "CacheTag": key }))
    );
    assert_eq!(zone.headers["accesskey"], "token");
}

impl Fake {
    fn api(&self) -> Uri {
        format!("http://{}", self.address).parse().unwrap()
    }

    fn cloudflare(&self) -> Target {
        let (zone, token) = ("Z1".to_owned(), Secret::said("token".to_owned()));
        Target::Cloudflare(Cloudflare { api: self.api(), zone, token, site: None })
    }

    fn cloudfront(&self) -> Target {
        let credentials = "aws_access_key_id = AKID\naws_secret_access_key = word";
        let credentials = Secret::said(credentials.to_owned());
        Target::CloudFront(CloudFront {
            api: self.api(),
            distribution: "E1".to_owned(),
            credentials,
        })
    }

    fn akamai(&self) -> Target {
        let credentials =
            "client_secret = word\nhost = api.example\naccess_token = at\nclient_token = ct";
        Target::Akamai(Akamai {
            api: Some(self.api()),
            network: Network::Production,
            credentials: Secret::said(credentials.to_owned()),
            cp_code: None,
            site: None,
        })
    }

    fn bunny(&self) -> Target {
        let access_key = Secret::said("token".to_owned());
        Target::Bunny(Bunny { api: self.api(), pull_zone: 7, access_key, site: None })
    }
}

/// RFC 2104, with SHA-256.
fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::digest([&block.map(|byte| byte ^ 0x36)[..], text.as_bytes()].concat());
    Sha256::digest([&block.map(|byte| byte ^ 0x5c)[..], &inner[..]].concat()).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signature Version 4 of what came, over all headers that it names.
fn aws_signed(came: &Came) -> String {
    let header = |name: &str| came.headers[name].to_str().unwrap();
    let said = header("authorization");
    let names = said.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    let headers: String = names.split(';').map(|it| format!("{it}:{}\n", header(it))).collect();
    let (time, body) = (header("x-amz-date"), hex(&Sha256::digest(&came.raw)));
    let canonical = format!("POST\n{}\n\n{headers}\n{names}\n{body}", came.path);
    let scope = format!("{}/us-east-1/cloudfront/aws4_request", &time[..8]);
    let canonical = hex(&Sha256::digest(canonical));
    let steps = [&time[..8], "us-east-1", "cloudfront", "aws4_request"];
    let key = steps.iter().fold(b"AWS4word".to_vec(), |key, step| hmac(&key, step));
    let signature = hex(&hmac(&key, &format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{canonical}")));
    format!(
        "AWS4-HMAC-SHA256 Credential=AKID/{scope}, SignedHeaders={names}, Signature={signature}"
    )
}

/// EdgeGrid's signature of what came.
fn edgegrid_signed(came: &Came) -> String {
    let header = |name: &str| came.headers[name].to_str().unwrap();
    let (unsigned, _) = header("authorization").split_once("signature=").unwrap();
    let time = unsigned.split("timestamp=").nth(1).unwrap().split(';').next().unwrap();
    let body = BASE64.encode(Sha256::digest(&came.raw));
    let signed = ["POST", "http", header("host"), &came.path, "", &body, unsigned].join("\t");
    let key = BASE64.encode(hmac(b"word", time));
    format!("{unsigned}signature={}", BASE64.encode(hmac(key.as_bytes(), &signed)))
}
