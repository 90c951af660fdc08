//! Conditions, encodings, and what stands in a head.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::site::Running;

const SEGMENT: &str = "aac/128/00003.m4s";
const PLAYLIST: &str = "aac/128/playlist.m3u8";
const VERSION: &str = "00112233445566778899aabbccddeeff";

fn playlist() -> String {
    (0..200).map(|index| format!("#EXTINF:5.76,\n{index:05}.m4s\n")).collect()
}

#[tokio::test]
async fn a_head_says_all_there_is_to_say() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let answer = edge.fetch("GET", SEGMENT, "").await;
    let keys = "song:0190d2a5-7c1e-7bbb-8123-000000000003 album:0190d2a5-7c1e-7bbb-8123-000000000002 \
        artist:0190d2a5-7c1e-7bbb-8123-000000000001 version:00112233445566778899aabbccddeeff";
    for (name, value) in [
        ("content-type", "audio/mp4"),
        ("content-length", "5"),
        ("etag", &format!("\"{VERSION}/{SEGMENT}/5\"")),
        ("cache-control", "private, max-age=31536000, immutable"),
        ("cache-status", "segue; fwd=miss; stored"),
        ("age", "0"),
        ("accept-ranges", "bytes"),
        ("access-control-allow-origin", "*"),
        ("surrogate-key", keys),
        ("cache-tag", &keys.replace(' ', ",")),
        ("vary", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert!(!answer.header("date").is_empty());
    assert_eq!(edge.fetch("GET", SEGMENT, "").await.header("cache-status"), "segue; hit");
}

#[tokio::test]
async fn if_none_match() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let etag = format!("\"{VERSION}/{SEGMENT}/5\"");
    for (held, status) in [
        (etag.clone(), 304),
        (format!("W/{etag}"), 304),
        (format!("\"x\", {etag}"), 304),
        (format!("\"x\"\r\nIf-None-Match: {etag}"), 304),
        ("*".to_owned(), 304),
        ("\"x\"".to_owned(), 200),
        (String::new(), 200),
        (etag.trim_matches('"').to_owned(), 200),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = edge.fetch(method, SEGMENT, &format!("If-None-Match: {held}\r\n")).await;
            assert_eq!(answer.status, status, "{held}");
            assert_eq!(answer.header("etag"), etag, "{held}");
            assert_eq!(answer.body.is_empty(), status == 304 || method == "HEAD", "{held}");
        }
    }
}

#[tokio::test]
async fn if_range() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let etag = format!("\"{VERSION}/{SEGMENT}/5\"");
    for (held, status) in [
        (etag.clone(), 206),
        (format!("W/{etag}"), 200),
        ("\"x\"".to_owned(), 200),
        ("Sat, 21 Nov 2026 10:00:00 GMT".to_owned(), 200),
    ] {
        let headers = format!("Range: bytes=1-2\r\nIf-Range: {held}\r\n");
        let answer = edge.fetch("GET", SEGMENT, &headers).await;
        assert_eq!(answer.status, status, "{held}");
        assert_eq!(answer.body, if status == 206 { &b"ou"[..] } else { b"sound" });
    }
}

#[tokio::test]
async fn text_is_gzipped_for_those_who_like_it() {
    let edge = Running::start().await;
    edge.store(PLAYLIST, playlist()).await;
    let plain = edge.fetch("GET", PLAYLIST, "").await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "Accept-Encoding"));
    assert_eq!(plain.body, playlist().as_bytes());
    let zipped = edge.fetch("GET", PLAYLIST, "Accept-Encoding: deflate, gzip\r\n").await;
    assert_eq!((zipped.status, zipped.header("content-encoding")), (200, "gzip"));
    assert_eq!(zipped.header("vary"), "Accept-Encoding");
    assert_eq!(zipped.header("content-length"), zipped.body.len().to_string());
    assert!(zipped.body.len() * 4 < plain.body.len());
    assert_ne!(zipped.header("etag"), plain.header("etag"));
    let mut text = String::new();
    GzDecoder::new(&zipped.body[..]).read_to_string(&mut text).expect("gzip");
    assert_eq!(text, playlist());
    let refused =
        edge.fetch("GET", PLAYLIST, "Accept-Encoding: gzip;q=0, br;q=0, *;q=0.1\r\n").await;
    assert_eq!(refused.header("content-encoding"), "");
    let head = edge.fetch("HEAD", PLAYLIST, "Accept-Encoding: gzip\r\n").await;
    assert_eq!(head.header("content-length"), zipped.header("content-length"));
}

#[tokio::test]
async fn text_is_brotli_for_those_who_know_it() {
    let edge = Running::start().await;
    edge.store(PLAYLIST, playlist()).await;
    let zipped = edge.fetch("GET", PLAYLIST, "Accept-Encoding: gzip\r\n").await;
    let small = edge.fetch("GET", PLAYLIST, "Accept-Encoding: gzip, deflate, br, zstd\r\n").await;
    assert_eq!((small.status, small.header("content-encoding")), (200, "br"));
    assert_eq!(small.header("vary"), "Accept-Encoding");
    assert_eq!(small.header("content-length"), small.body.len().to_string());
    assert!(small.header("etag").ends_with("-br\""), "{:?}", small.headers);
    assert!(small.body.len() < zipped.body.len());
    let mut text = Vec::new();
    brotli::BrotliDecompress(&mut &small.body[..], &mut text).expect("brotli");
    assert_eq!(text, playlist().as_bytes());
}

