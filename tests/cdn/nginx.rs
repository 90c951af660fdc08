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

/// What the site says where neither viewers nor the edge speak TLS.
pub(crate) const IN_THE_CLEAR: [(&str, &str); 7] = [
    ("listen 443 ssl http2 default_server;", "listen ADDRESS default_server;"),
    ("ssl_certificate /etc/segue/node.crt;", ""),
    ("ssl_certificate_key /etc/segue/node.key;", ""),
    ("set $segue_edge https://segue_edge;", "set $segue_edge http://segue_edge;"),
    ("proxy_ssl_verify on;", ""),
    ("proxy_ssl_trusted_certificate", "# proxy_ssl_trusted_certificate"),
    ("proxy_ssl_server_name on;", ""),
];

pub(crate) fn start(
    folder: &Path,
    address: SocketAddr,
    edge: SocketAddr,
    changes: &[(&str, &str)],
) -> Child {
    let (here, shipped) = (text(folder), infra().join("nginx"));
    let secret_file = folder.join("edge-secret.conf");
    if !secret_file.exists() {
        write_edge_secret(&secret_file, "set $segue_edge_secret \"", "\";");
    }
    let edge = format!("server {edge};");
    let in_folder = |name: &str| format!("{here}/{name}");
    let (cache, log, error_log) =
        (in_folder("cache"), in_folder("access.log"), in_folder("segue.error.log"));
    let (keys, purgers, secret) =
        (in_folder("jwks.json"), in_folder("purge-secrets"), in_folder("edge-secret.conf"));
    let (lua, node, library) = (shipped.join("?.lua"), shipped.join("node.conf"), verifier());
    let mut all = vec![
        ("/var/cache/nginx/segue", cache.as_str()),
        ("/etc/nginx/segue/?.lua", text(&lua)),
        ("/usr/lib/segue/libsegue_verifier.so", text(&library)),
        ("/etc/segue/jwks.json", &keys),
        ("/etc/segue/purge-secrets", &purgers),
        ("server edge.example:443;", &edge),
        ("/var/log/nginx/segue.log", &log),
        ("/var/log/nginx/segue.error.log", &error_log),
        ("/etc/segue/edge-secret.conf", &secret),
        ("/etc/nginx/segue/node.conf", text(&node)),
    ];
    all.extend(changes);
    let site = adapted(&shipped.join("segue.conf"), &all);
    let site = site.replace("ADDRESS", &address.to_string());
    fs::write(folder.join("segue.conf"), site).expect("written");
    let main = folder.join("nginx.conf");
    fs::write(&main, MAIN.replace("FOLDER", here)).expect("written");
    Command::new("/usr/sbin/nginx")
        .args(["-g", "daemon off;", "-c", text(&main)])
        .spawn()
        .expect("nginx, which tests/tools/test installs")
}
