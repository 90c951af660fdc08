//! Where an entry stands in its playlist: a key between any two others, so that nothing else moves when one is put in.

/// How far apart entries at either end are put, so that there is room between them.
const STEP: u64 = 1 << 24;

/// Longer places than this are not kept: it is time to write them all anew.
pub(crate) const LONGEST: usize = 64;

/// The digits of a fraction between 0 and 1 to base 256, without zeros at the end: then places compare byte by byte as
/// the fractions do, and between any two there is another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(Vec<u8>);

impl Place {
    /// A place as it was kept.
    pub(crate) fn new(digits: Vec<u8>) -> Self {
        Self(digits)
    }

    pub(crate) fn digits(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn to_hex(&self) -> String {
        self.0.iter().map(|digit| format!("{digit:02x}")).collect()
    }

    /// Whether it is too long to be kept.
    pub(crate) fn is_long(&self) -> bool {
        self.0.len() > LONGEST
    }

    /// `count` places in ascending order, above `low` and below `high`; without one, as far as places go.
    pub(crate) fn between(low: Option<&Self>, high: Option<&Self>, count: usize) -> Vec<Self> {
        match (low, high) {
            (None, None) => after(u64::MAX / 2, count),
            (Some(low), None) if has_room_above(low, count) => after(lead(low), count),
            (None, Some(high)) if has_room_below(high, count) => before(lead(high), count),
            (low, high) => within(low.map_or(&[], Self::digits), high.map(Self::digits), count),
        }
    }
}

/// The first eight digits.
fn lead(place: &Place) -> u64 {
    let mut digits = [0; 8];
    let kept = place.0.len().min(8);
    digits[..kept].copy_from_slice(&place.0[..kept]);
    u64::from_be_bytes(digits)
}

fn has_room_above(place: &Place, count: usize) -> bool {
    (u64::MAX - lead(place)) / STEP > count as u64
}

fn has_room_below(place: &Place, count: usize) -> bool {
    lead(place) / STEP > count as u64
}

fn after(lead: u64, count: usize) -> Vec<Place> {
    (1..=count as u64).map(|step| trimmed(&(lead + step * STEP).to_be_bytes())).collect()
}

fn before(lead: u64, count: usize) -> Vec<Place> {
    (1..=count as u64).rev().map(|step| trimmed(&(lead - step * STEP).to_be_bytes())).collect()
}

/// Evenly spread over the gap, on as few digits as have room.
fn within(low: &[u8], high: Option<&[u8]>, count: usize) -> Vec<Place> {
    let shared = high.map_or(0, |high| shared_digits(low, high));
    let mut prefix = low[..shared.min(low.len())].to_vec();
    prefix.resize(shared, 0);
    let (low, high) = (low.get(shared..).unwrap_or_default(), high.map(|high| &high[shared..]));
    for digits in 1..=WIDEST {
        let (floor, ceiling) = (number(low, digits), ceiling(high, digits));
        if ceiling - floor > count as u128 {
            return spread(&prefix, floor, ceiling, digits, count);
        }
    }
    // The low end is a hair below the high one: go on right above the low end alone.
    prefix.extend(number(low, WIDEST).to_be_bytes()[16 - WIDEST..].iter());
    let rest = within(low.get(WIDEST..).unwrap_or_default(), None, count);
    rest.into_iter().map(|place| Place([prefix.as_slice(), place.digits()].concat())).collect()
}

/// Digits that a gap is looked at.
const WIDEST: usize = 8;

/// How many digits `low`, zeros at its end thought of, has in common with `high`.
fn shared_digits(low: &[u8], high: &[u8]) -> usize {
    let low = low.iter().copied().chain(std::iter::repeat(0));
    low.zip(high).take_while(|(low, high)| low == *high).count()
}

/// The first `digits` as a whole number.
fn number(from: &[u8], digits: usize) -> u128 {
    let digit = |at| u128::from(from.get(at).copied().unwrap_or_default());
    (0..digits).fold(0, |number, at| number << 8 | digit(at))
}

fn ceiling(high: Option<&[u8]>, digits: usize) -> u128 {
    high.map_or(1 << (8 * digits), |high| number(high, digits))
}

fn spread(prefix: &[u8], floor: u128, ceiling: u128, digits: usize, count: usize) -> Vec<Place> {
    let gap = ceiling - floor;
    let place = |nth: u128| {
        let number = floor + gap * nth / (count as u128 + 1);
        trimmed(&[prefix, &number.to_be_bytes()[16 - digits..]].concat())
    };
    (1..=count as u128).map(place).collect()
}

fn trimmed(digits: &[u8]) -> Place {
    let kept = digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1);
    Place(digits[..kept].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts `count` in at `at`, and checks that all stand in order and nowhere twice.
    fn put_in(places: &mut Vec<Place>, at: usize, count: usize) {
        let low = at.checked_sub(1).map(|below| places[below].clone());
        let new = Place::between(low.as_ref(), places.get(at), count);
        assert_eq!(new.len(), count);
        places.splice(at..at, new);
        let around = at.saturating_sub(1)..(at + count + 1).min(places.len());
        assert!(places[around.clone()].is_sorted_by(|a, b| a < b), "{:?}", &places[around]);
        assert!(places.iter().all(|place| place.0.last().is_some_and(|last| *last != 0)));
    }

    #[test]
    fn either_end_takes_any_number_and_stays_short() {
        let mut places = Vec::new();
        for turn in 0..3_000 {
            let end = if turn % 2 == 0 { 0 } else { places.len() };
            put_in(&mut places, end, 1 + turn % 3);
        }
        assert!(places.iter().all(|place| place.0.len() <= 8));
    }

    #[test]
    fn the_same_spot_takes_a_thousand_at_once_and_many_one_by_one() {
        for offset in [0, 1] {
            let mut places = Vec::new();
            put_in(&mut places, 0, 10);
            for turn in 0..300 {
                put_in(&mut places, 5 + offset * turn, 1);
            }
            assert!(places.iter().all(|place| !place.is_long()));
            put_in(&mut places, 5, 1_000);
            put_in(&mut places, 5, 1_000);
        }
    }

    #[test]
    fn any_order_of_putting_in_and_taking_out_keeps_order() {
        let mut places = Vec::new();
        let mut dice = 7_u64;
        let mut roll = |below: usize| {
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(dice >> 33).expect("31 bits") % below
        };
        for _ in 0..5_000 {
            let at = roll(places.len() + 1);
            put_in(&mut places, at, 1 + roll(3));
            if roll(3) == 0 {
                places.remove(roll(places.len()));
            }
        }
    }

    #[test]
    fn a_hair_below_another_there_is_room() {
        let low = Place([&[127][..], &[255; 20]].concat());
        let high = Place(vec![128]);
        let new = Place::between(Some(&low), Some(&high), 500);
        assert!(new.is_sorted_by(|a, b| a < b) && low < new[0] && new[499] < high);
        let lowest = Place([&[0; 20][..], &[1]].concat());
        let new = Place::between(None, Some(&lowest), 500);
        assert!(new.is_sorted_by(|a, b| a < b) && new[499] < lowest);
    }
}
