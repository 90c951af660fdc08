//! How much there is of everything, and what it is called.

use crate::dice::{Dice, ranked};

/// Milliseconds since 1970 of the last thing that happened: what lies behind it is in the future of nobody who measures.
pub(crate) const END_MS: u64 = 1_795_000_000_000;

/// When the first thing happened: five years earlier.
const START_MS: u64 = END_MS - 5 * 365 * DAY_MS;

pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// How much there is of everything: for a million songs, 100 000 users and ten million entries of playlists.
pub(crate) struct World {
    pub(crate) songs: u64,
    pub(crate) users: u64,
    pub(crate) artists: u64,
    pub(crate) genres: u64,
    pub(crate) entries: u64,
    /// The first song of each album, and the end of the last.
    pub(crate) albums: Vec<u64>,
    /// Who made each album.
    pub(crate) makers: Vec<u64>,
}

impl World {
    pub(crate) fn of(songs: u64) -> Self {
        let (users, artists) = (songs / 10, songs / 20);
        let (mut albums, mut makers, mut first) = (vec![0], Vec::new(), 0);
        while first < songs {
            let mut dice = Dice::of("album", makers.len() as u64);
            first = (first + 1 + dice.below(16)).min(songs);
            albums.push(first);
            makers.push(busy(&mut dice, artists));
        }
        Self { songs, users, artists, genres: 200, entries: songs * 10, albums, makers }
    }

    /// Some song, the popular ones more often.
    pub(crate) fn song(&self, dice: &mut Dice) -> u64 {
        ranked(dice.rank(self.songs), self.songs)
    }

    /// Some user, the busy ones more often.
    pub(crate) fn user(&self, dice: &mut Dice) -> u64 {
        busy(dice, self.users)
    }

    /// Whoever uploads: some are artists.
    pub(crate) fn uploaders(&self) -> u64 {
        self.users / 20
    }
}

/// Some of `end`, the busy ones more often: the busiest one a few hundred times as often as the one in the middle.
fn busy(dice: &mut Dice, end: u64) -> u64 {
    ranked((end as f64 * dice.part().powi(2)) as u64, end)
}

/// The UUIDv7 of the thing with that number of `of` that came in equal steps over the years.
pub(crate) fn id(kind: &str, number: u64, of: u64) -> u128 {
    id_at(kind, number, at(number, of))
}

/// The UUIDv7 of the thing that came then.
pub(crate) fn id_at(kind: &str, number: u64, ms: u64) -> u128 {
    let mut dice = Dice::of(kind, number);
    let high = u128::from((ms << 16) | 0x7000 | (dice.bits() & 0xfff));
    high << 64 | u128::from((1 << 63) | (dice.bits() >> 2))
}

/// When the thing with that number of `of` came.
pub(crate) fn at(number: u64, of: u64) -> u64 {
    START_MS + ((END_MS - START_MS) as f64 * (number as f64 / of as f64)) as u64
}

const WORDS: [&str; 48] = [
    "Amber", "Autumn", "Blue", "Bridge", "Broken", "Canyon", "Circle", "City", "Cold", "Crystal",
    "Dance", "Dawn", "Desert", "Distant", "Dream", "Dust", "Echo", "Electric", "Ember", "Empty",
    "Fire", "Garden", "Ghost", "Golden", "Harbour", "Heart", "Hollow", "Island", "Lantern",
    "Light", "Midnight", "Mirror", "Moon", "Morning", "Northern", "Ocean", "Paper", "Rain",
    "River", "Road", "Silver", "Sleep", "Stone", "Summer", "Thunder", "Velvet", "Winter", "Wolf",
];

const SYLLABLES: [&str; 32] = [
    "ba", "be", "bo", "da", "de", "di", "fa", "fe", "ga", "go", "ha", "jo", "ka", "ke", "ki", "la",
    "le", "li", "lo", "ma", "me", "mi", "na", "ne", "no", "ra", "re", "ri", "sa", "so", "ta", "to",
];

/// A title of two or three words.
pub(crate) fn title(dice: &mut Dice) -> String {
    let count = 2 + dice.below(2);
    let words = (0..count).map(|_| WORDS[dice.below(WORDS.len() as u64) as usize]);
    words.collect::<Vec<_>>().join(" ")
}

/// A name that no other number has.
pub(crate) fn name(mut number: u64) -> String {
    let mut name = String::new();
    loop {
        name.push_str(SYLLABLES[(number % 32) as usize]);
        number /= 32;
        if number == 0 {
            break;
        }
    }
    name[..1].to_uppercase() + &name[1..]
}
