//! The floors of ARCHITECTURE.md, held over `cargo metadata`: which crate of the workspace may
//! depend on which, and who alone may use a codec, a database, a server or the network.
//!
//! Dev-dependencies are free: tests may look from anywhere at anything.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Crates by their folder's name, each with all that it may depend on. A crate that is not here has
/// no floor yet: give it one in ARCHITECTURE.md, then here.
const FLOORS: &[(&str, &[&str])] = &[
    ("media", &[]),
    ("origin", &["media"]),
    ("token", &["media"]),
    ("bus", &[]),
    ("service", &["media"]),
    ("player", &[]),
    ("cache", &["media", "origin", "service"]),
    ("invalidation", &["media", "origin", "token", "bus", "service"]),
    ("transcode", &["media", "origin"]),
    ("catalogue", &["media", "origin", "token", "service"]),
    ("delivery", &["media", "origin", "token", "service", "cache"]),
    ("verifier", &["media", "origin", "token", "service", "delivery"]),
    ("api", &["media", "origin", "token", "service", "bus", "invalidation", "catalogue", "player"]),
    ("ingest", &["media", "origin", "token", "service", "bus", "catalogue", "transcode"]),
    ("testkit", &["media", "origin", "token", "service"]),
];

/// The top floor may use everything below it.
const TOP: &[&str] = &["segue", "benches"];

/// Who alone may depend on these crates of others, directly.
const WARDENS: &[(&str, &[&str])] = &[
    ("symphonia", &["transcode"]),
    ("opus", &["transcode"]),
    ("fdk-aac-sys", &["transcode"]),
    ("rubato", &["transcode"]),
    ("sqlx", &["catalogue"]),
    // The binary joins the routers on one listener.
    ("axum", &["api", "ingest", "service", "segue"]),
    ("clap", &["segue"]),
];

/// Features that make a crate something that only some may use: hyper is a server in delivery alone.
const FEATURE_WARDENS: &[(&str, &str, &[&str])] = &[("hyper", "server", &["delivery"])];

/// What must not be reachable from a crate by any path: pure libraries stay pure.
const PURE: &[(&str, &[&str])] = &[
    ("transcode", &["tokio", "reqwest", "hyper", "sqlx", "axum"]),
    ("media", &["tokio", "reqwest", "hyper"]),
    ("origin", &["tokio", "reqwest", "hyper"]),
    ("token", &["tokio", "reqwest", "hyper"]),
];

/// One crate of the workspace: what it depends on, outside its tests.
#[derive(Debug, Default)]
struct Crate {
    /// By name, each with the features that are asked of it.
    direct: BTreeMap<String, Vec<String>>,
    /// Everything reachable.
    reachable: BTreeSet<String>,
}

type House = BTreeMap<String, Crate>;

