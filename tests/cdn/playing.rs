//! What viewers get, and what it costs the edge.

use std::fs;
use std::thread;

use testkit::ffmpeg::Ffmpeg;
use testkit::judge;

use crate::node::{Kind, Node, tell};
use crate::wire;
use crate::world::{ANNA, BERT, EDGE_SECRET, RATE, Song, World};

/// Long enough for an Ogg of two slices.
const SECONDS: usize = 30;
const OGG: &str = "ogg/320.ogg";
const SEGMENT: &str = "aac/128/00001.m4s";

/// A slice of nginx, and a block of the edge.
const SLICE: usize = 1 << 20;

#[test]
fn nginx_reads_the_edge_once_and_plays_whole_songs() {
    reads_once_and_plays(Kind::Nginx);
}

#[test]
fn varnish_reads_the_edge_once_and_plays_whole_songs() {
    reads_once_and_plays(Kind::Varnish);
}

fn reads_once_and_plays(kind: Kind) {
    let mut world = World::with_songs(&[SECONDS]);
    let node = Node::start(kind, &world);
    let song = &world.songs[0];
    let files =
        ["index.m3u8", "waveform.json", "aac/320/playlist.m3u8", "aac/320/init.mp4", SEGMENT];
    for file in files.into_iter().chain([OGG]) {
        two_viewers_read_it_once(&world, &node, song, file);
    }
    a_crowd_reads_it_once(&world, &node, song, "aac/64/00002.m4s");
    parts(&node, &world, song);
    heads_and_conditions(&node, &world, song);
    plays_whole(&node, &world, song);
    for file in files {
        assert_eq!(world.reads(song, file), ["miss"], "{file}, at the end");
    }

    let (anna, bert) = (world.token(song, ANNA, 320), world.token(song, BERT, 320));
    ugly(&node, &format!("/t/{anna}/{}/{SEGMENT}", song.prefix));
    let late = world.path(song, BERT, SEGMENT);
    let never = world.path(song, BERT, "asset.json");
    world.kill_edge();
    without_an_edge(&node, &world, &late, &never);
    for (whose, bytes) in [("node", node.traces()), ("edge", world.log().into_bytes())] {
        assert!(tell(&bytes, SEGMENT), "the {whose} logs what it is asked for");
        // Neither as a whole nor its end alone.
        for token in [&anna, &bert] {
            let signature = token.rsplit('.').next().expect("a signature");
            assert!(!tell(&bytes, signature), "the {whose} keeps a token");
        }
    }
    let logs = node.traces();
    let told = String::from_utf8_lossy(&logs).matches(EDGE_SECRET).count();
    assert_eq!(told, 1, "the edge's secret is in its file alone");
}

/// The same bytes as the edge's, by two tokens in three carriers, of one read of the edge and of the origin.
fn two_viewers_read_it_once(world: &World, node: &Node, song: &Song, file: &str) {
    let bytes = fs::read(world.stored(song, file)).expect("an object");
    let plain = format!("/{}/{file}", song.prefix);
    let (anna, bert) = (world.token(song, ANNA, 320), world.token(song, BERT, 320));
    assert_ne!(anna, bert);
    for (n, (target, headers)) in [
        (format!("/t/{anna}{plain}"), String::new()),
        (format!("/t/{bert}{plain}"), String::new()),
        (format!("{plain}?x=1&URISigningPackage={bert}"), String::new()),
        (plain.clone(), format!("Cookie: a=b; URISigningPackage={bert}\r\n")),
        (format!("/t/{anna}{plain}?CMCD=br%3D320"), format!("Referer: http://x/t/{anna}/\r\n")),
    ]
    .iter()
    .enumerate()
    {
        let answer = node.ask("GET", target, headers);
        assert_eq!(answer.status, 200, "{file}");
        assert!(answer.body == bytes, "{file}: {} of {} bytes", answer.body.len(), bytes.len());
        assert_eq!(answer.header("cache-control"), "private, max-age=31536000, immutable");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.has("etag") && answer.header("age").parse::<u64>().is_ok(), "{answer:?}");
        let status = answer.header("cache-status");
        assert!(status.starts_with("segue; fwd=miss"), "{file}: {status}");
        assert!(status.ends_with(if n == 0 { "; fwd=miss" } else { "; hit" }), "{file}: {status}");
        for inner in [
            "surrogate-key",
            "cache-tag",
            "edge-cache-tag",
            "cdn-tag",
            "xkey",
            "x-varnish",
            "via",
            "set-cookie",
        ] {
            assert!(!answer.has(inner), "{inner}");
        }
    }
    let reads = match node.kind {
        Kind::Nginx if file == OGG => bytes.len().div_ceil(SLICE),
        _ => 1,
    };
    assert!(file != OGG || bytes.len() > SLICE, "{} bytes", bytes.len());
    let came = world.reads_once_there_are(reads, song, file);
    // Of the slices of one fill of the edge, the first alone has waited for the origin.
    assert_eq!((came.len(), came[0].as_str()), (reads, "miss"), "{file}: {came:?}");
}

fn a_crowd_reads_it_once(world: &World, node: &Node, song: &Song, file: &str) {
    let paths = [world.path(song, ANNA, file), world.path(song, BERT, file)];
    thread::scope(|scope| {
        for path in paths.iter().cycle().take(12) {
            scope.spawn(|| assert_eq!(node.get(path).status, 200));
        }
    });
    assert_eq!(world.reads_once_there_are(1, song, file), ["miss"]);
}

