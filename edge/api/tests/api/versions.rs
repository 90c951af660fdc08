//! Which version of a song listeners get: who sees them all and chooses one, and that edges hear of it.

use catalogue::{NewMaster, Packaged, Replaced, Role, Song};
use invalidation::Notice;
use media::{MasterHash, SwitchingSets, Version};
use origin::{Purge, PurgeTarget, SurrogateKey};
use serde_json::{Value, json};

use crate::bench::{LEASE, upload_of};
use crate::stage::Stage;
use crate::withdrawals::{Edge, Heard, complete, relay};

fn version(byte: u8) -> Version {
    Version::of(&MasterHash::new([byte; 32]), "recipe")
}

async fn replace(stage: &Stage, song: &Song, byte: u8) {
    let file_name = format!("{byte}.flac").parse().unwrap();
    let master = MasterHash::new([byte; 32]);
    let new = NewMaster { song: song.id, master, file_name, version: version(byte) };
    let replaced = stage.catalogue.versions().replace(&new).await.unwrap();
    assert!(matches!(replaced, Replaced::Queued(_)));
}

/// What a worker does.
async fn package(stage: &Stage, song: &Song, byte: u8) {
    let job = stage.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
    let done = Packaged {
        version: version(byte),
        artist: song.artist_id,
        album: song.album_id,
        duration_ms: 61_000,
        sets: SwitchingSets::default(),
        dash: false,
        artwork: None,
    };
    stage.catalogue.jobs().complete(&job, &done).await.unwrap();
}

/// The song's page and its tag, as its uploader has them.
async fn shown(stage: &Stage, song: &Song) -> (String, Value) {
    let line = format!("GET /v1/songs/{}", song.id);
    let (_, headers, body) = stage.ask(&line, Some(&stage.ann), Value::Null, &[]).await;
    (headers["etag"].to_str().unwrap().to_owned(), body)
}

#[tokio::test]
async fn versions_are_listed_newest_first_with_what_is_under_way() {
    let stage = Stage::new().await;
    let song = stage.make_ready(upload_of(&stage.ann, "Song")).await;
    let line = format!("GET /v1/songs/{}/versions", song.id);
    stage.clock.advance(std::time::Duration::from_secs(60));
    replace(&stage, &song, 8).await;
    let (status, listed) = stage.ann(&line, Value::Null).await;
    assert_eq!((status, listed["versions"].as_array().unwrap().len()), (200, 1), "{listed}");
    assert_eq!(
        (&listed["replacement"]["state"], &listed["replacement"]["file_name"]),
        (&json!("queued"), &json!("8.flac"))
    );
    package(&stage, &song, 8).await;
    replace(&stage, &song, 9).await;
    let job = stage.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
    stage.catalogue.jobs().fail(&job, "it is words").await.unwrap();
    let (_, listed) = stage.ann(&line, Value::Null).await;
    let replacement = &listed["replacement"];
    assert_eq!(
        (&replacement["state"], &replacement["error"]),
        (&json!("failed"), &json!("it is words"))
    );
    let versions = listed["versions"].as_array().unwrap();
    let of = |index: usize, name: &str| versions[index][name].clone();
    assert_eq!([of(0, "current"), of(1, "current")], [true, false]);
    assert_eq!([of(0, "version"), of(1, "version")], [8, 7].map(|byte| json!(version(byte))));
    assert_eq!([of(0, "duration_ms"), of(1, "stored")], [json!(61_000), json!(true)]);
    assert_eq!(of(1, "master"), json!(MasterHash::new([7; 32])));
    let (eve, admin) =
        (stage.user("eve", Role::Artist).await, stage.user("admin", Role::Admin).await);
    for (who, status) in [(&stage.bob, 403), (&eve, 403), (&admin, 200)] {
        assert_eq!(stage.ask(&line, Some(who), Value::Null, &[]).await.0, status);
    }
}

#[tokio::test]
async fn its_uploader_chooses_among_its_versions() {
    let stage = Stage::new().await;
    let song = stage.make_ready(upload_of(&stage.ann, "Song")).await;
    stage.clock.advance(std::time::Duration::from_secs(60));
    replace(&stage, &song, 8).await;
    package(&stage, &song, 8).await;
    let line = format!("PUT /v1/songs/{}/current-version", song.id);
    let (tag, before) = shown(&stage, &song).await;
    assert_eq!(before["version"], json!(version(8)));
    let eve = stage.user("eve", Role::Artist).await;
    let choice = |byte| json!({"version": version(byte)});
    for (who, body, tag, status) in [
        (&stage.ann, choice(7), None, 428),
        (&stage.ann, choice(7), Some("\"0\""), 412),
        (&stage.ann, choice(1), Some(&*tag), 404),
        (&stage.ann, json!({"version": "latest"}), Some(&*tag), 422),
        (&stage.ann, json!({}), Some(&*tag), 422),
        (&eve, choice(7), Some(&*tag), 403),
        (&stage.bob, choice(7), Some(&*tag), 403),
    ] {
        let headers: Vec<_> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
        let (got, _, problem) = stage.ask(&line, Some(who), body, &headers).await;
        assert_eq!(got, status, "{problem}");
    }
    assert_eq!(shown(&stage, &song).await, (tag.clone(), before));
    let choose = async |byte, tag: &str| {
        let headers = [("if-match", tag)];
        let (status, headers, body) =
            stage.ask(&line, Some(&stage.ann), choice(byte), &headers).await;
        (status, headers["etag"].to_str().unwrap().to_owned(), body)
    };
    let (status, tag, chosen) = choose(7, &tag).await;
    assert_eq!((status, &chosen["version"]), (200, &json!(version(7))), "{chosen}");
    assert_eq!(shown(&stage, &song).await, (tag.clone(), chosen));
    // One whose objects have gone is made again first.
    let now = stage.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let retired = stage.catalogue.versions().retired(now, 9).await.unwrap().remove(0);
    assert!(stage.catalogue.versions().begin_removal(&retired).await.unwrap());
    stage.catalogue.versions().end_removal(&retired).await.unwrap();
    let (status, _, for_now) = choose(8, &tag).await;
    assert_eq!((status, &for_now["version"]), (202, &json!(version(7))), "{for_now}");
    package(&stage, &song, 8).await;
    assert_eq!(shown(&stage, &song).await.1["version"], json!(version(8)));
}

#[tokio::test]
async fn edges_hear_of_another_version_before_anybody_else() {
    let stage = Stage::new().await;
    let admin = stage.user("admin", Role::Admin).await;
    let song = stage.make_ready(upload_of(&stage.ann, "Song")).await;
    let mut edge = Edge::starts("edge-1", &stage.bus);
    assert_eq!(edge.next().await, Heard::CaughtUp);
    replace(&stage, &song, 8).await;
    package(&stage, &song, 8).await;
    let pending = stage.catalogue.outbox().pending(100).await.unwrap();
    let said = pending.iter().find(|it| it.payload["event"] == "song.replaced").expect("said");
    let notice = said.id.to_string();
    let shutdown = relay(&stage);
    let target = PurgeTarget::Key(SurrogateKey::Song(song.id));
    let purge = Purge::new(vec![target], true).unwrap();
    assert_eq!(edge.next().await, Heard::Notice(Notice::Purge(purge)));
    complete(&stage, &admin, &notice).await;
    shutdown.begin();
}
