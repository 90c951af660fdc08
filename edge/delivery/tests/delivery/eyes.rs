//! What those who run an edge see of it: figures, and one line per request.

use std::io::{self, BufRead, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use service::Metrics;
use service::telemetry::spans::{self, Exporting, Sample};
use testkit::origin_store::Behaviour;
use tokio::net::TcpStream;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::answer::{exchange, send};
use crate::frames::python;
use crate::site::{FOLDER, Running};

const SEGMENT: &str = "aac/64/init.mp4";
const LARGE: &str = "ogg/320.ogg";

/// The value of a sample, named with its labels as it is written.
fn value(told: &str, sample: &str) -> Option<f64> {
    told.lines().find_map(|line| line.strip_prefix(sample)?.trim().parse().ok())
}

#[tokio::test]
async fn everything_is_counted() {
    let edge = Running::start().await;
    let metrics = Metrics::default();
    edge.edge.register(&metrics);
    edge.store(SEGMENT, "sound").await;
    edge.store(LARGE, vec![7; 3 << 20]).await;
    for _ in 0..3 {
        assert_eq!(edge.fetch("GET", SEGMENT, "").await.status, 200);
    }
    edge.fetch("GET", SEGMENT, "Range: bytes=1-2\r\n").await;
    edge.fetch("HEAD", SEGMENT, "").await;
    edge.fetch("GET", "aac/64/00009.m4s", "").await;
    edge.fetch("PUT", SEGMENT, "").await;
    send(edge.address, "GET", &format!("/{FOLDER}/{SEGMENT}"), "").await;
    send(edge.address, "GET", &format!("/t/x/{FOLDER}/{SEGMENT}"), "").await;
    send(edge.address, "GET", &format!("/t/x/{FOLDER}/../{SEGMENT}"), "").await;
    send(edge.address, "GET", "/not/ours", "").await;
    edge.store.behave(Behaviour::FailFrom(1 << 20));
    let path = format!("/t/{}/{FOLDER}/{LARGE}", edge.token(320));
    let stream = TcpStream::connect(edge.address).await.expect("a connection");
    let _broken = exchange(stream, "GET", &path, "").await;

    let mut told = metrics.encode();
    // The connection ends a moment before its figures.
    while value(&told, "segue_edge_broken_answers_total") != Some(1.0) {
        tokio::task::yield_now().await;
        told = metrics.encode();
    }
    for (sample, expected) in [
        ("segue_edge_answers_total{status=\"200\"}", 5.0),
        ("segue_edge_answers_total{status=\"206\"}", 1.0),
        ("segue_edge_answers_total{status=\"404\"}", 1.0),
        ("segue_edge_answers_total{status=\"405\"}", 1.0),
        ("segue_edge_answers_total{status=\"401\"}", 1.0),
        ("segue_edge_answers_total{status=\"403\"}", 2.0),
        ("segue_edge_lookups_total{result=\"hit\"}", 4.0),
        ("segue_edge_lookups_total{result=\"miss\"}", 2.0),
        ("segue_edge_lookups_total{result=\"collapsed\"}", 0.0),
        ("segue_edge_refusals_total{reason=\"missing\"}", 1.0),
        ("segue_edge_refusals_total{reason=\"malformed\"}", 1.0),
        ("segue_edge_refusals_total{reason=\"bad-path\"}", 1.0),
        ("segue_edge_answers_under_way", 0.0),
        ("segue_edge_connections_total{protocol=\"http/1.1\"}", 12.0),
    ] {
        assert_eq!(value(&told, sample), Some(expected), "{sample} in\n{told}");
    }
    let sent = value(&told, "segue_edge_sent_bytes_total").expect("a sum");
    assert!(sent > 3.0 * 5.0 + 2.0 && sent < f64::from(3 << 20), "{sent}");
    assert!(value(&told, "segue_cache_fill_seconds_count").expect("a sum") >= 3.0, "{told}");
    assert!(value(&told, "segue_cache_fills_total{outcome=\"not-found\"}").is_some(), "{told}");
    judged(&told);
}

/// PyPI's prometheus-client reads it, and refuses what is not OpenMetrics.
fn judged(told: &str) {
    let script = "import sys\n\
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as read\n\
        print(len(list(read(sys.stdin.read()))))";
    let mut child = Command::new(python())
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python runs (tests/tools/test installs it)");
    child.stdin.take().expect("piped").write_all(told.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{told}");
    let families: usize = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number");
    assert!(families >= 9, "{families} families in\n{told}");
}

/// A log that a test reads.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("text")
    }

    fn lines(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        lines.filter(|line: &Value| line["target"] == "access").collect()
    }
}

