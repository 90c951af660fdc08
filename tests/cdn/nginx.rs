//! nginx with `infra/cdn/nginx`.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command};

use crate::node::{adapted, text, verifier, write_edge_secret};
use crate::world::infra;

/// Debian's way to load modules, and what a test needs beside: workers that may read its folder.
const MAIN: &str = "\
user root;
worker_processes 2;
include /etc/nginx/modules-enabled/*.conf;
pid FOLDER/nginx.pid;
error_log FOLDER/main.error.log;
events { }
http { include FOLDER/segue.conf; }
";

pub(crate) fn start(folder: &Path, address: SocketAddr, edge: SocketAddr) -> Child {
    start_with(
        folder,
        address,
        edge,
        &[
            ("set $segue_edge https://segue_edge;", "set $segue_edge http://segue_edge;"),
            ("proxy_ssl_trusted_certificate", "# proxy_ssl_trusted_certificate"),
            ("proxy_ssl_verify on;", ""),
        ],
    )
}

/// With what of the site differs in how the edge is pulled from.
pub(crate) fn start_with(
    folder: &Path,
    address: SocketAddr,
    edge: SocketAddr,
    pull: &[(&str, &str)],
) -> Child {
    let (here, shipped) = (text(folder), infra().join("nginx"));
    write_edge_secret(&folder.join("edge-secret.conf"), "set $segue_edge_secret \"", "\";");
    let (edge, listen) = (format!("server {edge};"), format!("listen {address} default_server;"));
    let in_folder = |name: &str| format!("{here}/{name}");
    let (cache, log, error_log) =
        (in_folder("cache"), in_folder("access.log"), in_folder("segue.error.log"));
    let (keys, purgers, secret) =
        (in_folder("jwks.json"), in_folder("purge-secrets"), in_folder("edge-secret.conf"));
    let (lua, node, library) = (shipped.join("?.lua"), shipped.join("node.conf"), verifier());
    let mut changes = vec![
        ("/var/cache/nginx/segue", cache.as_str()),
        ("/etc/nginx/segue/?.lua", text(&lua)),
        ("/usr/lib/segue/libsegue_verifier.so", text(&library)),
        ("/etc/segue/jwks.json", &keys),
        ("/etc/segue/purge-secrets", &purgers),
        ("server edge.example:443;", &edge),
        ("listen 443 ssl http2 default_server;", &listen),
        ("ssl_certificate /etc/segue/node.crt;", ""),
        ("ssl_certificate_key /etc/segue/node.key;", ""),
        ("/var/log/nginx/segue.log", &log),
        ("/var/log/nginx/segue.error.log", &error_log),
        ("/etc/segue/edge-secret.conf", &secret),
        ("/etc/nginx/segue/node.conf", text(&node)),
    ];
    changes.extend(pull);
    let site = adapted(&shipped.join("segue.conf"), &changes);
    fs::write(folder.join("segue.conf"), site).expect("written");
    let main = folder.join("nginx.conf");
    fs::write(&main, MAIN.replace("FOLDER", here)).expect("written");
    Command::new("/usr/sbin/nginx")
        .args(["-g", "daemon off;", "-c", text(&main)])
        .spawn()
        .expect("nginx, which tests/tools/test installs")
}
