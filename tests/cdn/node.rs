//! A node of a CDN: a real nginx or Varnish with the configuration of `infra/cdn`, killed with the test.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use tempfile::TempDir;

use crate::wire::{self, Answer};
use crate::world::{EDGE_SECRET, PURGE_SECRET, World, until};
use crate::{nginx, varnish};

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Varnish,
}

/// A running node. It ends with the test.
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    /// Where its key set, its secrets, its logs and its cache lie.
    pub(crate) folder: TempDir,
    process: Child,
}

impl Node {
    /// One that pulls from the world's edge.
    pub(crate) fn start(kind: Kind, world: &World) -> Self {
        Self::start_changed(kind, world, &[])
    }

    /// The same with changes of what the site says.
    pub(crate) fn start_changed(kind: Kind, world: &World, changes: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        world.fetch_keys(&folder.path().join("jwks.json"));
        let edge = world.address();
        match kind {
            Kind::Nginx => {
                let changes = [&nginx::IN_THE_CLEAR, changes].concat();
                Self::start_in(kind, folder, edge, &changes)
            }
            Kind::Varnish => Self::start_in(kind, folder, edge, changes),
        }
    }

    /// One whose folder has a key set already.
    pub(crate) fn start_in(
        kind: Kind,
        folder: TempDir,
        edge: SocketAddr,
        changes: &[(&str, &str)],
    ) -> Self {
        Self::start_at(kind, folder, free_address(), edge, changes)
    }

    /// The same, where somebody knows already where it will be.
    pub(crate) fn start_at(
        kind: Kind,
        folder: TempDir,
        address: SocketAddr,
        edge: SocketAddr,
        changes: &[(&str, &str)],
    ) -> Self {
        fs::write(folder.path().join("purge-secrets"), PURGE_SECRET).expect("written");
        let process = match kind {
            Kind::Nginx => nginx::start(folder.path(), address, edge, changes),
            Kind::Varnish => varnish::start(folder.path(), address, edge, changes),
        };
        let mut node = Self { kind, address, folder, process };
        node.wait_until_it_listens();
        node
    }

    fn wait_until_it_listens(&mut self) {
        until("the node listens", || {
            let ended = self.process.try_wait().expect("its state");
            assert!(ended.is_none(), "{:?} ended: {ended:?}", self.kind);
            TcpStream::connect(self.address).is_ok()
        });
    }

    /// nginx, told to read its configuration again; waits until other workers than before answer.
    pub(crate) fn reload(&self) {
        let workers = || {
            let master = self.process.id();
            let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children"));
            let children = children.expect("its workers");
            children.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let before = workers();
        let told = Command::new("kill").args(["-HUP", &self.process.id().to_string()]).status();
        assert!(told.expect("kill runs").success());
        until("new workers answer", || {
            let now = workers();
            !now.is_empty() && now.iter().all(|worker| !before.contains(worker))
        });
    }

    /// nginx, ended and started again over the same files.
    pub(crate) fn restart(&mut self, world: &World) {
        self.end();
        let changes = nginx::IN_THE_CLEAR;
        self.process = nginx::start(self.folder.path(), self.address, world.address(), &changes);
        self.wait_until_it_listens();
    }

    /// Not SIGKILL: their workers would go on.
    fn end(&mut self) {
        let _ended = Command::new("kill").arg(self.process.id().to_string()).status();
        let _status = self.process.wait();
    }

    pub(crate) fn ask(&self, method: &str, target: &str, headers: &str) -> Answer {
        wire::ask(self.address, method, target, headers)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, "")
    }

    /// Status and reason.
    pub(crate) fn verdict(&self, target: &str, headers: &str) -> (u16, String) {
        let answer = self.ask("GET", target, headers);
        (answer.status, answer.header("segue-refusal").to_owned())
    }

    /// PURGE by somebody who may; `headers` are lines with their ends.
    pub(crate) fn purge(&self, target: &str, headers: &str) -> u16 {
        let headers = format!("Segue-Purge-Secret: {PURGE_SECRET}\r\n{headers}");
        self.ask("PURGE", target, &headers).status
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All that it has written or logged, the bytes of its cache included.
    pub(crate) fn traces(&self) -> Vec<u8> {
        let mut bytes = match self.kind {
            Kind::Nginx => Vec::new(),
            Kind::Varnish => varnish::log(self.folder.path()),
        };
        for file in files(self.folder.path()) {
            // What is no file any more was a temporary one.
            bytes.extend(fs::read(file).unwrap_or_default());
        }
        bytes
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

/// Where nobody listens.
pub(crate) fn free_address() -> SocketAddr {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    free.local_addr().expect("an address")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => files(&path),
                Ok(kind) if kind.is_file() => vec![path],
                _ => Vec::new(),
            }
        })
        .collect()
}

/// Whether the bytes hold the text.
pub(crate) fn tell(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|at| at == text.as_bytes())
}

/// A configuration as it is shipped, but for what is this machine's: each text must stand there once.
pub(crate) fn adapted(file: &Path, changes: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(file).expect("a configuration");
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from} in {}", file.display());
        text = text.replace(from, to);
    }
    text
}

/// Where cargo has put the verifier: beside this test.
pub(crate) fn verifier() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let library = test.with_file_name("libsegue_verifier.so");
    assert!(library.exists(), "{}", library.display());
    library
}

/// The secret that a node shows the edge, as its servers read it.
pub(crate) fn write_edge_secret(file: &Path, before: &str, after: &str) {
    fs::write(file, format!("{before}{EDGE_SECRET}{after}\n")).expect("written");
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
