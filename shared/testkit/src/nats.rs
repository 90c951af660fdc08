//! A NATS server with JetStream on a free port, whose memory goes with the test.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `nats-server`, killed with the test.
#[derive(Debug)]
pub struct NatsServer {
    port: u16,
    store: TempDir,
    process: Option<Child>,
    arguments: Vec<String>,
}

impl NatsServer {
    /// Starts one.
    ///
    /// # Panics
    /// Where it does not come to listen.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(Vec::new())
    }

    /// Starts one that lets in nobody else.
    ///
    /// # Panics
    /// Where it does not come to listen.
    #[must_use]
    pub fn with_password(user: &str, password: &str) -> Self {
        let arguments = ["--user", user, "--pass", password];
        Self::start_with(arguments.map(str::to_owned).to_vec())
    }

    fn start_with(arguments: Vec<String>) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("its address").port();
        drop(free);
        let store = TempDir::new().expect("a temporary folder");
        let mut server = Self { port, store, process: None, arguments };
        server.resume();
        server
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Where it is, for those who stand in between.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Kills it; what it has stored stays.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Makes a server that was killed lose all that it has stored.
    ///
    /// # Panics
    /// Where there is no room for another folder.
    pub fn forget(&mut self) {
        self.store = TempDir::new().expect("a temporary folder");
    }

    /// Starts it again where it was, with what it has stored.
    ///
    /// # Panics
    /// Where it does not come to listen.
    pub fn resume(&mut self) {
        self.kill();
        let process = Command::new("nats-server")
            .args(["--addr", "127.0.0.1", "--jetstream", "--port", &self.port.to_string()])
            .arg("--store_dir")
            .arg(self.store.path())
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server, which tests/tools/test installs");
        self.process = Some(process);
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(self.address()).is_err() {
            assert!(Instant::now() < end, "nats-server does not listen");
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}
