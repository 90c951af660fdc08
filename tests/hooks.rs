//! `[[hooks]]` of the real binary: nothing is lost whatever dies, and dead letters are told again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::server::{Running, Server};
use testkit::shell::{Shell, stdout};
use testkit::{signal, wav};

const PATIENCE: Duration = Duration::from_secs(120);
const SECRETS: [&str; 2] = [
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
];

/// A message that came.
#[derive(Debug, Clone)]
struct Message {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

/// Whoever is told, from when it listens.
struct Receiver {
    came: Arc<Mutex<Vec<Message>>>,
    status: Arc<Mutex<u16>>,
}

impl Receiver {
    fn listens(address: SocketAddr, status: u16) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let (came, status) = (Arc::default(), Arc::new(Mutex::new(status)));
        let receiver = Self { came: Arc::clone(&came), status: Arc::clone(&status) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (came, status) = (Arc::clone(&came), Arc::clone(&status));
                thread::spawn(move || answer(&stream.unwrap(), &came, &status));
            }
        });
        receiver
    }

    fn came(&self) -> Vec<Message> {
        self.came.lock().unwrap().clone()
    }

    fn has(&self, id: &str) -> bool {
        self.came().iter().any(|message| message.id == id)
    }
}

/// One request of a connection that is then closed.
fn answer(stream: &TcpStream, came: &Mutex<Vec<Message>>, status: &Mutex<u16>) {
    let mut lines = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    assert!(head.starts_with("POST /told HTTP/1.1\r\n"), "{head}");
    let field = |name: &str| {
        let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
        line.unwrap_or_default().split_once(": ").unwrap_or_default().1.to_owned()
    };
    let mut body = vec![0; field("content-length").parse().unwrap()];
    lines.read_exact(&mut body).unwrap();
    came.lock().unwrap().push(Message {
        id: field("webhook-id"),
        timestamp: field("webhook-timestamp"),
        signature: field("webhook-signature"),
        body: String::from_utf8(body).unwrap(),
    });
    let status = *status.lock().unwrap();
    let said = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    (&*stream).write_all(said.as_bytes()).unwrap();
}

/// A data folder, a configuration with one hook, and where that will listen.
struct World {
    folder: TempDir,
    at: SocketAddr,
}

impl World {
    fn new(attempts: u32) -> Self {
        let folder = TempDir::new().unwrap();
        let at = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let world = Self { folder, at };
        fs::write(world.path("secrets"), SECRETS.join("\n")).unwrap();
        let secrets = world.path("secrets");
        let config = format!(
            "[[hooks]]\nname = \"one\"\nkind = \"webhook\"\nurl = \"http://{at}/told\"\n\
             secret_file = \"{}\"\nallow_private = true\nattempts = {attempts}\n",
            secrets.display()
        );
        fs::write(world.path("segue.toml"), config).unwrap();
        fs::create_dir(world.path("data")).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self) -> Running {
        let server = Server::of(env!("CARGO_BIN_EXE_segue")).on(&self.path("data"));
        server.arg("--config").arg(self.path("segue.toml").display().to_string()).start()
    }

    /// `segue hooks …` on its data folder.
    fn hooks(&self, arguments: &[&str]) -> std::process::Output {
        let data = self.path("data").display().to_string();
        let shell = Shell::of(env!("CARGO_BIN_EXE_segue"));
        shell.run(&[&["hooks"], arguments, &["--data", &data]].concat())
    }
}

fn ask(server: &Running, access: &str, line: &str, body: &Value) -> Value {
    let (method, path) = line.split_once(' ').unwrap();
    let request = Client::new().request(method.parse().unwrap(), format!("{}{path}", server.url()));
    let request = request.bearer_auth(access);
    let request = if body.is_null() { request } else { request.json(body) };
    let answer = request.send().unwrap();
    assert!(answer.status().is_success(), "{line}: {}", answer.status());
    answer.json().unwrap()
}

fn purge(server: &Running, access: &str, number: usize) -> String {
    let keys = json!({ "keys": [format!("song:0190d2a5-7c1e-7bbb-8123-{number:012}")] });
    ask(server, access, "POST /v1/purges", &keys)["id"].as_str().unwrap().to_owned()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(50));
    }
}

