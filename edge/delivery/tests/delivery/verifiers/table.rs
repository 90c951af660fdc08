//! The requests that are put to the edge, and what it says to them as the verifiers would say it.

use std::net::SocketAddr;

use origin::{Object, SongFile};
use serde_json::{Value, json};

use super::es256::Minter;
use super::written;
use crate::answer::{self, Answer};
use crate::site::{FOLDER, Running};
use crate::tokens::{self, SEGMENT};

/// A request as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) what: String,
    pub(crate) method: &'static str,
    pub(crate) target: String,
    /// A header each.
    pub(crate) cookies: Vec<String>,
}

impl Asked {
    pub(crate) fn get(what: &str, target: impl Into<String>) -> Self {
        let (what, target) = (what.to_owned(), target.into());
        Self { what, method: "GET", target, cookies: Vec::new() }
    }

    pub(crate) async fn send(&self, to: SocketAddr) -> Answer {
        let cookies: String = self.cookies.iter().map(|it| format!("Cookie: {it}\r\n")).collect();
        answer::send(to, self.method, &self.target, &cookies).await
    }
}

pub(crate) fn requests(edge: &Running, minter: &Minter) -> Vec<Asked> {
    let path = format!("/{FOLDER}/{SEGMENT}");
    let mut asked = Vec::new();
    let signed = tokens::with_tokens(edge).into_iter().map(|(what, token, _)| (what, token));
    let of_ours = written::otherwise(edge).into_iter().chain(written::at_length(edge));
    for (what, token) in signed.chain(written::by_p256(edge, minter)).chain(of_ours) {
        asked.push(Asked::get(what, format!("/t/{token}{path}")));
        asked.push(Asked::get(what, format!("{path}?x=1&URISigningPackage={token}")));
        let cookies = vec![format!("a=b; URISigningPackage={token}")];
        asked.push(Asked { cookies, ..Asked::get(what, path.clone()) });
    }
    let paths = tokens::with_paths(edge);
    asked.extend(paths.into_iter().map(|(what, path, ..)| Asked::get(what, path)));
    asked.extend(of_files(edge));
    asked.extend(of_carriers(edge));
    asked.extend(of_methods(edge));
    asked
}

/// Every kind of file, near misses, and rates.
fn of_files(edge: &Running) -> Vec<Asked> {
    const FILES: &[&str] = &[
        "asset.json",
        "waveform.json",
        "index.m3u8",
        "index-64.m3u8",
        "index-128.m3u8",
        "index-320.m3u8",
        "ogg.m3u8",
        "ogg-128.m3u8",
        "opus.m3u8",
        "saver-64.m3u8",
        "aac.m3u8",
        "index-96.m3u8",
        "manifest.mpd",
        "manifest-64.mpd",
        "manifest-320.mpd",
        "manifest.m3u8",
        "aac/64/playlist.m3u8",
        "ogg/64/playlist.m3u8",
        "aac/64.m3u8",
        "ogg/64.m3u8",
        "ogg/320.ogg",
        "aac/320.ogg",
        "opus/128/init.mp4",
        "ogg/128/init.mp4",
        "saver/64/media.mp4",
        "ogg/64/media.mp4",
        "aac/64/00000.m4s",
        "aac/64/99999.m4s",
        "aac/64/100000.m4s",
        "aac/64/000001.m4s",
        "aac/64/0001.m4s",
        "aac/64/4294967295.m4s",
        "aac/64/4294967296.m4s",
        "ogg/64/00000.m4s",
        "aac/96/00000.m4s",
        "aac/064/00000.m4s",
        "mp3/64/00000.m4s",
        "aac/64/a5a5a5a5a5a5a5a5.key",
        "aac/320/a5a5a5a5a5a5a5a5.key",
        "ogg/64/a5a5a5a5a5a5a5a5.key",
        "aac/64/A5A5A5A5A5A5A5A5.key",
        "aac/64/a5a5a5a5a5a5a5.key",
        "aac/64/.key",
        "aac/64",
        "aac/64/x/00000.m4s",
        "constructor",
        "aac/64/init.mp4.m4s",
        "aac/64/toString",
    ];
    let asked = |file: &&str| {
        [64, 128, 320].map(|cap| {
            let token = edge.token(cap);
            Asked::get(&format!("{file} up to {cap}"), format!("/t/{token}/{FOLDER}/{file}"))
        })
    };
    FILES.iter().flat_map(asked).collect()
}

