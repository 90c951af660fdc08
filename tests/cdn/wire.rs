//! HTTP/1.1 by hand: a client library would mend the paths that we want to break.

use std::fmt;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any wait of a node for its edge.
const PATIENCE: Duration = Duration::from_secs(60);

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|header| header.0 == name).map_or("", |header| &header.1)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.0 == name)
    }
}

/// Without the body, which is sound.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {} bytes", self.status, self.headers, self.body.len())
    }
}

/// Sends one request on a connection of its own; `headers` are lines with their ends.
pub(crate) fn ask(to: SocketAddr, method: &str, target: &str, headers: &str) -> Answer {
    ask_with_body(to, method, target, headers, "")
}

/// The same with a body, as it goes over the wire.
pub(crate) fn ask_with_body(
    to: SocketAddr,
    method: &str,
    target: &str,
    headers: &str,
    body: &str,
) -> Answer {
    let mut stream = TcpStream::connect(to).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let head = format!("{method} {target} HTTP/1.1\r\nHost: cdn\r\nConnection: close\r\n");
    stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    read(&bytes)
}

/// A GET whose answer comes bit by bit.
pub(crate) struct Asking {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Asking {
    pub(crate) fn begin(to: SocketAddr, target: &str) -> Self {
        let mut stream = TcpStream::connect(to).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let head = format!("GET {target} HTTP/1.1\r\nHost: cdn\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("sent");
        Self { stream, bytes: Vec::new() }
    }

    pub(crate) fn wait_for_a_byte(&mut self) {
        let mut byte = [0];
        self.stream.read_exact(&mut byte).expect("an answer");
        self.bytes.extend(byte);
    }

    pub(crate) fn finish(mut self) -> Answer {
        self.stream.read_to_end(&mut self.bytes).expect("an answer");
        read(&self.bytes)
    }
}

/// Sends whatever, and waits for whatever is answered, if anything is.
pub(crate) fn send_and_leave(to: SocketAddr, request: &str) {
    let mut stream = TcpStream::connect(to).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    // The server may have closed before it has read all.
    let _sent = stream.write_all(request.as_bytes());
    let _closed = stream.shutdown(Shutdown::Write);
    let mut bytes = Vec::new();
    let _answered = stream.read_to_end(&mut bytes);
}

fn read(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|at| at == b"\r\n\r\n").expect("a whole head");
    let head = std::str::from_utf8(&bytes[..end]).expect("an ASCII head");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let body = bytes[end + 4..].to_vec();
    let answer = Answer { status: status.parse().expect("a number"), headers, body };
    match answer.header("transfer-encoding") {
        "chunked" => Answer { body: unchunked(&answer.body), ..answer },
        _ => answer,
    }
}

/// RFC 9112 7.1, of a body that is whole.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|at| at == b"\r\n").expect("a chunk's size");
        let size = std::str::from_utf8(&rest[..end]).expect("ASCII");
        let size = usize::from_str_radix(size, 16).expect("hex digits");
        if size == 0 {
            return body;
        }
        body.extend(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
}
