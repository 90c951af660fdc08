//! All that is somebody's: told to them, to nobody else, and gone with them.

use std::collections::BTreeSet;
use std::time::Duration;

use segue_catalogue::bookmarks::NewBookmark;
use segue_catalogue::export::{LEFT_OUT, PARTS};
use segue_catalogue::users::Deleted;
use segue_catalogue::{
    Audience, AuthenticatedUser, DatabaseUrl, Device, Identity, NewPlaylist, NewUpload, Quota,
    Role, Secret, Setting, SongEdit, StreamId, Viewer,
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;
use crate::users::newcomer;

contract![what_is_told_is_all_ones_own, every_table_that_refers_to_users_is_told_or_has_a_reason,];

/// What keeps an account from going, and what [`segue_catalogue::Users::delete`] takes away itself.
const BY_HAND: &[&str] = &["songs", "sessions", "api_keys"];

/// Gives `name` one of everything; answers its id.
async fn furnish(bench: &Bench, name: &str) -> media::UserId {
    let catalogue = &bench.catalogue;
    let mail = format!("{name}@music.example");
    let id = catalogue.users().register(&newcomer(name, &mail)).await.unwrap().id;
    let (session, _) = catalogue.sessions().begin(id, Duration::from_secs(60)).await.unwrap();
    let key = format!("key of {name}").parse().unwrap();
    catalogue.api_keys().create(id, &key, Role::Listener, None).await.unwrap().expect("a key");
    let playlist = NewPlaylist {
        name: format!("playlist of {name}").parse().unwrap(),
        description: "".parse().unwrap(),
        public: false,
    };
    let owner = AuthenticatedUser { id, role: Role::Listener };
    catalogue.playlists().create(&owner, &playlist).await.unwrap();
    let song = bench.make_ready(&format!("song for {name}")).await;
    let listener = Audience::from(Viewer::Uploader(id));
    let setting = Setting {
        song: song.id,
        position_ms: 1,
        playing: true,
        device: Device::default(),
        queue: None,
    };
    catalogue.players().set(id, &listener, &setting, None).await.unwrap();
    let bookmark = NewBookmark {
        song: song.id,
        position_ms: 1,
        note: format!("note of {name}").parse().unwrap(),
    };
    catalogue.bookmarks().make(id, &listener, &bookmark).await.unwrap();
    assert!(catalogue.library().follow(id, &listener, song.artist_id).await.unwrap());
    catalogue.library().like(id, &Audience::from(Viewer::Public), song.id).await.unwrap();
    catalogue.playbacks().open(Uuid::now_v7(), id, song.id).await.unwrap();
    catalogue.streams().begin(id, StreamId::from(session)).await.unwrap();
    let identity =
        Identity { issuer: "https://login.example".to_owned(), subject: name.to_owned() };
    catalogue.identities().link(&identity, id).await.unwrap();
    catalogue.oidc_logins().grant(id, &Secret::generate().unwrap()).await.unwrap();
    let upload =
        NewUpload { user: id, length: 1, metadata: format!("title of {name}"), concat: None };
    let quota = Quota { uploads: 1, bytes: 1 };
    catalogue.uploads().create(&upload, &quota, Duration::from_secs(60)).await.unwrap().unwrap();
    let claim = format!("new.{name}@music.example").parse().unwrap();
    catalogue.email_claims().claim(id, &claim).await.unwrap();
    catalogue.password_resets().wish(name).await.unwrap();
    catalogue.password_resets().take().await.unwrap().expect("a mail");
    id
}

async fn what_is_told_is_all_ones_own(bench: &Bench) {
    let (ann, bob) = (furnish(bench, "ann").await, furnish(bench, "bob").await);
    let document = bench.catalogue.export(ann).await.unwrap().expect("ann");
    let text = document.to_string();
    assert!(!text.contains("bob") && !text.contains(&bob.to_string()), "{text}");
    assert!(!text.contains("hash"), "{text}");
    assert_eq!(document["account"]["email"], "ann@music.example");
    assert_eq!(document["account"]["created_at"], "2027-01-15T08:00:00Z");
    for part in [
        "sessions",
        "api_keys",
        "playlists",
        "likes",
        "follows",
        "playbacks",
        "player",
        "bookmarks",
        "streams",
        "identities",
        "uploads",
        "email_claims",
    ] {
        assert_eq!(document[part].as_array().map(Vec::len), Some(1), "{part}: {document}");
    }
    assert_eq!(document["likes"][0]["title"], "song for ann");
    let names: BTreeSet<_> = PARTS.iter().map(|part| part.name).collect();
    let told: BTreeSet<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(told.is_superset(&names), "{told:?}");
    // Of a song that they may know of no more, its id is theirs, and what it is called now is not.
    let song = document["likes"][0]["song_id"].as_str().unwrap().parse().unwrap();
    bench.edit(song, SongEdit { draft: Some(true), ..SongEdit::default() }).await;
    let later = bench.catalogue.export(ann).await.unwrap().expect("ann");
    for part in ["likes", "playbacks", "player", "bookmarks"] {
        assert_eq!(later[part][0]["song_id"], document["likes"][0]["song_id"], "{part}: {later}");
        assert_eq!(later[part][0]["title"], Value::Null, "{part}: {later}");
    }
    let admins = bench.catalogue.export(bench.admin.id).await.unwrap().expect("the admin");
    assert_eq!(admins["songs"].as_array().map(Vec::len), Some(2), "{admins}");
    assert_eq!(admins["albums"].as_array().map(Vec::len), Some(2), "{admins}");
    assert_eq!(bench.catalogue.users().delete(ann).await.unwrap(), Deleted::Done);
    assert_eq!(bench.catalogue.export(ann).await.unwrap(), None);
    let bobs = bench.catalogue.export(bob).await.unwrap().expect("bob");
    assert_eq!(bobs["likes"].as_array().map(Vec::len), Some(1), "{bobs}");
    assert_ne!(bobs["account"], Value::Null);
}

async fn every_table_that_refers_to_users_is_told_or_has_a_reason(bench: &Bench) {
    // A statement that the plans are judged by, as in every test.
    assert_eq!(bench.catalogue.export(media::UserId::new(Uuid::nil())).await.unwrap(), None);
    let references = references(&bench.url).await;
    assert!(references.len() > 8, "{references:?}");
    for (table, column, on_delete) in references {
        let told = PARTS.iter().any(|part| part.owner == (table.as_str(), column.as_str()));
        let left_out = LEFT_OUT.iter().any(|(of, by, _)| (*of, *by) == (&*table, &*column));
        assert!(told != left_out, "{table}.{column}: put it into export.rs, with its table");
        let goes = ["CASCADE", "SET NULL"].contains(&on_delete.as_str());
        let by_hand = BY_HAND.contains(&table.as_str());
        assert!(goes != by_hand, "{table}.{column}: what becomes of it when the account goes?");
    }
}

/// Every column that refers to users: table, column, and what becomes of it when the user goes.
async fn references(url: &DatabaseUrl) -> Vec<(String, String, String)> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let url = format!("sqlite://{}", path.display());
            let mut database = SqliteConnection::connect(&url).await.unwrap();
            let query = "SELECT m.name AS of, f.\"from\" AS by, f.on_delete AS goes
                 FROM sqlite_master m, pragma_foreign_key_list(m.name) f
                 WHERE m.type = 'table' AND f.\"table\" = 'users'";
            let rows = sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut database).await.unwrap();
            rows.iter().map(|row| (row.get("of"), row.get("by"), row.get("goes"))).collect()
        }
        DatabaseUrl::Postgres { leader, .. } => {
            let mut database = PgConnection::connect_with(leader).await.unwrap();
            let query = "SELECT c.conrelid::regclass::text AS of, a.attname::text AS by,
                     CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL'
                                        ELSE 'NO ACTION' END AS goes
                 FROM pg_constraint c
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                 WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass";
            let rows = sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut database).await.unwrap();
            rows.iter().map(|row| (row.get("of"), row.get("by"), row.get("goes"))).collect()
        }
    }
}