#[tokio::test]
async fn a_line_says_all_of_a_request_but_its_token() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let token = edge.token(320);
    let signed = format!("/t/{token}/{FOLDER}/{SEGMENT}");
    let cmcd = "CMCD=bl%3D21300%2Cbr%3D64%2Cot%3Da%2Csid%3D%22abc%22%2Csu";
    let cookie = format!("Cookie: URISigningPackage={token}\r\n");
    for (path, headers) in [
        (format!("{signed}?{cmcd}"), "Range: bytes=0-1\r\n"),
        (signed.clone(), "CMCD-Request: mtp=9900,bl=1200\r\nCMCD-Status: bs\r\n"),
        (format!("/{FOLDER}/{SEGMENT}?URISigningPackage={token}"), ""),
        (format!("/{FOLDER}/{SEGMENT}"), cookie.as_str()),
        (format!("/t/{token}x/{FOLDER}/{SEGMENT}"), ""),
        (format!("/t/{token}/{FOLDER}/../{token}"), ""),
        (format!("/{FOLDER}/{SEGMENT}?token={token}&URISigningPackage={token}x"), ""),
        (format!("/t/x/t/{token}/{FOLDER}/{SEGMENT}"), ""),
    ] {
        send(edge.address, "GET", &path, headers).await;
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 8, "{}", log.text());
    let field = |line: usize, name: &str| lines[line]["fields"][name].clone();
    for (line, name, expected) in [
        (0, "method", Value::from("GET")),
        (0, "client", "127.0.0.1".into()),
        (0, "version", "HTTP/1.1".into()),
        (0, "path", format!("{FOLDER}/{SEGMENT}").into()),
        (0, "status", 206.into()),
        (0, "sent", 2.into()),
        (0, "cache", "miss".into()),
        (0, "refusal", Value::Null),
        (0, "broken", Value::Null),
        (0, "cmcd.bl", 21_300.into()),
        (0, "cmcd.br", 64.into()),
        (0, "cmcd.ot", "a".into()),
        (0, "cmcd.sid", "abc".into()),
        (0, "cmcd.su", true.into()),
        (1, "cache", "hit".into()),
        (1, "cmcd.mtp", 9_900.into()),
        (1, "cmcd.bl", 1_200.into()),
        (1, "cmcd.bs", true.into()),
        (2, "status", 200.into()),
        (2, "path", format!("{FOLDER}/{SEGMENT}").into()),
        (2, "cmcd.bl", Value::Null),
        (3, "status", 200.into()),
        (4, "refusal", "malformed".into()),
        (5, "refusal", "bad-path".into()),
        (5, "path", "(crooked)".into()),
        (6, "refusal", "malformed".into()),
        (7, "path", "(no object)".into()),
    ] {
        assert_eq!(field(line, name), expected, "{name} of {}", lines[line]);
    }
    assert!(field(0, "milliseconds").as_f64().is_some_and(|time| time > 0.0));
    let signature = token.rsplit('.').next().expect("three parts");
    assert!(!log.text().contains(signature), "{}", log.text());
}

/// A player may write what it likes, and no more than one line comes of it.
#[tokio::test]
async fn no_player_writes_lines_of_its_own() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let path = format!("/t/{}/{FOLDER}/{SEGMENT}", edge.token(320));
    for cmcd in ["sid%3D%22a%0A%7B%7D%22", "cid%3D%22%5C%22%2C%5C%22%22", "br%3D%00"] {
        send(edge.address, "GET", &format!("{path}?CMCD={cmcd}"), "").await;
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 3, "{}", log.text());
    assert_eq!(lines[0]["fields"]["cmcd.sid"], Value::Null);
    assert_eq!(lines[1]["fields"]["cmcd.cid"], "\",\"");
}

