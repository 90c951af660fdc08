//! A request's path, the token in its query or its cookie, and its `Range`. The parsers are the edge's own files: the rest of that crate, an HTTP server
//! and a store's client, would take minutes to build for them.

#![no_main]

#[path = "../../edge/delivery/src/carrier.rs"]
mod carrier;
#[path = "../../edge/delivery/src/range.rs"]
mod range;
#[path = "../../edge/delivery/src/target.rs"]
mod target;

use http::Request;
use http::header::COOKIE;
use origin::Object;
use range::Selection;
use target::Target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (path, header) = text.split_once('\n').unwrap_or((text, text));
    read_object(path);
    read_target(path);
    read_range(header);
    read_carrier(path, header);
});

fn read_object(path: &str) {
    if let Ok(object) = path.parse::<Object>() {
        assert_eq!(object.to_string(), path, "a path has one spelling");
    }
}

fn read_target(path: &str) {
    if let Some(Target::Song { token, key, object }) = Target::read(path) {
        let start = token.map_or("/".to_owned(), |token| format!("/t/{token}"));
        assert!(path.starts_with(&start) && path.ends_with(key), "parts of the path");
        if let Some(object) = object {
            assert_eq!(object.to_string(), key, "a path has one spelling");
        }
    }
}

fn read_range(header: &str) {
    for size in [0, 1, 1_000, u64::MAX] {
        if let Selection::Part(part) = Selection::read(header, size) {
            assert!(part.start < part.end && part.end <= size, "{part:?} of {size}");
        }
    }
}

fn read_carrier(path: &str, cookie: &str) {
    let request = Request::builder().uri(path).header(COOKIE, cookie).body(());
    let Ok((parts, ())) = request.map(Request::into_parts) else { return };
    if let Ok(token) = carrier::token(&parts) {
        assert!(path.contains(token) || cookie.contains(token), "part of the request");
    }
}
