//! What a purge takes from a node, and what it leaves.

use std::fs;

use crate::node::{Kind, Node};
use crate::world::{ANNA, BERT, PURGE_SECRET, Song, World, until};

const SEGMENT: &str = "aac/64/00000.m4s";
const FILES: [&str; 4] = ["asset.json", "aac/64/playlist.m3u8", SEGMENT, "ogg/64.ogg"];

#[test]
fn nginx_forgets_what_is_purged_and_nothing_else() {
    purges(Kind::Nginx);
}

#[test]
fn varnish_forgets_what_is_purged_and_nothing_else() {
    purges(Kind::Varnish);
}

/// A node and how often each file of each song has been read through it.
struct Purging<'a> {
    world: &'a World,
    node: &'a Node,
    reads: [[usize; FILES.len()]; 2],
}

fn purges(kind: Kind) {
    let world = World::with_songs(&[2, 2]);
    let node = Node::start(kind, &world);
    let [song, other] = &world.songs[..] else { panic!("two songs") };
    let mut state = Purging { world: &world, node: &node, reads: [[1; FILES.len()]; 2] };
    state.check("at first");
    state.check("again");

    let key = format!("xkey-purge: song:{}\r\n", song.id);
    for (headers, status) in [
        (key.clone(), 403),
        (format!("Segue-Purge-Secret: {}\r\n{key}", &PURGE_SECRET[1..]), 403),
        (format!("Segue-Purge-Secret: {PURGE_SECRET}0\r\n{key}"), 403),
        (format!("Segue-Purge-Secret: \r\n{key}"), 403),
    ] {
        assert_eq!(node.ask("PURGE", "/", &headers).status, status, "{headers}");
    }
    state.check("after those who may not");

    replaced_at_the_origin(&world, &node, song);
    state.reads[0] = [3, 2, 2, 2];
    state.check("after the song");
    for (key, songs) in [
        (format!("version:{}", song.prefix.rsplit('/').next().expect("a version")), 0..1),
        (format!("album:{}", song.prefix.split('/').nth(3).expect("an album")), 0..1),
        (format!("song:{}, song:{}", song.id, other.id), 0..2),
        (format!("artist:{}", other.prefix.split('/').nth(1).expect("an artist")), 0..2),
    ] {
        assert_eq!(node.purge("/", &format!("xkey-purge: {key}\r\n")), 200);
        // Songs without tags have one artist, and an album each.
        for reads in &mut state.reads[songs] {
            reads.iter_mut().for_each(|reads| *reads += 1);
        }
        state.check(&key);
    }

    assert_eq!(node.purge(&format!("/{}/{SEGMENT}", song.prefix), ""), 200);
    state.reads[0][2] += 1;
    state.check("after the URL");
    let nobody = "xkey-purge: song:0190d2a5-7c1e-7bbb-8123-0000000000ff\r\n";
    assert_eq!(node.purge("/", nobody), 200);
    let nowhere = format!("/{}/aac/65/00000.m4s", song.prefix);
    for wrong in ["/", "/artist/../x", "/t/x/artist/x", "*", &nowhere] {
        assert_eq!(node.purge(wrong, ""), 400, "{wrong}");
    }
    let both = format!("{nobody}xkey-softpurge: song:{}\r\n", song.id);
    assert_eq!(node.purge("/", &both), 400, "one of the two would be lost");
    for wrong in ["", ",", "song:x", "song", "xkey:x", &format!("song:{} other", song.id)] {
        assert_eq!(node.purge("/", &format!("xkey-purge: {wrong}\r\n")), 400, "{wrong:?}");
    }
    state.check("after nothing");

    let many = format!("{}song:{}", format!("song:{},", other.id).repeat(100), song.id);
    let lines = format!("{nobody}xkey-purge: {many}\r\n");
    assert_eq!(node.purge("/", &lines), 200);
    state.reads.as_flattened_mut().iter_mut().for_each(|reads| *reads += 1);
    state.check("after many keys on the second of two lines");
    let traces = node.traces();
    let told = String::from_utf8_lossy(&traces).matches(PURGE_SECRET).count();
    assert_eq!(told, 1, "the secret is in its file alone");
}

