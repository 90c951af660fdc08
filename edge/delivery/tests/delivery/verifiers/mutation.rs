//! Requests made of others by changing some of their characters.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::table::Asked;

/// What tokens and paths are written in, and what they are not.
const CHARACTERS: &[char] = &[
    'A', 'B', 'Z', 'a', 'f', 'z', '0', '1', '9', '-', '_', '.', '/', '%', '?', '&', '=', ';', '+',
    ':', '\\', '*', '"', '~', ',', '@', '!', '|', 'é',
];

/// `count` requests, each made of one of `asked`; other ones on every run. One whose verdicts differ is
/// in the failure's text.
pub(crate) fn of(asked: &[Asked], count: usize) -> Vec<Asked> {
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed).expect("randomness");
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    (0..count).map(|_| mutated(&asked[below(&mut random, asked.len())], &mut random)).collect()
}

fn mutated(asked: &Asked, random: &mut TestRng) -> Asked {
    let mut asked = Asked { what: format!("changed: {}", asked.what), ..asked.clone() };
    let text = match asked.cookies.first_mut() {
        Some(cookie) if below(random, 2) == 0 => cookie,
        _ => &mut asked.target,
    };
    for _ in 0..=below(random, 3) {
        *text = changed(text, random);
    }
    asked
}

/// One character put for another, put in, or taken out; or two exchanged.
fn changed(text: &str, random: &mut TestRng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let at = below(random, characters.len().max(1));
    let other = CHARACTERS[below(random, CHARACTERS.len())];
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
