//! What is refused, and that it is before a body is read.

use std::io::{Read, Write};
use std::time::Duration;

use axum::body::Body;
use catalogue::jobs::bound::Bound;
use segue_ingest::upload;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::bench::{Ask, Bench, LIMIT, metadata, noise};

/// Nobody waits so long for what is refused before the body.
const PROMPT: Duration = Duration::from_secs(30);

/// A body whose end nobody may wait for: it has none.
fn untouched() -> Body {
    Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>())
}

#[tokio::test]
async fn it_says_what_it_can() {
    let bench = Bench::new().await;
    let told = bench.ask("OPTIONS /v1/uploads").await;
    assert_eq!(told.status, 204);
    for (name, value) in [
        ("tus-resumable", "1.0.0"),
        ("tus-version", "1.0.0"),
        (
            "tus-extension",
            "creation,creation-with-upload,expiration,checksum,termination,concatenation",
        ),
        ("tus-max-size", "4194304"),
        ("tus-checksum-algorithm", "sha1,sha256"),
    ] {
        assert_eq!(told.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn uploads_that_cannot_be_accepted_are_not_begun() {
    let bench = Bench::new().await;
    let create = |length: &str| {
        let ask = bench.ask("POST /v1/uploads").header("upload-length", length).body(untouched());
        ask.header("content-type", "application/offset+octet-stream")
    };
    let with = |pairs: &[(&str, &str)]| create("9").header("upload-metadata", &metadata(pairs));
    let asks: [(Ask, u16, &str); 14] = [
        (create(&(LIMIT + 1).to_string()), 413, "too-large"),
        (create("0"), 422, "invalid-field"),
        (create("-1"), 400, "invalid-upload-header"),
        (create("99999999999999999999"), 400, "invalid-upload-header"),
        (
            bench.ask("POST /v1/uploads").header("upload-defer-length", "1"),
            400,
            "invalid-upload-header",
        ),
        (create("9").header("upload-metadata", "title ???"), 422, "invalid-field"),
        (with(&[("colour", "red")]), 422, "invalid-field"),
        (with(&[("title", &"x".repeat(201))]), 422, "invalid-field"),
        (with(&[("release_year", "soon")]), 422, "invalid-field"),
        (with(&[("filetype", "image/png")]), 415, "unsupported-media-type"),
        (create("9").header("upload-metadata", &"x".repeat(9_000)), 422, "invalid-field"),
        (create("9").header("upload-concat", "partially"), 422, "invalid-field"),
        (create("9").header("upload-checksum", "md5 x"), 400, "invalid-upload-header"),
        (
            bench.create(9).header("content-type", "audio/flac").body(untouched()),
            415,
            "unsupported-media-type",
        ),
    ];
    for (number, (ask, status, problem)) in asks.into_iter().enumerate() {
        let answer = ask.await;
        assert_eq!((answer.status, answer.problem()), (status, problem), "{number}: {answer:?}");
        assert_eq!(answer.header("tus-resumable"), "1.0.0");
    }
    assert!(bench.files("work").is_empty() && bench.songs().await.is_empty());
}

#[tokio::test]
async fn pieces_that_cannot_be_accepted_change_nothing() {
    let bench = Bench::new().await;
    let path = bench.create(100).await.location();
    bench.patch(&path, 0).body(noise(40, 1)).await;
    let other = bench.ask(&format!("PATCH {path}")).header("upload-offset", "40");
    for (ask, status, problem) in [
        (bench.patch(&path, 0), 409, "wrong-offset"),
        (bench.patch(&path, 41), 409, "wrong-offset"),
        (bench.patch(&path, 101), 409, "wrong-offset"),
        (other.header("content-type", "audio/flac"), 415, "unsupported-media-type"),
        (bench.patch(&path, 40).header("content-length", "61"), 413, "too-large"),
        (
            bench.ask(&format!("PATCH {path}")).header("upload-offset", "40"),
            415,
            "unsupported-media-type",
        ),
    ] {
        let answer = ask.body(untouched()).await;
        assert_eq!((answer.status, answer.problem()), (status, problem), "{answer:?}");
    }
    let more = bench.patch(&path, 40).body(noise(61, 1)).await;
    assert_eq!((more.status, bench.head(&path).await.offset()), (413, 40));
}

#[tokio::test]
async fn another_version_is_told_ours() {
    let bench = Bench::new().await;
    let other = axum::http::Request::post("/v1/uploads").header("upload-length", "1");
    let other = other.header("tus-resumable", "2.0.0").body(untouched()).unwrap();
    let told = bench.router(bench.ann).oneshot(other).await.unwrap();
    assert_eq!(
        (told.status().as_u16(), &told.headers()["tus-version"]),
        (412, &"1.0.0".parse().unwrap())
    );
}

#[tokio::test]
async fn nobody_is_told_of_anothers_upload() {
    let bench = Bench::new().await;
    let path = bench.create(100).await.location();
    for method in ["HEAD", "GET", "PATCH", "DELETE"] {
        let ask = bench.ask_as(bench.bob, &format!("{method} {path}"));
        let ask = ask.header("upload-offset", "0").body(untouched());
        let answer = ask.header("content-type", "application/offset+octet-stream").await;
        assert_eq!(answer.status, 404, "{method}");
    }
    assert_eq!(bench.head(&path).await.offset(), 0);
    assert_eq!(bench.head("/v1/uploads/x").await.status, 404);
}

#[tokio::test]
async fn nobody_has_too_much_on_the_way() {
    let bench = Bench::new().await;
    for _ in 0..20 {
        bench.create(LIMIT as usize).await.location();
    }
    let refused = bench.create(1).await;
    assert_eq!((refused.status, refused.problem()), (413, "quota-exceeded"));
    assert_eq!(
        bench.ask_as(bench.bob, "POST /v1/uploads").header("upload-length", "1").await.status,
        201
    );
}

#[tokio::test]
async fn a_full_disk_is_told_before_the_body() {
    let bench = Bench::with(|intake| intake.keeping_free(u64::MAX)).await;
    let refused = bench.create(1).body(untouched()).await;
    assert_eq!((refused.status, refused.problem()), (507, "no-room"));
    let router: axum::Router = upload::router(bench.intake.clone()).into();
    let router = router.layer(axum::Extension(bench.ann));
    // One says how long it is, the other does not.
    for length in [("content-length", "300"), ("x-nothing", "")] {
        let form = axum::http::Request::post("/v1/songs").header(length.0, length.1);
        let form = form.header("content-type", "multipart/form-data; boundary=XX");
        let form = form.body(untouched()).unwrap();
        let refused = timeout(PROMPT, router.clone().oneshot(form)).await.expect("at once");
        assert_eq!(refused.unwrap().status(), 507, "{length:?}");
    }
}

#[tokio::test]
async fn nobody_begins_an_upload_where_the_queue_is_full_and_what_is_begun_goes_on() {
    let bench = Bench::with(|intake| intake.queueing(Bound { each: 2, all: 3 })).await;
    let begun = bench.create(9).await.location();
    for bytes in ["nine of 1", "nine of 2"] {
        let whole = bench.create(9).header("content-type", "application/offset+octet-stream");
        assert!(whole.body(bytes).await.song().is_some());
    }
    let refused = |user, status, problem| {
        let ask = bench.ask_as(user, "POST /v1/uploads").header("upload-length", "9");
        let ask = ask.header("content-type", "application/offset+octet-stream").body(untouched());
        let router: axum::Router = upload::router(bench.intake.clone()).into();
        let router = router.layer(axum::Extension(user));
        let form = axum::http::Request::post("/v1/songs").header("content-length", "300");
        let form = form.header("content-type", "multipart/form-data; boundary=XX");
        let form = form.body(untouched()).unwrap();
        async move {
            let answer = timeout(PROMPT, ask).await.expect("at once");
            assert_eq!((answer.status, answer.problem()), (status, problem));
            assert_eq!(answer.header("retry-after"), "60");
            let answer = timeout(PROMPT, router.oneshot(form)).await.expect("at once").unwrap();
            assert_eq!(answer.status(), status);
            assert_eq!(answer.headers()["retry-after"], "60");
        }
    };
    refused(bench.ann, 429, "queue-full").await;
    let theirs = bench.ask_as(bench.bob, "POST /v1/uploads").header("upload-length", "9");
    let theirs = theirs.header("content-type", "application/offset+octet-stream");
    assert!(theirs.body("nine byte").await.song().is_some(), "that is not for others");
    refused(bench.bob, 503, "queue-full").await;
    // It was promised a place.
    assert!(bench.patch(&begun, 0).body("nine byte").await.song().is_some());
    let job = bench.catalogue.jobs().claim(PROMPT).await.unwrap().unwrap();
    bench.catalogue.jobs().fail(&job, "because").await.unwrap();
    refused(bench.ann, 429, "queue-full").await;
}

/// As many clients do, which read no answer before they have sent everything.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_on_can_still_read_the_answer() {
    let bench = Bench::new().await;
    let router: axum::Router = upload::router(bench.intake.clone()).into();
    let router = router.layer(axum::Extension(bench.ann)).merge(bench.router(bench.ann));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    for head in [
        "POST /v1/songs HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x",
        "POST /v1/uploads HTTP/1.1\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 20000000",
    ] {
        let asking = tokio::task::spawn_blocking(move || {
            let mut client = std::net::TcpStream::connect(address).unwrap();
            let rest = "Host: x\r\nContent-Length: 20000000\r\nConnection: close\r\n\r\n";
            client.write_all(format!("{head}\r\n{rest}").as_bytes()).unwrap();
            client.write_all(&vec![7; 20_000_000]).unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            answer
        });
        let answer = asking.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
}
