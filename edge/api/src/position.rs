//! A place in a song.

use serde::{Deserialize, Deserializer, de};
use utoipa::ToSchema;

/// No song is longer: a thousand hours, in milliseconds.
const LONGEST: u64 = 3_600_000_000;

/// A place in a song, in milliseconds, from 0 to a thousand hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = u64, minimum = 0, maximum = 3_600_000_000_i64)]
pub(crate) struct Position(pub(crate) u64);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let milliseconds = u64::deserialize(deserializer)?;
        if milliseconds > LONGEST {
            let accepted = "a number of milliseconds from 0 to 3600000000";
            return Err(de::Error::invalid_value(
                de::Unexpected::Unsigned(milliseconds),
                &accepted,
            ));
        }
        Ok(Self(milliseconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_in_a_song() {
        let read = |text: &str| serde_json::from_str::<Position>(text).map(|Position(at)| at);
        assert_eq!(read("3600000000").ok(), Some(LONGEST));
        for wrong in ["3600000001", "-1", "1.5", "\"1\""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
