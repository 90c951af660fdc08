//! What the API says of itself is so: `schemathesis` reads `/openapi.json`, makes up requests, good and bad, and compares
//! the answers with it. `SEGUE_SCHEMA_EXAMPLES` says how many requests each operation gets; CI makes few.

use std::path::Path;
use std::process::{Command, Stdio};

use catalogue::{Role, User};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use crate::bench::{Bench, upload_of};

/// What is looked at in each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,\
                      negative_data_rejection,unsupported_method,ignored_auth";

/// What is left out: streams of events, which end after a quarter of an hour; what takes files, or is the ingest
/// endpoint's, which is not here; and what logs out whoever asks for all the rest.
const LEFT_OUT: [&str; 19] = [
    "delete_v1_sessions",
    "delete_v1_sessions_current",
    "get_v1_playlists_id_events",
    "get_v1_users_me_events",
    "get_v1_songs_id_events",
    "post_v1_playlists_import",
    "post_v1_songs",
    "put_v1_songs_id_artwork",
    "put_v1_songs_id_master",
    "put_v1_albums_id_artwork",
    "put_v1_users_me_avatar",
    "get_artwork_cover",
    "options_v1_uploads",
    "post_v1_uploads",
    "get_v1_uploads_id",
    "head_v1_uploads_id",
    "patch_v1_uploads_id",
    "post_v1_uploads_id",
    "delete_v1_uploads_id",
];

/// What refuses a request that is not as described: a body may also be right but for what `If-Match` says (412), which is
/// looked at first.
const SETTINGS: &str = r#"
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "428", "429", "5xx"]
"#;

/// The Python of tests/tools/python, with what it was given there.
fn tool(name: &str) -> Command {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(house.join("target/tools/python/bin").join(name))
}

/// Runs it, and fails with what it said where it fails.
async fn pass(mut command: Command) {
    command.stdin(Stdio::null());
    let output = spawn_blocking(move || command.output()).await.unwrap();
    let output = output.expect("tests/tools/test installs it");
    let said = String::from_utf8_lossy(&output.stdout);
    let erred = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{erred}");
}

#[tokio::test]
async fn the_description_is_valid_openapi_3_1() {
    let bench = Bench::new().await;
    let Value::Object(description) = bench.ask("GET /openapi.json").await.body else {
        panic!("an object");
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, serde_json::to_vec(&description).unwrap()).unwrap();
    let mut command = tool("openapi-spec-validator");
    command.args(["--schema", "3.1.0"]).arg(&file);
    pass(command).await;
}

/// Lets `schemathesis` at a bench with something in it, as `who`.
async fn conforms(who: Option<Role>) {
    let bench = Bench::new().await;
    let artist = bench.user("art", Role::Artist).await;
    bench.make_ready(upload_of(&artist, "Song")).await;
    let user: Option<User> = match who {
        Some(role) => Some(bench.user("caller", role).await),
        None => None,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, bench.router.clone()).into_future());
    let examples = std::env::var("SEGUE_SCHEMA_EXAMPLES").unwrap_or_else(|_| "3".to_owned());
    let mut command = tool("schemathesis");
    command.arg("run").arg(format!("http://{address}/openapi.json"));
    command.args(["--checks", CHECKS]);
    command.args(LEFT_OUT.iter().flat_map(|id| ["--exclude-operation-id", id]));
    command.args(["--phases", "examples,coverage,fuzzing", "--seed", "7", "--workers", "1"]);
    command.args(["--max-examples", &examples, "--no-shrink", "--request-timeout", "30"]);
    if let Some(user) = &user {
        command.args(["-H", &format!("Authorization: Bearer {}", bench.token(user).await)]);
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schemathesis.toml"), SETTINGS).unwrap();
    command.current_dir(&folder);
    pass(command).await;
    server.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_to_nobody_are_as_described() {
    conforms(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_to_a_listener_are_as_described() {
    conforms(Some(Role::Listener)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_to_an_artist_are_as_described() {
    conforms(Some(Role::Artist)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_to_an_admin_are_as_described() {
    conforms(Some(Role::Admin)).await;
}
