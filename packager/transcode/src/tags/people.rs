//! Who took part in a song beside those whose it is.

use lofty::tag::ItemKey;
use serde::{Deserialize, Serialize};

use super::clean;

/// The most of them that are taken.
const MOST: usize = 30;

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The music.
    Composer,
    /// The words.
    Lyricist,
    /// The production.
    Producer,
    /// The remix.
    Remixer,
    /// Conducting.
    Conductor,
}

/// Somebody, and what they did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// What they did.
    pub part: Part,
    /// Their name.
    pub name: String,
}

const PARTS: [(Part, ItemKey); 5] = [
    (Part::Composer, ItemKey::Composer),
    (Part::Lyricist, ItemKey::Lyricist),
    (Part::Producer, ItemKey::Producer),
    (Part::Remixer, ItemKey::Remixer),
    (Part::Conductor, ItemKey::Conductor),
];

/// Those whom `texts` names.
pub(super) fn found(texts: impl Fn(ItemKey) -> Vec<String>) -> Vec<Person> {
    let named = PARTS
        .into_iter()
        .flat_map(|(part, key)| texts(key).into_iter().map(move |name| Person { part, name }));
    named.collect()
}

/// Some of them, each once.
pub(super) fn cleaned(people: Vec<Person>) -> Vec<Person> {
    let mut kept: Vec<Person> = Vec::new();
    for Person { part, name } in people {
        let person = clean(&name).map(|name| Person { part, name });
        kept.extend(person.filter(|person| kept.len() < MOST && !kept.contains(person)));
    }
    kept
}
