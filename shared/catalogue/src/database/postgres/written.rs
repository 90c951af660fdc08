//! Who has written how far: positions in the leader's log.

use std::collections::HashMap;

use media::UserId;

/// The most users that are remembered one by one.
const MOST: usize = 10_000;

/// A position that no replica reaches.
pub(super) const UNKNOWN: i64 = i64::MAX;

/// Who has written up to where, within bounds.
#[derive(Debug)]
pub(super) struct Written {
    by: HashMap<UserId, i64>,
    /// What everybody needs, since somebody who needs it was forgotten.
    floor: i64,
}

impl Written {
    /// Everybody must see what lies before `floor`.
    pub(super) fn since(floor: i64) -> Self {
        Self { by: HashMap::new(), floor }
    }

    /// The position that a replica must have replayed before anybody may read from it.
    pub(super) fn floor(&self) -> i64 {
        self.floor
    }

    /// The position that a replica must have replayed before `user` may read from it.
    pub(super) fn needed(&self, user: UserId) -> i64 {
        self.by.get(&user).copied().unwrap_or_default().max(self.floor)
    }

    /// `user` has written up to `position`, and the replica has replayed up to `replayed`. Where there is no more room,
    /// those who can read from the replica by now are forgotten; where that is nobody, all are, and everybody must see
    /// what they wrote.
    pub(super) fn add(&mut self, user: UserId, position: i64, replayed: i64) {
        if self.by.len() >= MOST {
            self.by.retain(|_, position| *position > replayed);
        }
        if self.by.len() >= MOST {
            let highest = self.by.drain().map(|(_, position)| position).max();
            self.floor = self.floor.max(highest.unwrap_or_default());
        }
        let own = self.by.entry(user).or_default();
        *own = if *own == UNKNOWN { position } else { position.max(*own) };
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(number: usize) -> UserId {
        UserId::new(Uuid::from_u128(number as u128))
    }

    #[test]
    fn a_user_needs_what_they_wrote_last() {
        let mut written = Written::since(5);
        assert_eq!(written.needed(user(1)), 5);
        written.add(user(1), 20, 0);
        written.add(user(1), 10, 0);
        assert_eq!(written.needed(user(1)), 20);
        assert_eq!(written.needed(user(2)), 5);
        written.add(user(1), UNKNOWN, 0);
        assert_eq!(written.needed(user(1)), UNKNOWN);
        written.add(user(1), 30, 0);
        assert_eq!(written.needed(user(1)), 30);
    }

    #[test]
    fn memory_is_bounded_and_nobody_reads_behind_their_own_write() {
        let mut written = Written::since(5);
        for number in 0..MOST {
            written.add(user(number), 100 + i64::try_from(number).expect("small"), 0);
        }
        // Half have been replayed: those are forgotten.
        let half = 100 + i64::try_from(MOST / 2).expect("small");
        written.add(user(MOST), 1_000_000, half);
        assert_eq!(written.needed(user(0)), 5);
        assert_eq!(written.by.len(), MOST / 2);
        // None have: everybody waits for the highest.
        for number in 0..=MOST {
            written.add(user(MOST * 2 + number), 2_000_000, 0);
        }
        assert!(written.by.len() <= MOST);
        assert_eq!(written.needed(user(7)), 2_000_000);
    }
}
