//! Ranges against what a slice of the same bytes is.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::site::Running;

/// Two blocks and a half.
const SIZE: usize = (5 << 20) / 2;
const FILE: &str = "ogg/320.ogg";

fn pattern() -> Vec<u8> {
    (0..SIZE).map(|at| (at % 251) as u8 ^ (at >> 16) as u8).collect()
}

#[tokio::test]
async fn single_ranges() {
    let edge = Running::start().await;
    edge.store(FILE, pattern()).await;
    let table = [
        ("bytes=0-9", 206, "bytes 0-9/2621440", 0..10),
        ("bytes=2621430-", 206, "bytes 2621430-2621439/2621440", SIZE - 10..SIZE),
        ("bytes=-10", 206, "bytes 2621430-2621439/2621440", SIZE - 10..SIZE),
        ("bytes=-9999999", 206, "bytes 0-2621439/2621440", 0..SIZE),
        ("bytes=1048570-1048580", 206, "bytes 1048570-1048580/2621440", 1_048_570..1_048_581),
        ("bytes=0-0,5-9", 200, "", 0..SIZE),
        ("lines=0-9", 200, "", 0..SIZE),
        ("bytes=9-0", 200, "", 0..SIZE),
    ];
    for (range, status, content_range, expected) in table {
        let answer = edge.fetch("GET", FILE, &format!("Range: {range}\r\n")).await;
        assert_eq!(
            (answer.status, answer.header("content-range")),
            (status, content_range),
            "{range}"
        );
        assert_eq!(answer.header("content-length"), expected.len().to_string(), "{range}");
        assert_eq!(answer.header("accept-ranges"), "bytes");
        assert!(answer.body == pattern()[expected], "{range}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_416() {
    let edge = Running::start().await;
    edge.store(FILE, pattern()).await;
    for range in ["bytes=2621440-", "bytes=-0", "bytes=99999999999999999999-"] {
        let answer = edge.fetch("GET", FILE, &format!("Range: {range}\r\n")).await;
        assert_eq!(
            (answer.status, answer.header("content-range")),
            (416, "bytes */2621440"),
            "{range}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
}

#[tokio::test]
async fn head_tells_the_whole_length_and_sends_nothing() {
    let edge = Running::start().await;
    edge.store(FILE, pattern()).await;
    let answer = edge.fetch("HEAD", FILE, "Range: bytes=0-9\r\n").await;
    assert_eq!((answer.status, answer.header("content-length")), (200, "2621440"));
    assert!(answer.body.is_empty());
}

#[test]
fn every_range_is_a_slice() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (edge, whole) = runtime.block_on(async {
        let edge = Running::start().await;
        edge.store(FILE, pattern()).await;
        (edge, pattern())
    });
    let near = |edge: usize| edge.saturating_sub(3)..(edge + 3);
    let place = prop_oneof![0..SIZE + 9, near(1 << 20), near(2 << 20), near(SIZE)];
    let ask =
        |range: String| runtime.block_on(edge.fetch("GET", FILE, &format!("Range: {range}\r\n")));
    TestRunner::default()
        .run(&(place.clone(), place), |(first, last)| {
            let answer = ask(format!("bytes={first}-{last}"));
            let expected: &[u8] = match whole.get(first..(last + 1).clamp(first, SIZE.max(first))) {
                Some(slice) if !slice.is_empty() => slice,
                _ => &whole,
            };
            let status = if first > last {
                200
            } else if first >= SIZE {
                416
            } else {
                206
            };
            prop_assert_eq!(answer.status, status);
            prop_assert!(status == 416 || answer.body == expected);
            Ok(())
        })
        .expect("every range is a slice");
}