/// Of what is cached, and of what nobody has asked for yet.
fn parts(node: &Node, world: &World, song: &Song) {
    for file in [SEGMENT, "aac/128/00003.m4s", OGG, "ogg/128.ogg"] {
        let bytes = fs::read(world.stored(song, file)).expect("an object");
        let (path, size) = (world.path(song, ANNA, file), bytes.len());
        let mut ranges = vec![("0-0".to_owned(), 0..1), ("-100".to_owned(), size - 100..size)];
        if size > SLICE {
            ranges.push(("1048570-1048580".to_owned(), SLICE - 6..SLICE + 5));
        }
        ranges.push(("1000-".to_owned(), 1_000..size));
        ranges.push((format!("5-{}", size * 2), 5..size));
        for (range, wanted) in ranges {
            let part = node.ask("GET", &path, &format!("Range: bytes={range}\r\n"));
            assert_eq!(part.status, 206, "{file} {range}");
            let said = format!("bytes {}-{}/{size}", wanted.start, wanted.end - 1);
            assert_eq!(part.header("content-range"), said, "{file} {range}");
            assert!(part.body == bytes[wanted], "{file} {range}");
        }
        let beyond = node.ask("GET", &path, &format!("Range: bytes={size}-\r\n"));
        assert_eq!(beyond.status, 416, "{file}");
        let several = node.ask("GET", &path, "Range: bytes=0-1,5-6\r\n");
        assert_eq!((several.status, several.body.len()), (200, size), "{file}");
    }
}

fn heads_and_conditions(node: &Node, world: &World, song: &Song) {
    for file in [SEGMENT, "aac/128/00002.m4s", OGG, "ogg/64.ogg"] {
        let path = world.path(song, ANNA, file);
        let size = fs::metadata(world.stored(song, file)).expect("an object").len();
        let head = node.ask("HEAD", &path, "");
        assert_eq!((head.status, head.body.len()), (200, 0), "{file}");
        assert_eq!(head.header("content-length"), size.to_string(), "{file}");
        let etag = head.header("etag");
        let held = node.ask("GET", &path, &format!("If-None-Match: {etag}\r\n"));
        assert_eq!((held.status, held.body.len(), held.header("etag")), (304, 0, etag), "{file}");
        let part = format!("Range: bytes=0-9\r\nIf-Range: {etag}\r\n");
        assert_eq!(node.ask("GET", &path, &part).status, 206, "{file}");
        let changed = "Range: bytes=0-9\r\nIf-Range: \"other\"\r\n";
        assert_eq!(node.ask("GET", &path, changed).status, 200, "{file}");
    }
    let path = world.path(song, ANNA, "index.m3u8");
    let packed = node.ask("GET", &path, "Accept-Encoding: gzip\r\n");
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(packed.body[..2], [0x1f, 0x8b]);
    // A preflight comes without a token: browsers send none.
    let asked = node.ask("OPTIONS", &format!("/{}/{SEGMENT}", song.prefix), "Origin: http://x\r\n");
    assert_eq!(asked.status, 204);
    assert_eq!(asked.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let refused = node.ask(method, &path, "Content-Length: 0\r\n");
        assert_eq!((refused.status, refused.header("allow")), (405, "GET, HEAD, OPTIONS"));
    }
}

fn plays_whole(node: &Node, world: &World, song: &Song) {
    let length = SECONDS * RATE;
    for (file, most) in [("index.m3u8", length + 1_023), ("ogg.m3u8", length), (OGG, length)] {
        let heard = Ffmpeg::V8.decode(&node.url(&world.path(song, BERT, file)));
        assert!((length..=most).contains(&heard.len()), "{file}: {}", heard.len());
        let found = judge::align(&song.master, &heard);
        assert!(found.offset == 0 && found.correlation > 0.98, "{file}: {found:?}");
    }
}

/// What servers complain about, and quote.
fn ugly(node: &Node, target: &str) {
    let long = "a".repeat(40_000);
    for request in [
        format!("GET {target}%zz HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET {target} HTTP/9.9\r\nHost: x\r\n\r\n"),
        format!("GET {target} {target}\r\n\r\n"),
        format!("GET {target} HTTP/1.1\r\nHost: x\r\n{target}\r\n\r\n"),
        format!("GET {target} HTTP/1.1\r\nHost: a b\r\nHost: x\r\n\r\n"),
        format!("GET {target} HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n"),
        format!("GET {target}?{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET {target} HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"),
        format!("GE\u{0}T {target} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("TRACE {target} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET {target}"),
    ] {
        // Who says nothing more is not waited for.
        wire::send_and_leave(node.address, &request);
    }
    assert_eq!(node.get(target).status, 200);
}

/// What is cached is answered, to who has a token; what is not is an error that a player's script can read.
fn without_an_edge(node: &Node, world: &World, cached: &str, never: &str) {
    let answer = node.get(cached);
    assert_eq!(answer.status, 200);
    assert!(answer.header("cache-status").ends_with("; hit"), "{answer:?}");
    assert_eq!(node.get(&world.path(&world.songs[0], ANNA, OGG)).status, 200);
    let plain = cached.split_at(cached.find("/artist/").expect("a path")).1;
    assert_eq!(node.verdict(plain, ""), (401, "missing".to_owned()));
    assert_eq!(node.verdict(&format!("/t/x{plain}"), ""), (403, "malformed".to_owned()));
    let answer = node.get(never);
    assert!(matches!(answer.status, 502..=504), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}
