//! An S3 server (s3s-fs, which is not ours) on a free port, with one bucket in a folder. It can be
//! told to misbehave, and remembers what was asked of it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpResponse};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use testkit::shell::{Shell, tree};
use tokio::net::{TcpListener, TcpStream};

use crate::short_keys::ShortKeys;

const BUCKET: &str = "music";
const KEY: &str = "TESTKEY";
const SECRET: &str = "test-secret";

/// What the server does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Serves it.
    None,
    /// Answers with this status and changes nothing.
    Answer(u16),
    /// Breaks the connection off before anything happens.
    Cut,
    /// Does what was asked and breaks the connection off before it says so.
    CutAfter,
    /// Never answers.
    Hang,
}

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    /// The key under the bucket.
    pub(crate) key: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) fault: Fault,
}

impl Seen {
    /// Whether it stores an object or a part of one.
    pub(crate) fn is_put(&self) -> bool {
        self.method == Method::PUT
    }
}

type Decide = dyn FnMut(&Seen) -> Fault + Send;

struct Shared {
    decide: Mutex<Box<Decide>>,
    seen: Mutex<Vec<Seen>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.seen.fmt(f)
    }
}

/// The running server. It ends with the test.
#[derive(Debug)]
pub(crate) struct Bucket {
    folder: TempDir,
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: tokio::runtime::Runtime,
}

impl Bucket {
    /// Starts a server with an empty bucket.
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(ShortKeys(
            FileSystem::new(folder.path()).unwrap(),
            folder.path().to_owned(),
        ));
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let shared = Arc::new(Shared {
            decide: Mutex::new(Box::new(|_| Fault::None)),
            seen: Mutex::new(Vec::new()),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener, builder.build(), shared.clone()));
        Self { folder, address, shared, runtime }
    }

    /// What decides about each request from now on.
    pub(crate) fn misbehave(&self, decide: impl FnMut(&Seen) -> Fault + Send + 'static) {
        *self.shared.decide.lock().unwrap() = Box::new(decide);
    }

    /// Serves everything again.
    pub(crate) fn behave(&self) {
        self.misbehave(|_| Fault::None);
    }

    /// What was asked since the last call.
    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.shared.seen.lock().unwrap())
    }

    /// A shell whose environment leads here.
    pub(crate) fn shell(&self) -> Shell {
        self.environment()
            .into_iter()
            .fold(Shell::of(env!("CARGO_BIN_EXE_segue")), |shell, (name, value)| {
                shell.env(name, value)
            })
    }

    fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT", format!("http://{}", self.address)),
            ("AWS_ACCESS_KEY_ID", KEY.into()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.into()),
            ("AWS_REGION", "us-east-1".into()),
        ]
    }

    /// Its URL with a prefix.
    pub(crate) fn url(&self, prefix: &str) -> String {
        format!("s3://{BUCKET}/{prefix}")
    }

    /// Where the server keeps the objects.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(BUCKET)
    }

    /// Every object with its bytes.
    pub(crate) fn objects(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        tree(&self.path())
    }

    /// Takes every object away.
    pub(crate) fn empty(&self) {
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
                .unwrap();
        }
        std::fs::create_dir(self.path()).unwrap();
    }

    /// Asks the server itself, over HTTP, as a reader of the bucket does.
    pub(crate) fn get(&self, key: &str) -> (object_store::Attributes, bytes::Bytes) {
        use object_store::ObjectStoreExt;
        let store = object_store::aws::AmazonS3Builder::new()
            .with_endpoint(format!("http://{}", self.address))
            .with_allow_http(true)
            .with_access_key_id(KEY)
            .with_secret_access_key(SECRET)
            .with_bucket_name(BUCKET)
            .with_region("us-east-1")
            .build()
            .unwrap();
        self.runtime.block_on(async {
            let found = store.get(&key.into()).await.unwrap();
            (found.attributes.clone(), found.bytes().await.unwrap())
        })
    }

    /// Copies every object to a folder by its key, read over HTTP.
    pub(crate) fn download(&self, to: &Path) {
        for path in self.objects().into_keys() {
            let (_, bytes) = self.get(path.to_str().unwrap());
            let path = to.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

async fn serve(listener: TcpListener, service: S3Service, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(connection(stream, service.clone(), shared.clone()));
    }
}

async fn connection(stream: TcpStream, service: S3Service, shared: Arc<Shared>) {
    let answer = service_fn(move |request| answer(request, service.clone(), shared.clone()));
    // A client that was killed, or that we cut off, is what these tests are about.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
}

async fn answer(
    request: Request<Incoming>,
    service: S3Service,
    shared: Arc<Shared>,
) -> io::Result<HttpResponse> {
    let mut seen = Seen {
        method: request.method().clone(),
        key: request.uri().path().trim_start_matches(&format!("/{BUCKET}/")).to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: request.headers().clone(),
        fault: Fault::None,
    };
    seen.fault = (shared.decide.lock().unwrap())(&seen);
    let fault = seen.fault;
    shared.seen.lock().unwrap().push(seen);
    let request = request.map(Body::from);
    match fault {
        Fault::None => service.call(request).await.map_err(io::Error::other),
        Fault::Answer(status) => {
            Ok(Response::builder().status(status).body(Body::empty()).unwrap())
        }
        Fault::Cut => Err(io::ErrorKind::ConnectionReset.into()),
        Fault::CutAfter => {
            let _done = service.call(request).await;
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Fault::Hang => match pending::<Infallible>().await {},
    }
}
