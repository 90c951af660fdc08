//! A real provider, `oidc-provider` of npm, and a browser that goes there and back.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use reqwest::header::{LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use segue_api::OidcClient;
use serde_json::Value;

/// It has all that a form or a header could take for something else.
const SECRET: &str = "a secret: 1+1=2 & 100 %, of 32 characters at least";

const CLIENT: &str = "segue of music.example";

pub(super) struct OidcProvider {
    pub(super) issuer: String,
    server: Child,
    /// It would stop where nobody heard its warnings.
    _heard: Lines<BufReader<ChildStdout>>,
}

impl OidcProvider {
    pub(super) fn start(redirect_uri: &str) -> Self {
        let house = Path::new(env!("CARGO_MANIFEST_DIR"));
        let bin = house.join("../../target/tools/bin");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut server = Command::new("node")
            .env("PATH", path)
            .arg(house.join("tests/oidc/provider.mjs"))
            .args([CLIENT, SECRET, redirect_uri])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node runs: tests/tools/test installs it");
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        // Warnings that it is no provider for a real house come first.
        let told = lines.find_map(|line| serde_json::from_str::<Value>(&line.unwrap()).ok());
        let told = told.expect("tests/tools/test installs oidc-provider");
        let issuer = told["issuer"].as_str().unwrap().to_owned();
        Self { issuer, server, _heard: lines }
    }

    /// Us, as it knows us.
    pub(super) fn client(&self) -> OidcClient {
        let secret = Some(SECRET.to_owned());
        OidcClient::new(self.issuer.parse().unwrap(), CLIENT.to_owned(), secret).unwrap()
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What somebody does at the provider.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    /// They log in by that name.
    LogsIn(&'a str),
    /// They think better of it.
    Aborts,
}

/// Goes to the provider and does what it asks for, until it sends the browser elsewhere: there.
pub(super) async fn visit(url: &str, somebody: At<'_>) -> Url {
    let browser = Client::builder().redirect(Policy::none()).build().unwrap();
    let (mut at, mut cookies) = (url.parse::<Url>().unwrap(), BTreeMap::new());
    let home = at.origin();
    for _ in 0..20 {
        let answer = browser.get(at.clone()).header("cookie", line(&cookies)).send().await.unwrap();
        keep(&mut cookies, &answer);
        if let Some(next) = elsewhere(&answer, &at) {
            if next.origin() != home {
                return next;
            }
            at = next;
            continue;
        }
        let page = answer.text().await.unwrap();
        assert!(at.path().starts_with("/interaction/"), "{at}: {page}");
        if matches!(somebody, At::Aborts) {
            at = format!("{at}/abort").parse().unwrap();
            continue;
        }
        let form = match somebody {
            At::LogsIn(name) if page.contains("value=\"login\"") => {
                format!("prompt=login&login={name}&password=any")
            }
            _ => "prompt=consent".to_owned(),
        };
        let kind = "application/x-www-form-urlencoded";
        let post = browser.post(at.clone()).header("content-type", kind).body(form);
        let answer = post.header("cookie", line(&cookies)).send().await.unwrap();
        keep(&mut cookies, &answer);
        at = elsewhere(&answer, &at).expect("the form is taken");
    }
    panic!("the provider sends its guest around in circles");
}

fn elsewhere(answer: &Response, at: &Url) -> Option<Url> {
    let to = answer.headers().get(LOCATION)?.to_str().unwrap();
    Some(at.join(to).unwrap())
}

fn keep(cookies: &mut BTreeMap<String, String>, answer: &Response) {
    for cookie in answer.headers().get_all(SET_COOKIE) {
        let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
        let value = rest.split(';').next().unwrap();
        cookies.insert(name.to_owned(), value.to_owned());
    }
}

fn line(cookies: &BTreeMap<String, String>) -> String {
    let pairs = cookies.iter().filter(|(_, value)| !value.is_empty());
    pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}
