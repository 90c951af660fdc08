//! Nodes that are told by the server itself (`[[hooks]]`) what to forget.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::nginx;
use crate::node::{Kind, Node, free_address};
use crate::world::{ANNA, PURGE_SECRET, World, until};

const FILE: &str = "aac/64/00000.m4s";

/// Both are fetched from, told of a purge by a hook each, and fetch anew; and what is withdrawn leaves them.
#[test]
fn nodes_forget_what_the_api_is_told_and_what_is_withdrawn() {
    let folder = TempDir::new().expect("a folder");
    let (nginx_at, varnish_at) = (free_address(), free_address());
    let secret = folder.path().join("purge-secret");
    fs::write(&secret, format!("{PURGE_SECRET}\n")).expect("written");
    let hook = |kind, address| {
        format!(
            "[[hooks]]\nname = \"{kind}\"\nkind = \"{kind}\"\nurl = \"http://{address}\"\n\
             allow_private = true\nsecret_file = \"{}\"\n",
            secret.display()
        )
    };
    let config = folder.path().join("segue.toml");
    let hooks = [hook("nginx", nginx_at), hook("varnish", varnish_at)].concat();
    fs::write(&config, hooks).expect("written");
    let world = World::with_settings(&["--config", config.to_str().expect("text")], &[1]);
    let nodes = [(Kind::Nginx, nginx_at), (Kind::Varnish, varnish_at)].map(|(kind, address)| {
        let folder = TempDir::new().expect("a folder");
        world.fetch_keys(&folder.path().join("jwks.json"));
        let changes = match kind {
            Kind::Nginx => &nginx::IN_THE_CLEAR[..],
            Kind::Varnish => &[],
        };
        Node::start_at(kind, folder, address, world.address(), changes)
    });
    let song = &world.songs[0];
    let path = world.path(song, ANNA, FILE);
    let reads = |count: usize| {
        for node in &nodes {
            assert_eq!(node.get(&path).status, 200, "{:?}", node.kind);
        }
        world.reads_once_there_are(count, song, FILE).len()
    };
    assert_eq!(reads(2), 2);
    assert_eq!(reads(2), 2, "both have it");

    for soft in [false, true] {
        let before = reads(2);
        let purge = json!({ "keys": [format!("song:{}", song.id)], "soft": soft });
        let (status, said) = world.ask("POST", "/v1/purges", &purge);
        assert_eq!(status, 202, "{said}");
        told(&world, said["id"].as_str().expect("an id"));
        assert_eq!(reads(before + 2), before + 2, "soft: {soft}");
    }

    let (status, withdrawn) = world.ask("DELETE", &format!("/v1/songs/{}", song.id), &Value::Null);
    assert_eq!(status, 200, "{withdrawn}");
    told(&world, withdrawn["notice"].as_str().expect("a notice"));
    for node in &nodes {
        assert_eq!(node.get(&path).status, 404, "{:?}", node.kind);
    }
}

/// Waits until both hooks have it.
fn told(world: &World, id: &str) {
    until("both nodes were told", || {
        let (_, receipts) = world.ask("GET", &format!("/v1/purges/{id}"), &Value::Null);
        let hooks = receipts["hooks"].as_array().cloned().unwrap_or_default();
        assert!(hooks.iter().all(|hook| hook["state"] != "dead"), "{receipts}");
        hooks.len() == 2 && hooks.iter().all(|hook| hook["state"] == "done")
    });
}
