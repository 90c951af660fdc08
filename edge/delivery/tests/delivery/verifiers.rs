//! The verifiers that run on other people's edges (`infra/cdn`), beside this one: what it says to a request, they say.
//! A table of requests is put to a running edge; Node.js then puts it to the verifiers.

mod es256;
mod key_sets;
mod mutation;
mod table;
mod written;

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use media::Kbps;
use segue_delivery::PullSecrets;
use serde_json::json;
use token::{VerifyingKeys, playback};

use crate::site::{FOLDER, NOW, Running, USER};
use crate::tokens::SEGMENT;
use es256::Minter;
use table::Asked;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// How many requests are made of others by changing some of their characters, and how many of tokens' JSON.
const MUTATIONS: usize = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_verifiers_for_cdns_say_what_the_edge_says() {
    let pulls: PullSecrets = SECRET.parse().expect("a secret");
    let edge = Running::start_pulled(None, pulls).await;
    edge.store(SEGMENT, "sound").await;
    let minter = Minter::generate();
    let both = [minter.keys(), VerifyingKeys::from(&edge.key)];
    let keys: VerifyingKeys = both.into_iter().collect();
    edge.edge.believe(keys.clone());

    let mut asked = table::requests(&edge, &minter);
    asked.extend(mutation::of(&asked, MUTATIONS));
    asked.extend(mutation::signed(&edge, MUTATIONS));
    let mut rows = Vec::new();
    for request in asked {
        rows.extend(row(&edge, request).await);
    }
    let refused = rows.iter().filter(|row| row["verdict"]["pass"] == false).count();
    assert!(rows.len() > MUTATIONS && refused > 200, "{refused} of {} refused", rows.len());

    let table = json!({
        "now": NOW * 1_000,
        "jwks": keys.to_jwks(),
        "rows": rows,
        "keySets": key_sets::read(),
        "live": live(&edge, &minter),
    });
    let folder = tempfile();
    std::fs::write(&folder, table.to_string()).expect("written");
    tokio::task::spawn_blocking(move || judge_by_node(&folder)).await.expect("no panic");
}

/// What the edge says to a request; nothing where HTTP itself says no.
async fn row(edge: &Running, asked: Asked) -> Option<serde_json::Value> {
    let uri: http::Uri = asked.target.parse().ok()?;
    let answer = asked.send(edge.address).await;
    let said = table::verdict(uri.path(), &asked, &answer)?;
    Some(json!({
        "what": asked.what,
        "method": asked.method,
        "path": uri.path(),
        "query": uri.query(),
        "cookies": asked.cookies,
        "verdict": said,
        "answer": table::answer(&answer),
    }))
}

/// What the verifiers are run with for real: tokens of now, and an edge to pull from.
fn live(edge: &Running, minter: &Minter) -> serde_json::Value {
    let grant = |max_kbps| playback::Grant {
        user: USER.parse().expect("a UUID"),
        prefix: FOLDER.parse().expect("a folder"),
        max_kbps: Kbps(max_kbps),
        duration: std::time::Duration::from_secs(210),
    };
    let mint = |max_kbps| playback::mint(&edge.key, &grant(max_kbps), SystemTime::now()).token;
    json!({
        "edge": format!("http://{}", edge.address),
        "secret": SECRET,
        "path": format!("/{FOLDER}/{SEGMENT}"),
        "eddsa": mint(320),
        "capped": mint(64),
        "es256": minter.sign(&mint(320)),
        "eddsaKeys": VerifyingKeys::from(&edge.key).to_jwks(),
    })
}

fn tempfile() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cdn-verifiers.json")
}

fn judge_by_node(table: &Path) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/cdn");
    let installed = folder.join("node_modules").is_dir();
    assert!(installed, "workerd is missing: run tests/tools/npm infra/cdn (tests/tools/test does)");
    let tests = ["verdicts", "held_keys", "cloudflare", "fastly", "lambda_edge"];
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec"])
        .args(tests.map(|name| format!("tests/{name}.test.js")))
        .current_dir(folder)
        .env("SEGUE_TABLE", table)
        .output()
        .expect("node runs (tests/tools/build installs it)");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}