/// HMAC-SHA256 as openssl has it.
fn hmac(folder: &Path, secret: &str, signed: &str) -> String {
    let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let file = folder.join("signed");
    fs::write(&file, signed).unwrap();
    let made = Command::new("openssl")
        .args(["dgst", "-sha256", "-mac", "HMAC", "-macopt", &format!("hexkey:{hex}"), "-binary"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    BASE64.encode(made.stdout)
}

/// The server is killed three times, with what it has just promised; then the target is there.
#[test]
fn nothing_is_lost_when_the_server_is_killed_while_a_target_is_down() {
    let world = World::new(1_000);
    let mut promised = Vec::new();
    let server = world.start();
    let access = server.log_in();
    let master = world.path("song.wav");
    wav::write(&master, &signal::music(48_000, 48_000, 7), 48_000);
    let song = server.upload(&access, &master, "Song");
    assert_eq!(server.settled(&access, &song)["state"], "ready");
    let mut server = Some(server);
    for round in 0..3 {
        let running = server.take().unwrap_or_else(|| world.start());
        let access = running.log_in();
        for number in 0..5 {
            promised.push(purge(&running, &access, round * 5 + number));
        }
        let down = ask(&running, &access, &format!("DELETE /v1/songs/{song}"), &Value::Null);
        promised.push(down["notice"].as_str().unwrap().to_owned());
        let back = format!("POST /v1/songs/{song}/restoration");
        let back = ask(&running, &access, &back, &Value::Null);
        promised.push(back["notice"].as_str().unwrap().to_owned());
        running.kill();
    }
    let receiver = Receiver::listens(world.at, 200);
    let running = world.start();
    until("all came", || promised.iter().all(|id| receiver.has(id)));
    let ids: BTreeSet<String> = receiver.came().into_iter().map(|message| message.id).collect();
    assert_eq!(ids.len(), promised.len(), "and nothing else");
    for message in receiver.came() {
        let Message { id, timestamp, signature, body } = message;
        let signed = format!("{id}.{timestamp}.{body}");
        let made = SECRETS.map(|it| format!("v1,{}", hmac(world.folder.path(), it, &signed)));
        assert_eq!(signature, made.join(" "), "both secrets of a rotation sign");
    }
    // Receipts of what a later word has overtaken go with a restart; the queue knows.
    until("the queue says so", || {
        let done = stdout(&world.hooks(&["list", "--state", "done"]));
        promised.iter().all(|id| done.contains(id.as_str()))
    });
    drop(running);
}

#[test]
fn dead_letters_are_listed_and_told_again() {
    let world = World::new(1);
    let receiver = Receiver::listens(world.at, 403);
    let server = world.start();
    let access = server.log_in();
    let ids = [purge(&server, &access, 1), purge(&server, &access, 2)];
    until("both are given up", || stdout(&world.hooks(&["list"])).lines().count() == 2);
    let listed = stdout(&world.hooks(&["list", "--hook", "one"]));
    assert!(ids.iter().all(|id| listed.contains(id.as_str())), "{listed}");
    assert!(listed.contains("it answered 403 Forbidden"), "{listed}");
    assert_eq!(stdout(&world.hooks(&["list", "--state", "open"])), "");
    assert_eq!(world.hooks(&["replay"]).status.code(), Some(2));
    assert_eq!(world.hooks(&["list", "--state", "lost"]).status.code(), Some(2));

    *receiver.status.lock().unwrap() = 200;
    let one = listed.split("  ").next().unwrap();
    assert_eq!(stdout(&world.hooks(&["replay", one])).trim(), "1 to be told again");
    until("one is done", || stdout(&world.hooks(&["list", "--state", "done"])).contains(one));
    assert_eq!(stdout(&world.hooks(&["replay", "--all"])).trim(), "1 to be told again");
    until("both are", || stdout(&world.hooks(&["list", "--state", "done"])).lines().count() == 2);
    assert!(ids.iter().all(|id| receiver.has(&format!("{id}-1"))), "{:?}", receiver.came());
    assert_eq!(stdout(&world.hooks(&["replay", "--hook", "one"])).trim(), "0 to be told again");
}

#[test]
fn a_hook_that_cannot_be_used_keeps_the_server_from_starting() {
    let world = World::new(1);
    let config = world.path("segue.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("allow_private = true", "allow_private = false")).unwrap();
    let shell = Shell::of(env!("CARGO_BIN_EXE_segue"));
    let config = config.display().to_string();
    let output = shell.run(&["up", "--config", &config]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("hooks[1].url = ") && said.contains("public internet"), "{said}");
}
