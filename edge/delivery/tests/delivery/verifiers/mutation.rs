//! Requests made of others by changing some of their characters; other ones on every run. One whose
//! verdicts differ is in the failure's text.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::table::Asked;
use crate::site::{FOLDER, Running};
use crate::tokens::{self, Parts, SEGMENT};

/// What tokens and paths are written in, and what they are not.
const OF_REQUESTS: &[char] = &[
    'A', 'B', 'Z', 'a', 'f', 'z', '0', '1', '9', '-', '_', '.', '/', '%', '?', '&', '=', ';', '+',
    ':', '\\', '*', '"', '~', ',', '@', '!', '|', 'é',
];

/// What JSON is written in.
const OF_JSON: &[char] = &[
    '{', '}', '[', ']', '"', '\\', ',', ':', '0', '1', '9', '.', 'e', 'E', '+', '-', ' ', '\n',
    '\t', '\u{b}', '\u{1}', '\u{7f}', 'u', 'n', 't', 'd', '8', '/', 'é', '🎵', '\u{feff}',
];

/// `count` requests, each made of one of `asked`.
pub(crate) fn of(asked: &[Asked], count: usize) -> Vec<Asked> {
    let mut random = random();
    (0..count).map(|_| mutated(&asked[below(&mut random, asked.len())], &mut random)).collect()
}

/// `count` requests with tokens whose header or claims were changed, and signed again.
pub(crate) fn signed(edge: &Running, count: usize) -> Vec<Asked> {
    let mut random = random();
    let parts = Parts::of(&edge.token(320));
    let mut sign = || {
        let mut texts = [parts.header.to_string(), parts.claims.to_string()];
        let one = &mut texts[below(&mut random, 2)];
        for _ in 0..=below(&mut random, 2) {
            *one = changed(one, OF_JSON, &mut random);
        }
        let token = tokens::signed_raw(&edge.key, &texts[0], &texts[1]);
        Asked::get(&texts.join("."), format!("/t/{token}/{FOLDER}/{SEGMENT}"))
    };
    (0..count).map(|_| sign()).collect()
}

fn random() -> TestRng {
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed).expect("randomness");
    TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
}

fn mutated(asked: &Asked, random: &mut TestRng) -> Asked {
    let mut asked = Asked { what: format!("changed: {}", asked.what), ..asked.clone() };
    let text = match asked.cookies.first_mut() {
        Some(cookie) if below(random, 2) == 0 => cookie,
        _ => &mut asked.target,
    };
    for _ in 0..=below(random, 3) {
        *text = changed(text, OF_REQUESTS, random);
    }
    asked
}

/// One character put for another, put in, or taken out; or two exchanged.
fn changed(text: &str, others: &[char], random: &mut TestRng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let at = below(random, characters.len().max(1));
    let other = others[below(random, others.len())];
    match below(random, 4) {
        0 => characters.insert(at, other),
        1 if at + 1 < characters.len() => characters.swap(at, at + 1),
        2 if at < characters.len() => _ = characters.remove(at),
        _ if at < characters.len() => characters[at] = other,
        _ => {}
    }
    characters.into_iter().collect()
}

fn below(random: &mut TestRng, end: usize) -> usize {
    (random.next_u32() as usize) % end
}