/// The numbers of purges are in memory: a reload keeps it, and with a restart all that was cached is gone.
#[test]
fn nginx_keeps_its_cache_over_a_reload_and_never_brings_back_what_was_purged() {
    let world = World::with_songs(&[1]);
    let song = &world.songs[0];
    let mut node = Node::start(Kind::Nginx, &world);
    let path = world.path(song, ANNA, SEGMENT);
    let reads = |node: &Node, count: usize| {
        assert_eq!(node.get(&path).status, 200);
        world.reads_once_there_are(count, song, SEGMENT).len()
    };
    assert_eq!(reads(&node, 1), 1);
    assert_eq!(node.purge("/", &format!("xkey-purge: song:{}\r\n", song.id)), 200);
    assert_eq!(reads(&node, 2), 2);
    node.reload();
    assert_eq!(reads(&node, 2), 2, "it is still cached, and what was purged is still not");
    node.restart(&world);
    assert_eq!(reads(&node, 3), 3, "nobody knows what was purged, so nothing is cached");
    assert_eq!(reads(&node, 3), 3);
}

/// Where there is no room to remember another purge, everything is purged.
#[test]
fn nginx_rather_forgets_too_much_than_too_little() {
    let world = World::with_songs(&[1]);
    let song = &world.songs[0];
    let small = ("lua_shared_dict segue_purges 16m;", "lua_shared_dict segue_purges 16k;");
    let node = Node::start_changed(Kind::Nginx, &world, &[small]);
    let path = world.path(song, ANNA, SEGMENT);
    let reads = |count: usize| {
        assert_eq!(node.get(&path).status, 200);
        world.reads_once_there_are(count, song, SEGMENT).len()
    };
    assert_eq!(reads(1), 1);
    for number in 0..500 {
        let nobody = format!("xkey-purge: song:0190d2a5-7c1e-7bbb-8123-{number:012}\r\n");
        assert_eq!(node.purge("/", &nobody), 200);
    }
    let after = reads(2);
    assert_eq!(after, 2, "it was forgotten with the rest");
    assert_eq!(node.purge("/", &format!("xkey-purge: song:{}\r\n", song.id)), 200);
    assert_eq!(reads(3), 3);
    assert_eq!(reads(3), 3, "and is cached again");
    // There is room again: who is not purged stays, but for the one time that it may be full once more.
    for number in 500..520 {
        let nobody = format!("xkey-purge: song:0190d2a5-7c1e-7bbb-8123-{number:012}\r\n");
        assert_eq!(node.purge("/", &nobody), 200);
        reads(3);
    }
    assert!(reads(3) <= 4, "{} reads", reads(3));
}

impl Purging<'_> {
    /// Two viewers, and no more reads of the edge than there should have been by now.
    fn check(&self, when: &str) {
        for (song, reads) in self.world.songs.iter().zip(&self.reads) {
            for (file, reads) in FILES.iter().zip(reads) {
                let bytes = fs::read(self.world.stored(song, file)).expect("an object");
                for user in [ANNA, BERT] {
                    let answer = self.node.get(&self.world.path(song, user, file));
                    assert_eq!(answer.status, 200);
                    assert!(answer.body == bytes, "{file} {when}");
                }
                let came = self.world.reads_once_there_are(*reads, song, file).len();
                assert_eq!(came, *reads, "{file} {when}");
            }
        }
    }
}

/// The origin has another object, the edge purges, the node purges: the next answer is new. `asset.json` alone may
/// change under its path, as it is what the edge checks the others by.
fn replaced_at_the_origin(world: &World, node: &Node, song: &Song) {
    let (stored, path) = (world.stored(song, "asset.json"), world.path(song, ANNA, "asset.json"));
    let old = fs::read(&stored).expect("an object");
    // Of one size, so that its entity tag tells nothing.
    let new =
        String::from_utf8(old.clone()).expect("text").replacen("effort best", "effort bent", 1);
    let new = new.into_bytes();
    assert!(new != old && new.len() == old.len());
    fs::write(stored.with_extension("new"), &new).expect("written");
    fs::rename(stored.with_extension("new"), &stored).expect("renamed");
    assert!(node.get(&path).body == old, "it is cached");
    let key = format!("song:{}", song.id);
    world.purge_edge(&key);
    assert!(node.get(&path).body == old, "the node has not heard of it");
    let soft = format!("xkey-softpurge: {key}\r\n");
    assert_eq!(node.purge("/", &soft), 200);
    match node.kind {
        // Both are one to nginx.
        Kind::Nginx => assert!(node.get(&path).body == new),
        Kind::Varnish => {
            let stale = node.get(&path);
            assert!(stale.body == old, "the old is given while the new is fetched");
            let status = stale.header("cache-status");
            assert!(status.ends_with("hit; detail=stale"), "{status}");
            until("the new is there", || node.get(&path).body == new);
        }
    }
    assert_eq!(node.purge("/", &format!("xkey-purge: {key}\r\n")), 200);
    assert!(node.get(&path).body == new);
}
