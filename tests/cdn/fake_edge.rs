//! An edge that answers what the test says, when the test says it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use token::{SigningKey, VerifyingKeys};

use crate::nginx;
use crate::node::{Kind, Node};
use crate::world::{ANNA, minted};

pub(crate) const SONG: &str = "0190d2a5-7c1e-7bbb-8123-000000000003";
pub(crate) const FOLDER: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
    0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
    00112233445566778899aabbccddeeff";

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct FakeEdge {
    asked: Receiver<Asked>,
    pub(crate) node: Node,
    /// Good for all of the folder.
    pub(crate) token: String,
}

/// A request that waits for its answer.
pub(crate) struct Asked {
    /// Its head's lines.
    pub(crate) head: Vec<String>,
    stream: TcpStream,
}

impl FakeEdge {
    /// An edge, and a node in front of it.
    pub(crate) fn behind(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let (tell, asked) = channel();
        thread::spawn(move || {
            for asked in listener.incoming().map_while(Result::ok).filter_map(read) {
                if tell.send(asked).is_err() {
                    return;
                }
            }
        });
        let (node, token) = node_before(kind, address);
        Self { asked, node, token }
    }

    /// Has it answer 404 to whatever comes from now on.
    pub(crate) fn have_nothing_more(self) -> (Node, String) {
        let Self { asked, node, token } = self;
        thread::spawn(move || asked.into_iter().for_each(Asked::answer_not_found));
        (node, token)
    }

    /// The next request that comes.
    pub(crate) fn asked(&self) -> Asked {
        self.asked.recv_timeout(PATIENCE).expect("the edge is asked")
    }
}

/// A node that pulls from whoever listens there, and a token that is good for all of the folder.
pub(crate) fn node_before(kind: Kind, edge: SocketAddr) -> (Node, String) {
    let key = SigningKey::generate().expect("randomness");
    let folder = TempDir::new().expect("a temporary folder");
    let keys = VerifyingKeys::from(&key).to_jwks();
    fs::write(folder.path().join("jwks.json"), keys).expect("written");
    let changes = match kind {
        Kind::Nginx => nginx::IN_THE_CLEAR.as_slice(),
        Kind::Varnish => &[],
    };
    (Node::start_in(kind, folder, edge, changes), minted(&key, FOLDER, ANNA, 320))
}

/// Nothing of a connection that was opened in vain.
fn read(stream: TcpStream) -> Option<Asked> {
    let lines = BufReader::new(stream.try_clone().ok()?).lines();
    let head: Vec<String> =
        lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    (!head.is_empty()).then_some(Asked { head, stream })
}

impl Asked {
    /// Sends a part of the answer.
    pub(crate) fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).expect("the node listens");
    }

    pub(crate) fn answer_not_found(mut self) {
        let never = "Cache-Control: no-store\r\nConnection: close";
        self.send(&format!("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n{never}\r\n\r\n"));
    }

    /// The head of an object as an edge sends it.
    pub(crate) fn send_head(&mut self, length: usize) {
        let keys = format!("Surrogate-Key: song:{SONG} version:00112233445566778899aabbccddeeff");
        let kept = "Cache-Control: public, max-age=31536000, immutable\r\nETag: \"x\"";
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close");
        self.send(&format!("{head}\r\n{kept}\r\n{keys}\r\n\r\n"));
    }
}