#[test]
fn every_crate_keeps_to_its_floor() {
    let metadata = MetadataCommand::new().exec().expect("cargo metadata runs");
    let breaches = breaches(&house(&metadata));
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn an_edge_upwards_is_a_breach() {
    let breaches = breaches(&made_up("delivery", &[("catalogue", &[])], &["sqlx"]));
    assert_eq!(breaches.len(), 1, "{breaches:?}");
    assert!(breaches[0].starts_with("delivery depends on catalogue"), "{breaches:?}");
}

#[test]
fn a_warded_crate_in_other_hands_is_a_breach() {
    let breaches = breaches(&made_up("ingest", &[("sqlx", &[])], &["sqlx"]));
    assert!(breaches.iter().any(|said| said.starts_with("ingest uses sqlx")), "{breaches:?}");
    let server = made_up("api", &[("hyper", &["http1", "server"])], &[]);
    let breaches = self::breaches(&server);
    assert!(breaches.iter().any(|said| said.starts_with("api uses hyper")), "{breaches:?}");
    assert!(self::breaches(&made_up("api", &[("hyper", &["http1"])], &[])).is_empty());
}

#[test]
fn a_runtime_behind_another_crate_is_a_breach() {
    let breaches = breaches(&made_up("transcode", &[("harmless", &[])], &["harmless", "tokio"]));
    assert!(
        breaches.iter().any(|said| said.starts_with("transcode reaches tokio")),
        "{breaches:?}"
    );
}

#[test]
fn a_crate_without_a_floor_is_a_breach() {
    let breaches = breaches(&made_up("attic", &[], &[]));
    assert!(breaches[0].starts_with("attic has no floor"), "{breaches:?}");
}

fn breaches(house: &House) -> Vec<String> {
    let mut found = Vec::new();
    for (name, krate) in house {
        found.extend(upwards(name, krate, house));
        found.extend(in_other_hands(name, krate));
        found.extend(impure(name, krate));
    }
    found
}

fn upwards(name: &str, krate: &Crate, house: &House) -> Vec<String> {
    if TOP.contains(&name) {
        return Vec::new();
    }
    let Some((_, allowed)) = FLOORS.iter().find(|(floor, _)| *floor == name) else {
        return vec![format!(
            "{name} has no floor: give it one in ARCHITECTURE.md and in tests/floors.rs."
        )];
    };
    let known = |crate_: &str| house.contains_key(crate_) || FLOORS.iter().any(|f| f.0 == crate_);
    krate
        .direct
        .keys()
        .filter(|other| known(other) && !allowed.contains(&other.as_str()))
        .map(|other| {
            format!(
                "{name} depends on {other}, which is not below it (allowed: {allowed:?}): move what \
                 both need down to a lower floor, or pass it in from src/main.rs."
            )
        })
        .collect()
}

fn in_other_hands(name: &str, krate: &Crate) -> Vec<String> {
    let benches_alone = name == "benches";
    let by_name = WARDENS.iter().filter_map(|(other, wardens)| {
        let used = krate.direct.contains_key(*other);
        (used && !wardens.contains(&name) && !benches_alone).then_some((*other, *wardens))
    });
    let by_feature = FEATURE_WARDENS.iter().filter_map(|(other, feature, wardens)| {
        let used = krate.direct.get(*other)?.iter().any(|asked| asked == feature);
        (used && !wardens.contains(&name) && !benches_alone).then_some((*other, *wardens))
    });
    by_name
        .chain(by_feature)
        .map(|(other, wardens)| {
            format!(
                "{name} uses {other}, which is kept in {wardens:?}: call what is there instead, or add \
                 to it what is missing."
            )
        })
        .collect()
}

fn impure(name: &str, krate: &Crate) -> Vec<String> {
    let Some((_, forbidden)) = PURE.iter().find(|(pure, _)| *pure == name) else {
        return Vec::new();
    };
    forbidden
        .iter()
        .filter(|other| krate.reachable.contains(**other))
        .map(|other| {
            format!(
                "{name} reaches {other}, and is to run without it (`cargo tree -e normal -i {other}` \
                 shows the way): turn off the feature that brings it, or take another crate."
            )
        })
        .collect()
}

/// The workspace as it is.
fn house(metadata: &Metadata) -> House {
    let members: BTreeSet<_> = metadata.workspace_members.iter().collect();
    metadata
        .packages
        .iter()
        .filter(|package| members.contains(&package.id))
        .map(|package| {
            let direct = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind != DependencyKind::Development)
                .map(|dependency| (short(&dependency.name), dependency.features.clone()))
                .collect();
            let reachable = reachable(metadata, &package.id);
            (short(&package.name), Crate { direct, reachable })
        })
        .collect()
}

/// Everything that is linked into a package: its normal dependencies and theirs.
fn reachable(metadata: &Metadata, from: &cargo_metadata::PackageId) -> BTreeSet<String> {
    let graph = metadata.resolve.as_ref().expect("cargo metadata resolves");
    let nodes: BTreeMap<_, _> = graph.nodes.iter().map(|node| (&node.id, node)).collect();
    let (mut seen, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(id) = open.pop() {
        for dependency in &nodes[id].deps {
            let linked =
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if linked && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen.remove(from);
    seen.into_iter().map(|id| short(&metadata[id].name)).collect()
}

/// `segue-cache` is the crate of edge/cache; `segue` is the binary.
fn short(package: &str) -> String {
    package.strip_prefix("segue-").unwrap_or(package).to_owned()
}

fn made_up(name: &str, direct: &[(&str, &[&str])], reachable: &[&str]) -> House {
    let direct = direct.iter().map(|(name, features)| {
        (name.to_string(), features.iter().map(ToString::to_string).collect())
    });
    let reachable = reachable.iter().map(ToString::to_string).collect();
    House::from([(name.to_owned(), Crate { direct: direct.collect(), reachable })])
}
