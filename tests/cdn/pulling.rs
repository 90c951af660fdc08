//! What of a viewer's request reaches an edge: its path, and nothing else.

use std::thread;

use crate::fake_edge::{FOLDER, FakeEdge};
use crate::node::Kind;
use crate::wire;
use crate::world::EDGE_SECRET;

#[test]
fn nginx_sends_an_edge_nothing_of_its_viewers() {
    sends_nothing(Kind::Nginx);
}

#[test]
fn varnish_sends_an_edge_nothing_of_its_viewers() {
    sends_nothing(Kind::Varnish);
}

fn sends_nothing(kind: Kind) {
    let edge = FakeEdge::behind(kind);
    let (node, token) = (&edge.node, &edge.token);
    let named = format!("URISigningPackage={token}");
    let nosy = format!(
        "Cookie: {named}\r\nReferer: http://x/t/{token}/\r\nAuthorization: Bearer {token}\r\n\
         X-Original-URI: /t/{token}/\r\nUser-Agent: {token}\r\nOrigin: http://{token}\r\n\
         X-Forwarded-For: {token}\r\nForwarded: for={token}\r\nVia: 1.1 {token}\r\n\
         CMCD-Request: nor={token}\r\nIf-None-Match: \"{token}\"\r\nIf-Match: \"{token}\"\r\n\
         Range: bytes=1-2\r\nIf-Range: \"{token}\"\r\nCache-Control: no-cache\r\nPragma: x\r\n\
         Segue-Edge-Secret: {token}\r\nSegue-Purge-Secret: {token}\r\nTE: trailers\r\n\
         Accept-Encoding: br\r\nX-Accel-Redirect: /\r\n"
    );
    let signed = |file: &str| format!("/t/{token}/{FOLDER}/{file}?x={token}");
    let plain = |file: &str| format!("/{FOLDER}/{file}?x={token}&{named}");
    let (init, playlist, ogg) = ("aac/64/init.mp4", "aac/64/playlist.m3u8", "ogg/64.ogg");
    // Varnish refuses bodies (smuggling.rs); nginx drops them.
    let (length, body) = match kind {
        Kind::Nginx => (format!("Content-Length: {}\r\n", token.len()), token.as_str()),
        Kind::Varnish => (String::new(), ""),
    };
    let nosy = nosy + &length;
    for (method, target, file) in
        [("GET", signed(init), init), ("HEAD", plain(playlist), playlist), ("GET", plain(ogg), ogg)]
    {
        let path = format!("/{FOLDER}/{file}");
        let head = thread::scope(|scope| {
            let answer =
                scope.spawn(|| wire::ask_with_body(node.address, method, &target, &nosy, body));
            let asked = edge.asked();
            let head = asked.head.clone();
            asked.answer_not_found();
            assert_eq!(answer.join().expect("no panic").status, 404);
            head
        });
        assert_eq!(head[0], format!("GET {path} HTTP/1.1"), "{head:?}");
        let said = head.join("\n");
        assert!(!said.contains(token.as_str()), "{said}");
        assert!(said.contains(EDGE_SECRET), "{said}");
        let names = head[1..].iter().map(|line| line.split_once(':').expect("a header").0);
        let mut names: Vec<String> = names.map(str::to_ascii_lowercase).collect();
        names.sort();
        let mut wanted = vec!["accept-encoding", "host", "segue-edge-secret"];
        if kind == Kind::Nginx && file.ends_with(".ogg") {
            wanted.insert(2, "range");
        }
        assert_eq!(names, wanted, "{file}");
    }
}
