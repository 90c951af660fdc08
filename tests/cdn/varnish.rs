//! Varnish with `infra/cdn/varnish`.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::node::{adapted, text, verifier, write_edge_secret};
use crate::world::infra;

/// Its home, in the node's folder.
const HOME: &str = "varnish";

pub(crate) fn start(
    folder: &Path,
    address: SocketAddr,
    edge: SocketAddr,
    changes: &[(&str, &str)],
) -> Child {
    let (here, shipped) = (text(folder), infra().join("varnish"));
    let modules = folder.join("modules");
    build(&shipped, &modules);
    write_edge_secret(&folder.join("edge-secret"), "", "");
    let in_folder = |name: &str| format!("{here}/{name}");
    let (keys, purgers, secret) =
        (in_folder("jwks.json"), in_folder("purge-secrets"), in_folder("edge-secret"));
    let (node, port) = (shipped.join("node.vcl"), format!(".port = \"{}\";", edge.port()));
    let mut all = vec![
        (".port = \"8080\";", port.as_str()),
        ("/etc/segue/jwks.json", &keys),
        ("/etc/segue/purge-secrets", &purgers),
        ("/etc/segue/edge-secret", &secret),
        ("/etc/varnish/segue/node.vcl", text(&node)),
    ];
    all.extend(changes);
    let site = adapted(&shipped.join("segue.vcl"), &all);
    let vcl = folder.join("segue.vcl");
    fs::write(&vcl, site).expect("written");
    let options = fs::read_to_string(shipped.join("parameters")).expect("parameters");
    let parameters = options.lines().filter(|line| !line.starts_with('#'));
    let found = Command::new("pkg-config").args(["--variable=vmoddir", "varnishapi"]).output();
    let others = String::from_utf8(found.expect("pkg-config runs").stdout).expect("a path");
    Command::new("/usr/sbin/varnishd")
        // Cargo's would put a verifier of some earlier build before the one that the module names.
        .env_remove("LD_LIBRARY_PATH")
        .args(["-F", "-j", "none", "-s", "malloc,64m", "-f", text(&vcl)])
        .args(["-a", &address.to_string(), "-n", &format!("{here}/{HOME}")])
        .args(["-p", &format!("vmod_path={}:{}", text(&modules), others.trim())])
        // All of it is searched in the end, and as much of a URL as there may be.
        .args(["-p", "vsl_space=4m", "-p", "vsl_reclen=4k"])
        .args(parameters.flat_map(|parameter| ["-p", parameter]))
        .spawn()
        .expect("varnishd, which tests/tools/test installs")
}

/// As an operator builds it, but elsewhere.
fn build(shipped: &Path, modules: &Path) {
    fs::create_dir(modules).expect("a folder");
    let libraries = verifier();
    let libraries = text(libraries.parent().expect("a folder"));
    let made = Command::new("make")
        .args(["-s", "-C", text(shipped)])
        .args([format!("OUT={}", text(modules)), format!("VERIFIER={libraries}")])
        .arg(format!("LIBRARIES={libraries}"))
        .stdout(Stdio::null())
        .status();
    assert!(made.expect("make runs").success(), "the vmod is not built");
}

/// All that is in its log in shared memory, and what an access log makes of it.
pub(crate) fn log(folder: &Path) -> Vec<u8> {
    let home = folder.join(HOME);
    let read = |tool: &str, arguments: &[&str]| {
        let output = Command::new(tool).args(["-n", text(&home), "-d"]).args(arguments).output();
        let output = output.expect("it runs");
        assert!(output.status.success(), "{tool}: {output:?}");
        output.stdout
    };
    let format = fs::read_to_string(infra().join("varnish/log-format")).expect("a format");
    let mut bytes = read("varnishlog", &["-g", "raw"]);
    bytes.extend(read("varnishncsa", &["-F", format.trim_end()]));
    bytes
}
