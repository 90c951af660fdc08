//! nginx as it is shipped: viewers come by TLS and HTTP/2, and the edge knows it by its certificate.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use testkit::edge::{EdgeProcess, RunningEdge};

use crate::node::{Kind, Node, text};
use crate::world::{ANNA, BERT, World};

const SEGMENT: &str = "aac/128/00000.m4s";

fn openssl(folder: &Path, arguments: &str) {
    let mut openssl = Command::new("openssl");
    let said = openssl.current_dir(folder).args(arguments.split(' ')).output();
    let said = said.expect("openssl runs");
    assert!(said.status.success(), "{arguments}: {}", String::from_utf8_lossy(&said.stderr));
}

/// An authority, and what it vouches for: `{name}.crt` and `{name}.key`.
fn certificates(folder: &Path, authority: &str, names: &[&str]) {
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    let subject = format!("-subj /CN={authority}");
    openssl(
        folder,
        &format!("req -x509 {new} {subject} -keyout {authority}.key -out {authority}.crt"),
    );
    for name in names {
        let alternative = format!("-addext subjectAltName=DNS:{name}.example");
        openssl(
            folder,
            &format!("req {new} -subj /CN={name} {alternative} -keyout {name}.key -out {name}.csr"),
        );
        let signed = format!("-CA {authority}.crt -CAkey {authority}.key -CAcreateserial");
        openssl(
            folder,
            &format!("x509 -req -in {name}.csr {signed} -copy_extensions copy -out {name}.crt"),
        );
    }
}

/// An edge that takes certificates of `pullers.crt` in place of tokens.
fn edge(world: &World, folder: &Path) -> (RunningEdge, SocketAddr) {
    let path = |name: &str| text(&folder.join(name)).to_owned();
    let edge = EdgeProcess::of(env!("CARGO_BIN_EXE_segue"))
        .env("SEGUE_ORIGIN", text(&world.objects()))
        .env("SEGUE_JWKS", &path("jwks.json"))
        .env("SEGUE_TLS_CERT", &path("edge.crt"))
        .env("SEGUE_TLS_KEY", &path("edge.key"))
        .env("SEGUE_TLS_CLIENT_CA", &path("pullers.crt"))
        .start();
    let address = edge.url().rsplit('/').next().expect("an address").parse();
    (edge, address.expect("an address"))
}

/// A node whose certificate is `puller`'s.
fn node(folder: TempDir, edge: SocketAddr, puller: &str) -> Node {
    let here = text(folder.path()).to_owned();
    let ours = |name: &str| format!("{here}/{name}");
    let (certificate, key) = (ours("node.crt"), ours("node.key"));
    let (pull_certificate, pull_key) = (
        format!("proxy_ssl_certificate {here}/{puller}.crt;"),
        format!("proxy_ssl_certificate_key {here}/{puller}.key;"),
    );
    let authorities = ours("servers.crt");
    let changes = [
        ("listen 443 ssl http2 default_server;", "listen ADDRESS ssl http2 default_server;"),
        ("/etc/segue/node.crt", certificate.as_str()),
        ("/etc/segue/node.key", &key),
        ("# proxy_ssl_certificate /etc/segue/puller.crt;", &pull_certificate),
        ("# proxy_ssl_certificate_key /etc/segue/puller.key;", &pull_key),
        ("/etc/ssl/certs/ca-certificates.crt", &authorities),
    ];
    fs::write(ours("edge-secret.conf"), "set $segue_edge_secret \"\";").expect("written");
    Node::start_in(Kind::Nginx, folder, edge, &changes)
}

fn curl(node: &Node, arguments: &[&str], path: &str) -> Output {
    let authority = node.folder.path().join("servers.crt");
    let resolve = format!("node.example:{}:127.0.0.1", node.address.port());
    let url = format!("https://node.example:{}{path}", node.address.port());
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--http2", "--cacert", text(&authority), "--resolve", &resolve]);
    curl.args(arguments).arg(url).output().expect("curl runs")
}

#[test]
fn nginx_is_known_by_its_certificate_and_speaks_http_2() {
    let world = World::with_songs(&[1]);
    let song = &world.songs[0];
    let folder = TempDir::new().expect("a temporary folder");
    world.fetch_keys(&folder.path().join("jwks.json"));
    certificates(folder.path(), "servers", &["edge", "node"]);
    certificates(folder.path(), "pullers", &["puller"]);
    certificates(folder.path(), "strangers", &["stranger"]);
    let (_edge, address) = edge(&world, folder.path());

    let other = TempDir::new().expect("a temporary folder");
    for file in fs::read_dir(folder.path()).expect("files").flatten() {
        fs::copy(file.path(), other.path().join(file.file_name())).expect("copied");
    }
    let (node, stranger) = (node(folder, address, "puller"), node(other, address, "stranger"));
    let bytes = fs::read(world.stored(song, SEGMENT)).expect("an object");
    for user in [ANNA, BERT] {
        let said = curl(
            &node,
            &["-w", "%{stderr}%{http_version} %{http_code}"],
            &world.path(song, user, SEGMENT),
        );
        assert_eq!(String::from_utf8_lossy(&said.stderr), "2 200");
        assert!(said.stdout == bytes);
    }
    let plain = format!("/{}/{SEGMENT}", song.prefix);
    let status = ["-o", "/dev/null", "-w", "%{http_code}"];
    // HTTP/2 sends cookies one by one.
    let cookie = format!("Cookie: a=b; URISigningPackage={}; c=d", world.token(song, BERT, 320));
    for (arguments, path, wanted) in [
        (&["-H", cookie.as_str()][..], plain.as_str(), "200"),
        (&[], &plain, "401"),
        (&[], &format!("/t/x{plain}"), "403"),
        (&["--path-as-is"], &format!("/t/{}/x/..{plain}", world.token(song, BERT, 320)), "403"),
    ] {
        let said = curl(&node, &[&status, arguments].concat(), path);
        assert_eq!(String::from_utf8_lossy(&said.stdout), wanted, "{path}");
    }
    let said = curl(&stranger, &status, &world.path(song, ANNA, SEGMENT));
    assert_eq!(String::from_utf8_lossy(&said.stdout), "502", "its edge does not know it");
}
