//! Playlists as files: out of here, into other programs, and back.

use std::process::Command;

use catalogue::SongEdit;
use http_body_util::BodyExt;
use media::SongId;
use serde_json::{Value, json};

use crate::bench::{Ask, upload_of};
use crate::stage::{Stage, titles};

const ODD: [(&str, &str); 4] =
    [("AC/DC", "T.N.T."), ("A - B", "<&> \"c\" 'd'"), ("Sigur Rós", "#EXTINF:1,x"), ("我的", "🎧")];

/// What Python's own parsers make of a file: title, then location, creator, title and milliseconds of each track.
const JUDGE: &str = r#"
import json, sys, xml.etree.ElementTree as tree
kind, text = sys.argv[1], sys.stdin.buffer.read().decode("utf-8")
if kind == "xspf":
    ns = "{http://xspf.org/ns/0/}"
    root = tree.fromstring(text.encode("utf-8"))
    assert root.tag == ns + "playlist" and root.get("version") == "1", root.attrib
    order = [child.tag for child in root]
    assert order == [ns + "title", ns + "annotation", ns + "trackList"], order
    of = lambda track, name: track.findtext(ns + name)
    tracks = root.find(ns + "trackList").findall(ns + "track")
    title = of(root, "title")
    rows = [[of(t, "location"), of(t, "creator"), of(t, "title"), int(of(t, "duration"))] for t in tracks]
elif kind == "jspf":
    playlist = json.loads(text)["playlist"]
    title = playlist["title"]
    rows = [[t["location"][0], t["creator"], t["title"], t["duration"]] for t in playlist["track"]]
else:
    lines = text.splitlines()
    assert lines[0] == "\x23EXTM3U", lines[0]
    title = next(l[10:] for l in lines if l.startswith("\x23PLAYLIST:"))
    rows, about = [], None
    for line in lines:
        if line.startswith("\x23EXTINF:"):
            seconds, name = line[8:].split(",", 1)
            about = [int(seconds) * 1000, name]
        elif line.startswith("\x23EXTART:"):
            artist = line[8:]
        elif not line.startswith("\x23"):
            rows.append([line, artist, about[1][len(artist) + 3:], about[0]])
print(json.dumps([title, rows]))
"#;

fn judged(format: &str, file: &[u8]) -> Value {
    use std::io::Write;
    let mut python = Command::new("python3");
    python.args(["-c", JUDGE, format]).stdin(std::process::Stdio::piped());
    let mut child = python.stdout(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(file).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{format}: {}", String::from_utf8_lossy(file));
    serde_json::from_slice(&output.stdout).unwrap()
}

impl Stage {
    async fn odd_songs(&self) -> Vec<SongId> {
        let mut songs = Vec::new();
        for (artist, title) in ODD {
            let upload = upload_of(&self.ann, title);
            let upload = catalogue::NewSong { artist: artist.parse().unwrap(), ..upload };
            songs.push(self.make_ready(upload).await.id);
        }
        songs
    }

    async fn made(&self, name: &str, songs: &[SongId]) -> String {
        let body = json!({"name": name, "description": "one\ntwo"});
        let (_, made) = self.ann("POST /v1/playlists", body).await;
        let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
        let added = self.ann(&format!("POST {path}/songs"), json!({"songs_id": songs})).await;
        assert_eq!(added.0, 200);
        path
    }

    fn import(&self, file: impl Into<axum::body::Body>, query: &str) -> Ask<'_> {
        let line = format!("POST /v1/playlists/import{query}");
        self.bench.ask(&line).by(&self.ann).body("application/octet-stream", file)
    }
}