/// Tokens in several places, and in places that are none.
fn of_carriers(edge: &Running) -> Vec<Asked> {
    let (path, good) = (format!("/{FOLDER}/{SEGMENT}"), edge.token(320));
    let named = format!("URISigningPackage={good}");
    let with = |what: &str, target: String, cookies: &[&str]| Asked {
        cookies: cookies.iter().map(|&it| it.to_owned()).collect(),
        ..Asked::get(what, target)
    };
    let (plain, queried) = (path.clone(), format!("{path}?{named}"));
    let signed = format!("/t/{good}{path}");
    let mut asked = vec![
        with("none at all", plain.clone(), &[]),
        with("an empty query", format!("{path}?"), &[]),
        with("query before cookie", queried.clone(), &["URISigningPackage=x"]),
        with("a bad query before a good cookie", format!("{path}?URISigningPackage=x"), &[&named]),
        with("an empty query's before a cookie", format!("{path}?URISigningPackage="), &[&named]),
        with("path before both", format!("{signed}?URISigningPackage=x"), &["URISigningPackage=x"]),
        with("an empty path's before both", format!("/t/{path}?{named}"), &[&named]),
        with("two queries, a good path", format!("{signed}?{named}&{named}"), &[]),
        with("two cookies, a good query", queried.clone(), &[&named, &named]),
        with("a query behind a fragment", format!("{path}#?{named}"), &[]),
        with("a question mark too many", format!("{path}??{named}"), &[]),
        with("bytes that are no text in another cookie", plain.clone(), &["a=ü", &named]),
        with("a tab before it", plain.clone(), &[&format!("a=b;\t{named}")]),
        with("an API path", "/artist/x/songs".to_owned(), &[&named]),
        with("no path of ours", "/v1/songs".to_owned(), &[&named]),
        with("the root", "/".to_owned(), &[&named]),
        with("an artist of no name", "/artist//album/x".to_owned(), &[&named]),
    ];
    // 4,096 bytes and one more.
    let filled = [4_093, 4_094].map(|count| format!("/t/{}", "A".repeat(count)));
    asked.extend(filled.map(|target| with("a path of a length", target, &[])));
    let cookies = [
        "",
        "URISigningPackage",
        ";;; ; ;",
        &format!("={good}"),
        &format!("X{named}"),
        &format!("__Host-{named}"),
        &named.to_lowercase(),
        &format!("a=b, {named}"),
        "URISigningPackage=",
        &format!("{named}; {named}"),
        &format!("URISigningPackage=\"{good}\""),
        &format!("URISigningPackage= {good}"),
        &format!("{named};"),
        &format!("{named}; URISigningPackage="),
        &named[..named.len() - 9],
        &format!(" ; {named} ; "),
    ];
    asked.extend(cookies.map(|it| with("a cookie", plain.clone(), &[it])));
    asked.push(with("two headers", plain, &[&named, &named]));
    asked
}

fn of_methods(edge: &Running) -> Vec<Asked> {
    let good = format!("/t/{}/{FOLDER}/{SEGMENT}", edge.token(320));
    let targets =
        [good, format!("/{FOLDER}/{SEGMENT}"), "/t/x/../y".to_owned(), "/other".to_owned()];
    let methods = ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PURGE", "get"];
    let both = targets.iter().flat_map(|target| methods.map(|method| (target, method)));
    both.map(|(target, method)| Asked { method, ..Asked::get(method, target) }).collect()
}

/// The edge's answer as a verifier's verdict; nothing where the request was none for HTTP.
pub(crate) fn verdict(path: &str, asked: &Asked, answer: &Answer) -> Option<Value> {
    let key = path
        .strip_prefix("/t/")
        .map_or(path.strip_prefix('/')?, |rest| rest.split_once('/').map_or("", |(_, key)| key));
    let object = match key.parse() {
        Ok(Object::Song(_, file)) => Some(file),
        _ => None,
    };
    let reason = answer.headers.get("segue-refusal").map(|it| it.to_str().expect("ASCII"));
    match (answer.status, object) {
        // HTTP refuses before the edge hears of it.
        (400, _) => None,
        // Found or not, it was asked for: a verifier knows no store.
        (200, Some(file)) | (404, Some(file)) if matches!(asked.method, "GET" | "HEAD") => {
            let cacheable = !matches!(file, SongFile::Key(..));
            Some(json!({ "pass": true, "path": format!("/{key}"), "cacheable": cacheable }))
        }
        // What stands behind the edge here; a verifier has nobody to hand it to.
        (418, _) => Some(json!({ "pass": false, "status": 404, "reason": null })),
        (status, _) => Some(json!({ "pass": false, "status": status, "reason": reason })),
    }
}

/// The head and body of a refusal of the edge's own. Nothing where another answered.
pub(crate) fn answer(answer: &Answer) -> Value {
    let theirs = ["content-length", "date", "connection"];
    let headers: serde_json::Map<String, Value> = answer
        .headers
        .iter()
        .filter(|(name, _)| !theirs.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), json!(value.to_str().expect("ASCII"))))
        .collect();
    match answer.status {
        418 => Value::Null,
        _ => json!({ "headers": headers, "body": String::from_utf8_lossy(&answer.body) }),
    }
}
