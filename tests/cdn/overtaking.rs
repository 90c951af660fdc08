//! A purge that comes while an object is on its way.

use std::thread;

use crate::fake_edge::{FOLDER, FakeEdge, SONG};
use crate::node::Kind;
use crate::wire;

#[test]
fn nginx_keeps_nothing_that_a_purge_overtook() {
    keeps_nothing_overtaken(Kind::Nginx);
}

#[test]
fn varnish_keeps_nothing_that_a_purge_overtook() {
    keeps_nothing_overtaken(Kind::Varnish);
}

fn keeps_nothing_overtaken(kind: Kind) {
    let edge = FakeEdge::behind(kind);
    let key = format!("xkey-purge: song:{SONG}\r\n");
    let purge = || assert_eq!(edge.node.purge("/", &key), 200);
    before_its_head(&edge, &purge);
    within_its_body(&edge, &purge);
}

/// The edge has been asked and has not answered yet: its answer is for those who have waited for it.
fn before_its_head(edge: &FakeEdge, purge: &dyn Fn()) {
    let path = format!("/t/{}/{FOLDER}/aac/64/00000.m4s", edge.token);
    let node = &edge.node;
    thread::scope(|scope| {
        let early = scope.spawn(|| node.get(&path));
        let mut asked = edge.asked();
        purge();
        asked.send_head(3);
        asked.send("old");
        assert_eq!(early.join().expect("no panic").body, b"old");
    });
    the_next_is_new(edge, &path);
}

/// The first viewer has the first byte.
fn within_its_body(edge: &FakeEdge, purge: &dyn Fn()) {
    let path = format!("/t/{}/{FOLDER}/aac/64/00001.m4s", edge.token);
    let mut early = wire::Asking::begin(edge.node.address, &path);
    let mut asked = edge.asked();
    asked.send_head(200_000);
    asked.send(&"o".repeat(100_000));
    early.wait_for_a_byte();
    purge();
    asked.send(&"o".repeat(100_000));
    assert_eq!(early.finish().body.len(), 200_000);
    the_next_is_new(edge, &path);
}

fn the_next_is_new(edge: &FakeEdge, path: &str) {
    let node = &edge.node;
    thread::scope(|scope| {
        let late = scope.spawn(|| node.get(path));
        let mut asked = edge.asked();
        asked.send_head(3);
        asked.send("new");
        assert_eq!(late.join().expect("no panic").body, b"new");
    });
    let cached = node.get(path);
    assert_eq!((cached.body.as_slice(), cached.status), (&b"new"[..], 200));
}