#[tokio::test]
async fn a_playlist_survives_each_format_and_others_read_it() {
    let stage = Stage::new().await;
    let songs = stage.odd_songs().await;
    let path = stage.made("<Mine> & 我的", &songs).await;
    for (format, kind) in [
        ("m3u8", "audio/x-mpegurl; charset=utf-8"),
        ("xspf", "application/xspf+xml"),
        ("jspf", "application/jspf+json"),
    ] {
        let line = format!("GET {path}/export?format={format}");
        let answer = stage.bench.ask(&line).by(&stage.ann).response().await;
        assert_eq!(answer.headers()["content-type"], kind);
        let disposition = answer.headers()["content-disposition"].to_str().unwrap();
        assert!(disposition.contains("%E6%88%91"), "{disposition}");
        let file = answer.into_body().collect().await.unwrap().to_bytes();
        let rows: Vec<Value> = ODD
            .iter()
            .zip(&songs)
            .map(|((artist, title), id)| {
                json!([format!("https://music.example/cdn/v1/songs/{id}"), artist, title, 60_000])
            })
            .collect();
        assert_eq!(judged(format, &file), json!(["<Mine> & 我的", rows]), "{format}");
        let back = stage.import(file, "").await;
        assert_eq!((back.status, &back.body["unmatched"]), (201, &json!([])), "{}", back.body);
        assert_eq!(back.body["playlist"]["name"], "<Mine> & 我的");
        assert_eq!(
            back.headers["location"].to_str().unwrap().rsplit('/').next(),
            back.body["playlist"]["id"].as_str()
        );
        let entries = format!("GET {}/entries", back.headers["location"].to_str().unwrap());
        let (_, page) = stage.ann(&entries, Value::Null).await;
        assert_eq!(titles(&page), ODD.map(|(_, title)| title).concat());
    }
}

#[tokio::test]
async fn what_is_not_known_is_named() {
    let stage = Stage::new().await;
    let songs = stage.odd_songs().await;
    let edit = SongEdit { isrc: Some("ATA012600001".parse().ok()), ..SongEdit::default() };
    let edition = stage.catalogue.songs().get(songs[0]).await.unwrap().unwrap().edition;
    stage.catalogue.songs().edit(songs[0], edition, &edit).await.unwrap();
    let file = json!({"playlist": {"track": [
        {"title": "other name", "identifier": "urn:isrc:AT-A01-26-00001"},
        {"title": "t.n.t.", "creator": "ac/dc", "duration": 61_000},
        {"title": "T.N.T.", "creator": "AC/DC", "duration": 300_000, "location": ["file:///a.mp3"]},
        {"location": format!("https://elsewhere.example/v1/songs/{}", songs[3])},
        {"title": "x".repeat(300), "creator": "\u{0}"},
    ]}});
    let imported = stage.import(file.to_string(), "?name=Named").await;
    assert_eq!(imported.status, 201, "{}", imported.body);
    assert_eq!(imported.body["playlist"]["name"], "Named");
    let matched = |place: u64, song: usize, by: &str| json!({"place": place, "song_id": songs[song], "by": by});
    let wanted = [matched(1, 0, "isrc"), matched(2, 0, "name"), matched(4, 3, "id")];
    assert_eq!(imported.body["matched"], json!(wanted));
    let lost = imported.body["unmatched"].as_array().unwrap();
    assert_eq!((&lost[0]["place"], &lost[0]["location"]), (&json!(3), &json!("file:///a.mp3")));
    assert_eq!((lost.len(), &lost[1]["place"]), (2, &json!(5)));
}

#[tokio::test]
async fn what_is_no_playlist_is_refused() {
    let stage = Stage::new().await;
    let bomb = "<!DOCTYPE p [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>\
                <playlist><title>&b;</title></playlist>";
    for (file, says) in [
        (bomb, "no document type"),
        ("<playlist><title>&x;</title></playlist>", "no document type"),
        ("#EXTM3U\n#EXT-X-VERSION:3\n", "HLS"),
        ("{\"playlist\": 1}", "not JSPF"),
        ("<playlist>", "not XSPF"),
        ("", "empty"),
        ("\u{feff} \n", "empty"),
    ] {
        let answer = stage.import(file, "").await;
        assert_eq!((answer.status, answer.problem()), (422, "not-a-playlist"), "{file}");
        assert!(answer.body["detail"].as_str().unwrap().contains(says), "{}", answer.body);
    }
    let large = stage.import("#".repeat((8 << 20) + 1), "").await;
    assert_eq!((large.status, large.problem()), (413, "too-large"));
    assert_eq!(stage.import("", "?name=%20").await.status, 422);
    let (_, mine) = stage.ann("GET /v1/playlists", Value::Null).await;
    assert_eq!(mine["playlists"], json!([]), "nothing is left of what was refused");
    let empty = stage.import("#EXTM3U\n", "").await;
    assert_eq!((empty.status, &empty.body["playlist"]["name"]), (201, &json!("Imported")));
    let path = stage.made("Mine", &[stage.song("a").await]).await;
    for (who, query, wanted) in
        [(Some(&stage.ann), "?format=pls", 422), (Some(&stage.bob), "", 404), (None, "", 404)]
    {
        let line = format!("GET {path}/export{query}");
        assert_eq!(stage.ask(&line, who, Value::Null, &[]).await.0, wanted, "{line}");
    }
}
