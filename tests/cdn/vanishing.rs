//! What was purged softly, and is gone from the edge when it is fetched anew.

use std::thread::{self, sleep};
use std::time::Duration;

use crate::fake_edge::{FOLDER, FakeEdge, SONG};
use crate::node::Kind;
use crate::world::until;

#[test]
fn nginx_does_not_bring_back_what_the_edge_has_not_any_more() {
    stays_gone(Kind::Nginx);
}

#[test]
fn varnish_does_not_bring_back_what_the_edge_has_not_any_more() {
    stays_gone(Kind::Varnish);
}

fn stays_gone(kind: Kind) {
    let edge = FakeEdge::behind(kind);
    let path = format!("/t/{}/{FOLDER}/aac/64/00000.m4s", edge.token);
    thread::scope(|scope| {
        let first = scope.spawn(|| edge.node.get(&path));
        let mut asked = edge.asked();
        asked.send_head(3);
        asked.send("old");
        assert_eq!(first.join().expect("no panic").body, b"old");
    });
    assert_eq!(edge.node.get(&path).body, b"old");
    let (node, _token) = edge.have_nothing_more();
    assert_eq!(node.purge("/", &format!("xkey-softpurge: song:{SONG}\r\n")), 200);
    until("it is gone", || node.get(&path).status == 404);
    // For longer than anything remembers that it is gone.
    for _ in 0..25 {
        assert_eq!(node.get(&path).status, 404);
        sleep(Duration::from_millis(100));
    }
}
