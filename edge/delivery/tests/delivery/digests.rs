//! `Repr-Digest` is that of the bytes which were packaged, and spoilt bytes are not answered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::site::Running;

/// The SHA-256 of "sound", as `printf sound | sha256sum` tells it.
const SOUND: &str = "dd29442deca69f52c50006b831cb216edf78a7da33748f0a80ff19f2ebe57ecd";

async fn listed(edge: &Running) {
    let objects = format!(
        "{{\"path\":\"ogg/320.ogg\",\"size\":5,\"sha256\":\"{SOUND}\"}},\
         {{\"path\":\"index.m3u8\",\"size\":5,\"sha256\":\"{SOUND}\"}}"
    );
    edge.store("asset.json", format!("{{\"objects\":[{objects}]}}")).await;
}

#[tokio::test]
async fn the_digest_goes_with_whole_and_part_but_not_with_another_encoding() {
    let edge = Running::start().await;
    listed(&edge).await;
    edge.store("ogg/320.ogg", "sound").await;
    edge.store("index.m3u8", "sound").await;
    let hash = hex::decode(SOUND).expect("hex");
    let field = format!("sha-256=:{}:", STANDARD.encode(hash));
    for (method, file, headers, status, expected) in [
        ("GET", "ogg/320.ogg", "", 200, field.as_str()),
        ("HEAD", "ogg/320.ogg", "", 200, &field),
        ("GET", "ogg/320.ogg", "Range: bytes=1-2\r\n", 206, &field),
        ("GET", "index.m3u8", "", 200, &field),
        ("GET", "index.m3u8", "Accept-Encoding: gzip\r\n", 200, ""),
        ("GET", "asset.json", "", 200, ""),
    ] {
        let answer = edge.fetch(method, file, headers).await;
        let got = (answer.status, answer.header("repr-digest"));
        assert_eq!(got, (status, expected), "{method} {file} {headers}");
    }
}

#[tokio::test]
async fn spoilt_bytes_are_a_bad_gateway() {
    let edge = Running::start().await;
    listed(&edge).await;
    edge.store("ogg/320.ogg", "saund").await;
    let answer = edge.fetch("GET", "ogg/320.ogg", "").await;
    assert_eq!((answer.status, answer.header("cache-control")), (502, "no-store"));
}
