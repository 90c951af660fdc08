//! An edge over a fake origin, listening on a free port.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cache::{Cache, Settings};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use media::{Kbps, SegmentSecrets};
use object_store::ObjectStore;
use segue_delivery::{Edge, Limits, PullSecrets, Site, Tls, Trust, serve};
use testkit::manual_clock::ManualClock;
use testkit::origin_store::OriginStore;
use token::{SigningKey, VerifyingKeys, playback};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::answer::{self, Answer};

/// The start of one of the windows that minting is stable in.
pub(crate) const NOW: u64 = 83_000 * 21_600;

/// A song's folder.
pub(crate) const FOLDER: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
    0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
    00112233445566778899aabbccddeeff";

/// Who listens, where nobody else is named.
pub(crate) const USER: &str = "0190d2a5-7c1e-7bbb-8123-000000000009";

pub(crate) const ORIGIN_TIMEOUT: Duration = Duration::from_millis(200);

/// A running edge; it stops when this goes.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<OriginStore>,
    pub(crate) clock: ManualClock,
    pub(crate) key: SigningKey,
    pub(crate) edge: Edge,
    pub(crate) shutdown: CancellationToken,
    pub(crate) served: tokio::task::JoinHandle<usize>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::start_with(None, Limits::default()).await
    }

    /// One that holds segment secrets.
    pub(crate) async fn start_holding(secrets: SegmentSecrets) -> Self {
        let key = generated();
        let trust = Trust { segments: secrets, ..VerifyingKeys::from(&key).into() };
        Self::start_as(None, Limits::default(), key, trust).await
    }

    pub(crate) async fn start_with(tls: Option<Tls>, limits: Limits) -> Self {
        let key = generated();
        let trust = VerifyingKeys::from(&key).into();
        Self::start_as(tls, limits, key, trust).await
    }

    /// One that believes `key`.
    pub(crate) async fn start_signing(key: SigningKey) -> Self {
        let trust = VerifyingKeys::from(&key).into();
        Self::start_as(None, Limits::default(), key, trust).await
    }

    /// One that is pulled from.
    pub(crate) async fn start_pulled(tls: Option<Tls>, pulls: PullSecrets) -> Self {
        let key = generated();
        let trust = Trust { pulls, ..VerifyingKeys::from(&key).into() };
        Self::start_as(tls, Limits::default(), key, trust).await
    }

    /// One whose cache has other settings.
    pub(crate) async fn start_caching(settings: Settings) -> Self {
        let (key, store) = (generated(), Arc::new(OriginStore::new()));
        let trust = VerifyingKeys::from(&key).into();
        let cache = Cache::with(store.clone(), settings);
        Self::start_over(store, cache, None, Limits::default(), key, trust).await
    }

    /// One whose origin is `shield` as long as that is well.
    pub(crate) async fn start_behind(shield: Arc<dyn ObjectStore>) -> Self {
        let (key, store) = (generated(), Arc::new(OriginStore::new()));
        let trust = VerifyingKeys::from(&key).into();
        let cache =
            Cache::behind(shield, store.clone(), Settings::new(64 << 20, ORIGIN_TIMEOUT * 10));
        Self::start_over(store, cache, None, Limits::default(), key, trust).await
    }

    async fn start_as(tls: Option<Tls>, limits: Limits, key: SigningKey, trust: Trust) -> Self {
        let store = Arc::new(OriginStore::new());
        let cache = Cache::new(store.clone(), 64 << 20, ORIGIN_TIMEOUT);
        Self::start_over(store, cache, tls, limits, key, trust).await
    }

    async fn start_over(
        store: Arc<OriginStore>,
        cache: Cache,
        tls: Option<Tls>,
        limits: Limits,
        key: SigningKey,
        trust: Trust,
    ) -> Self {
        let clock = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW));
        let edge = Edge::new(cache, trust, clock.clock());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shutdown = CancellationToken::new();
        let site = Site { edge: edge.clone(), fallback: tower::service_fn(fallback), tls, limits };
        let served = tokio::spawn(serve(listener, site, shutdown.clone().cancelled_owned()));
        Self { address, store, clock, key, edge, shutdown, served }
    }

    /// Stores a file of the song.
    pub(crate) async fn store(&self, file: &str, bytes: impl Into<Bytes>) {
        self.store.store(&format!("{FOLDER}/{file}"), bytes).await;
    }

    /// A token for the song.
    pub(crate) fn token(&self, max_kbps: u16) -> String {
        self.token_for(FOLDER, max_kbps)
    }

    pub(crate) fn token_for(&self, folder: &str, max_kbps: u16) -> String {
        self.minted(&self.key, folder, USER, max_kbps)
    }

    /// A token for the song that another key signs.
    pub(crate) fn token_by(&self, key: &SigningKey, max_kbps: u16) -> String {
        self.minted(key, FOLDER, USER, max_kbps)
    }

    /// Another listener's token for the song.
    pub(crate) fn token_of(&self, user: &str, max_kbps: u16) -> String {
        self.minted(&self.key, FOLDER, user, max_kbps)
    }

    fn minted(&self, key: &SigningKey, folder: &str, user: &str, max_kbps: u16) -> String {
        let grant = playback::Grant {
            user: user.parse().expect("a UUID"),
            prefix: folder.parse().expect("a folder"),
            max_kbps: Kbps(max_kbps),
            duration: Duration::from_secs(210),
        };
        playback::mint(key, &grant, self.clock.now()).token
    }

    /// Status and reason that a token gets for a file of the song, which the three carriers have in common.
    pub(crate) async fn verdict(&self, token: &str, file: &str) -> (u16, String) {
        let path = format!("/{FOLDER}/{file}");
        let cookie = format!("Cookie: URISigningPackage={token}\r\n");
        let mut answers = Vec::new();
        for (path, headers) in [
            (format!("/t/{token}{path}"), ""),
            (format!("{path}?URISigningPackage={token}"), ""),
            (path, cookie.as_str()),
        ] {
            let answer = answer::send(self.address, "GET", &path, headers).await;
            answers.push((answer.status, answer.header("segue-refusal").to_owned()));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }

    /// Fetches a file of the song with a good token.
    pub(crate) async fn fetch(&self, method: &str, file: &str, headers: &str) -> Answer {
        let path = format!("/t/{}/{FOLDER}/{file}", self.token(320));
        answer::send(self.address, method, &path, headers).await
    }
}

fn generated() -> SigningKey {
    SigningKey::generate().expect("randomness")
}

/// What stands where the API will: it says that it was asked.
async fn fallback(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::from(request.uri().path().to_owned()));
    *response.status_mut() = StatusCode::IM_A_TEAPOT;
    Ok(response)
}