#[tokio::test]
async fn if_match() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let etag = format!("\"{VERSION}/{SEGMENT}/5\"");
    for (wanted, status) in [
        (etag.clone(), 200),
        ("*".to_owned(), 200),
        (format!("\"x\", {etag}"), 200),
        (format!("W/{etag}"), 412),
        ("\"x\"".to_owned(), 412),
        (String::new(), 412),
        // It goes before If-None-Match (RFC 9110 13.2.2).
        (format!("\"x\"\r\nIf-None-Match: {etag}"), 412),
        (format!("{etag}\r\nIf-None-Match: {etag}"), 304),
        (format!("{etag}\r\nRange: bytes=1-2"), 206),
        ("\"x\"\r\nRange: bytes=1-2".to_owned(), 412),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = edge.fetch(method, SEGMENT, &format!("If-Match: {wanted}\r\n")).await;
            let status = if status == 206 && method == "HEAD" { 200 } else { status };
            assert_eq!(answer.status, status, "{wanted}");
            assert_eq!(answer.header("cache-control") == "no-store", status == 412, "{wanted}");
        }
    }
}

/// We state no Last-Modified, and who does not must not heed dates (RFC 9110 13.1.3, 13.1.4).
#[tokio::test]
async fn dates_are_no_conditions() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    for name in ["If-Modified-Since", "If-Unmodified-Since"] {
        for date in ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 21 Nov 2036 10:00:00 GMT", "soon"] {
            let answer = edge.fetch("GET", SEGMENT, &format!("{name}: {date}\r\n")).await;
            assert_eq!((answer.status, answer.header("last-modified")), (200, ""), "{name}");
        }
    }
}

#[tokio::test]
async fn the_time_that_the_origin_took_is_told() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let miss = edge.fetch("GET", SEGMENT, "").await;
    let told = miss.header("server-timing").to_owned();
    let duration = told.strip_prefix("cache;desc=miss, origin;dur=").expect(&told);
    assert!(duration.parse::<f64>().is_ok_and(|it| it > 0.0), "{told}");
    assert_eq!(edge.fetch("GET", SEGMENT, "").await.header("server-timing"), "cache;desc=hit");
    assert_eq!(miss.header("timing-allow-origin"), "*");
    assert!(miss.header("access-control-expose-headers").contains("Server-Timing"));
}

#[tokio::test]
async fn each_encoding_is_held_by_its_own_tag() {
    let edge = Running::start().await;
    edge.store(PLAYLIST, playlist()).await;
    let gzip = "Accept-Encoding: gzip\r\n";
    let plain = edge.fetch("GET", PLAYLIST, "").await.header("etag").to_owned();
    let zipped = edge.fetch("GET", PLAYLIST, gzip).await.header("etag").to_owned();
    let status = async |encoding: &str, held: &str| {
        let headers = format!("{encoding}If-None-Match: {held}\r\n");
        edge.fetch("GET", PLAYLIST, &headers).await.status
    };
    assert_eq!(status(gzip, &zipped).await, 304);
    assert_eq!(status("", &plain).await, 304);
    assert_eq!(status(gzip, &plain).await, 200);
    assert_eq!(status("", &zipped).await, 200);
}

#[tokio::test]
async fn a_range_of_text_is_of_its_identity() {
    let edge = Running::start().await;
    edge.store(PLAYLIST, playlist()).await;
    let answer = edge.fetch("GET", PLAYLIST, "Accept-Encoding: gzip\r\nRange: bytes=0-6\r\n").await;
    assert_eq!((answer.status, answer.header("content-encoding")), (206, ""));
    assert_eq!(answer.body, b"#EXTINF");
}

#[tokio::test]
async fn sound_is_never_gzipped() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let answer = edge.fetch("GET", SEGMENT, "Accept-Encoding: gzip\r\n").await;
    assert_eq!((answer.header("content-encoding"), answer.body.as_slice()), ("", &b"sound"[..]));
}

#[tokio::test]
async fn methods() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let preflight = "Origin: https://player.example\r\nAccess-Control-Request-Method: GET\r\n\
        Access-Control-Request-Headers: range\r\n";
    let answer = edge.fetch("OPTIONS", SEGMENT, preflight).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"));
    assert!(answer.header("access-control-allow-methods").contains("GET"));
    assert!(answer.header("access-control-allow-headers").contains("Range"));
    for method in ["PUT", "DELETE", "PATCH", "TRACE", "BREW"] {
        let answer = edge.fetch(method, SEGMENT, "").await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, "GET, HEAD, OPTIONS"),
            "{method}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
}