/// A collector that takes whatever is sent to it, and answers 200.
struct Collector {
    url: String,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let bodies = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let taken = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                if let Some(body) = take(&mut stream) {
                    taken.lock().expect("no panic").push(body);
                }
            }
        });
        Self { url, bodies }
    }
}

fn take(stream: &mut std::net::TcpStream) -> Option<Vec<u8>> {
    let mut reader = io::BufReader::new(stream.try_clone().ok()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(answer.as_bytes()).ok()?;
    Some(body)
}

/// As PyPI's opentelemetry-proto reads them: name, own id, parent's id and attributes.
fn told(body: &[u8]) -> Vec<Value> {
    let script = "import json, sys\n\
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest as R\n\
        for r in R.FromString(sys.stdin.buffer.read()).resource_spans:\n\
        \tfor s in (s for scope in r.scope_spans for s in scope.spans):\n\
        \t\tvalue = lambda v: getattr(v, v.WhichOneof('value'))\n\
        \t\tprint(json.dumps([s.name, s.span_id.hex(), s.parent_span_id.hex(), s.kind,\n\
        \t\t\t{a.key: value(a.value) for a in s.attributes}]))";
    let mut child = Command::new(python())
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python runs (tests/tools/test installs it)");
    child.stdin.take().expect("piped").write_all(body).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).expect("text");
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn a_collector_is_told_what_took_how_long() {
    let collector = Collector::start();
    let endpoint = collector.url.parse().expect("a URL");
    let exporting = Exporting::to(&spans::Collector { endpoint, sample: Sample::default() });
    let exporting = exporting.expect("a client");
    let subscriber = tracing_subscriber::registry().with(exporting.layer());
    let guard = tracing::subscriber::set_default(subscriber);
    let mut edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    edge.fetch("GET", SEGMENT, "").await;
    edge.fetch("GET", SEGMENT, "").await;
    let token = edge.token(64);
    send(edge.address, "GET", &format!("/t/{token}/{FOLDER}/{LARGE}"), "").await;
    // A span ends with its answer on this side, which is after the client has it.
    edge.shutdown.cancel();
    assert_eq!((&mut edge.served).await.expect("no panic"), 0);
    drop(guard);
    // What is left is sent.
    tokio::task::spawn_blocking(move || drop(exporting)).await.expect("no panic");

    let bodies = collector.bodies.lock().expect("no panic").clone();
    let found: Vec<Value> = bodies.iter().flat_map(|body| told(body)).collect();
    let named = |name: &str| found.iter().filter(|span| span[0] == name).collect::<Vec<_>>();
    let (requests, fills) = (named("request"), named("fill"));
    assert_eq!((requests.len(), fills.is_empty()), (3, false), "{found:?}");
    let attributes: Vec<_> = requests.iter().map(|span| &span[4]).collect();
    for (at, name, expected) in [
        (0, "http.request.method", Value::from("GET")),
        (0, "url.path", format!("{FOLDER}/{SEGMENT}").into()),
        (0, "http.response.status_code", 200.into()),
        (0, "segue.cache", "miss".into()),
        (1, "segue.cache", "hit".into()),
        (2, "http.response.status_code", 403.into()),
        (2, "segue.refusal", "over-cap".into()),
    ] {
        assert_eq!(attributes[at][name], expected, "{name} of {found:?}");
    }
    assert_eq!(requests[0][3], 2, "a server's");
    // A segment's fill is the request's; that of the list that it is compared with, the fill's.
    assert!(fills.iter().any(|fill| fill[2] == requests[0][1]), "{found:?}");
    assert!(fills.iter().all(|fill| fill[2] != ""), "{found:?}");
    let all = bodies.concat();
    assert!(!all.windows(token.len()).any(|at| at == token.as_bytes()), "no token");
}
