//! A song and its sound, as clients of earlier designs ask for them.

use catalogue::{Packaged, User};
use media::Version;
use serde_json::{Value, json};

use crate::bench::{LEASE, upload_of};
use crate::stage::Stage;

impl Stage {
    /// Where the stream of a song leads to, without its token; or how it is refused.
    async fn streamed(&self, who: Option<&User>, song: &str, query: &str) -> (u16, String) {
        let line = format!("GET /songs/{song}/stream{query}");
        let (status, headers, problem) = self.ask(&line, who, Value::Null, &[]).await;
        match headers.get("location") {
            Some(place) => {
                assert_eq!(headers["cache-control"], "no-store");
                let place = place.to_str().unwrap();
                assert!(place.starts_with("https://music.example/cdn/t/"), "{place}");
                (status, place.rsplit_once('/').unwrap().1.to_owned())
            }
            None => (status, problem["detail"].as_str().unwrap().to_owned()),
        }
    }
}

#[tokio::test]
async fn a_song_comes_with_where_it_plays() {
    let stage = Stage::new().await;
    let song = stage.song("a").await.to_string();
    let (_, plain) = stage.ann(&format!("GET /v1/songs/{song}"), Value::Null).await;
    let (status, headers, told) =
        stage.ask(&format!("GET /songs/{song}"), Some(&stage.bob), Value::Null, &[]).await;
    assert_eq!((status, headers["cache-control"].to_str().unwrap()), (200, "no-store"));
    for (field, value) in plain.as_object().unwrap() {
        assert_eq!(&told[field], value, "{field}");
    }
    assert_eq!(told["streaming_url"], told["playback"]["hls"]);
    assert!(told["streaming_url"].as_str().unwrap().contains("/cdn/t/"), "{told}");
    let waiting = stage.accept(upload_of(&stage.ann, "b")).await.id;
    let (status, told) = stage.ann(&format!("GET /songs/{waiting}"), Value::Null).await;
    assert_eq!((status, &told["playback"], &told["title"]), (200, &Value::Null, &json!("b")));
    let nobody = "0190d2a5-7c1e-7bbb-8123-000000000009";
    for (who, id, wanted) in
        [(None, song.as_str(), 401), (Some(&stage.bob), nobody, 404), (Some(&stage.bob), "x", 422)]
    {
        for path in ["", "/stream"] {
            let line = format!("GET /songs/{id}{path}");
            assert_eq!(stage.ask(&line, who, Value::Null, &[]).await.0, wanted, "{line}");
        }
    }
}

#[tokio::test]
async fn a_stream_leads_to_the_rate_that_was_asked_for_up_to_the_plan() {
    let stage = Stage::new().await;
    let song = stage.song("a").await.to_string();
    let (ann, bob) = (Some(&stage.ann), Some(&stage.bob));
    for (who, query, file) in [
        (bob, "?kbps=64", "64.ogg"),
        (bob, "", "128.ogg"),
        (ann, "?kbps=128", "128.ogg"),
        (ann, "", "320.ogg"),
    ] {
        assert_eq!(stage.streamed(who, &song, query).await, (302, file.to_owned()), "{query}");
    }
    let (status, told) = stage.streamed(bob, &song, "?kbps=320").await;
    assert_eq!(status, 403);
    assert!(told.ends_with("you may hear 64 and 128."), "{told}");
    for query in ["?kbps=96", "?kbps=", "?kbps=0128"] {
        let (status, told) = stage.streamed(ann, &song, query).await;
        assert_eq!((status, told.as_str()), (422, "The rate is one of 64, 128 and 320 kbit/s."));
    }
}

#[tokio::test]
async fn a_song_without_ogg_says_so() {
    let stage = Stage::new().await;
    let song = stage.accept(upload_of(&stage.ann, "a")).await;
    let waiting = stage.streamed(Some(&stage.ann), &song.id.to_string(), "").await;
    assert_eq!(waiting.0, 409);
    let job = stage.catalogue.jobs().claim(LEASE).await.unwrap().unwrap();
    let done = Packaged {
        version: Version::of(&song.master, "recipe"),
        artist: song.artist_id,
        album: song.album_id,
        duration_ms: 60_000,
        sets: "aac".parse().unwrap(),
        dash: false,
        artwork: None,
    };
    stage.catalogue.jobs().complete(&job, &done).await.unwrap();
    let (status, told) = stage.streamed(Some(&stage.bob), &song.id.to_string(), "").await;
    assert_eq!(status, 404);
    assert!(told.contains("/playback"), "{told}");
}
