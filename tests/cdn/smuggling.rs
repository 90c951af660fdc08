//! A viewer's body is no part of what an edge is asked next: whoever could put a head's beginning there would be answered
//! with what others ask for, and have it cached under their paths.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use crate::fake_edge::{FOLDER, node_before};
use crate::node::Kind;
use crate::wire;

/// The beginning of a head: what comes next on the connection would be the rest of its last header.
const SMUGGLED: &str = "GET /evil HTTP/1.1\r\nX: ";

/// Objects, slices, and keys, which no node keeps.
const FILES: [&str; 3] = ["aac/64/00000.m4s", "ogg/64.ogg", "aac/64/a5a5a5a5a5a5a5a5.key"];

/// More than nginx has workers, each of which has connections of its own.
const NEXT: usize = 5;

#[test]
fn nginx_lets_no_body_reach_an_edge() {
    lets_none_reach(Kind::Nginx);
}

#[test]
fn varnish_lets_no_body_reach_an_edge() {
    lets_none_reach(Kind::Varnish);
}

fn lets_none_reach(kind: Kind) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (tell, told) = channel();
    thread::spawn(move || {
        for (stream, number) in listener.incoming().map_while(Result::ok).zip(0..) {
            let tell = tell.clone();
            thread::spawn(move || keep_answering(stream, number, &tell));
        }
    });
    let (node, token) = node_before(kind, address);
    let sized = format!("Content-Length: {}\r\n", SMUGGLED.len());
    let chunk = format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len());
    let bodies = [(sized.as_str(), SMUGGLED), ("Transfer-Encoding: chunked\r\n", &chunk)];
    for method in ["GET", "HEAD"] {
        for (file, (framing, body)) in FILES.iter().flat_map(|file| bodies.map(|it| (file, it))) {
            let (path, target) =
                (format!("/{FOLDER}/{file}"), format!("/t/{token}/{FOLDER}/{file}"));
            let first = wire::ask_with_body(node.address, method, &target, framing, body);
            let wanted = if kind == Kind::Varnish { 400 } else { 200 };
            assert_eq!(first.status, wanted, "{method} {file} {framing}");
            for _ in 0..NEXT {
                let next = node.get(&target);
                let said = String::from_utf8_lossy(&next.body);
                assert_eq!((next.status, &*said), (200, path.as_str()), "{method} {framing}");
            }
        }
    }
    drop(node);
    let told: Vec<(usize, String)> = told.try_iter().collect();
    let connections = told.iter().map(|told| told.0).max().expect("the edge was asked") + 1;
    assert!(connections * 2 < told.len(), "{connections} connections are kept and used again");
    for (_, head) in told {
        let (method, rest) = head.split_once(' ').expect("a request's line");
        assert!(matches!(method, "GET" | "HEAD"), "{head}");
        assert!(rest.starts_with(&format!("/{FOLDER}/")), "{head}");
        let lower = head.to_ascii_lowercase();
        for never in ["evil", "content-length", "transfer-encoding"] {
            assert!(!lower.contains(never), "{never}: {head}");
        }
    }
}

/// An edge that takes heads as they come, believes no lengths, and answers each with its path. Tells every byte that it
/// was sent: heads, and what is left when the connection ends.
fn keep_answering(mut stream: TcpStream, number: usize, tell: &Sender<(usize, String)>) {
    let (mut bytes, mut more) = (Vec::new(), [0; 4_096]);
    while let Ok(read @ 1..) = stream.read(&mut more) {
        bytes.extend(&more[..read]);
        while let Some(end) = bytes.windows(4).position(|at| at == b"\r\n\r\n") {
            let head: Vec<u8> = bytes.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let (length, body) = (path.len(), if head.starts_with("HEAD") { "" } else { path });
            let answer =
                format!("Content-Length: {length}\r\nCache-Control: no-store\r\n\r\n{body}");
            let answer = format!("HTTP/1.1 200 OK\r\n{answer}");
            // A node that has hung up reads no answer.
            let _sent = stream.write_all(answer.as_bytes());
            let _heard = tell.send((number, head));
        }
    }
    if !bytes.is_empty() {
        let _heard = tell.send((number, String::from_utf8_lossy(&bytes).into_owned()));
    }
}
