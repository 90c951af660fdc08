//! What is asked of one packaging. With the master, it decides every byte.

use media::ladder::{LADDER, Rung, TOP, rungs};
use media::{Container, Layout, Lufs, SegmentSecret, SwitchingSet, SwitchingSets, Version};

use crate::cipher::Cipher;
use crate::inspect::Verify;
use crate::mux::Storage;

/// What to make of a master. The default is what every song gets: AAC-LC in fMP4 and Opus in Ogg.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters {
    /// The switching sets to make.
    pub sets: SwitchingSets,
    /// How fMP4 renditions are stored.
    pub layout: Layout,
    /// Whether to describe the fMP4 renditions in DASH as well.
    pub dash: bool,
    /// How hard the encoders try.
    pub effort: Effort,
    /// What segments are encrypted with (HLS AES-128); `None` leaves them as they are.
    pub secret: Option<SegmentSecret>,
    /// The loudness to bring the song to; `None` leaves the sound as it is.
    pub normalize: Option<Lufs>,
    /// What the package must pass. It decides no byte.
    pub verify: Verify,
}

/// Parameters that cannot all be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// Nothing that DASH could describe.
    #[error("a DASH manifest describes fMP4: ask for one of the sets aac, opus and saver with it")]
    DashWithoutFmp4,
    /// Files that would have to stay as they are.
    #[error(
        "encryption (HLS AES-128) is for fMP4 in segments: ask for sets without ogg, for the layout \
         segments, and for no DASH manifest with it"
    )]
    NotEncryptable,
}

media::choice! {
    /// How hard the encoders try.
    Effort, "an effort", or UnknownEffort:
    /// The best that they can do at the rate.
    #[default]
    Best = "best",
    /// Less CPU for a little less quality.
    Fast = "fast",
}

impl Parameters {
    /// Whether they can all be met.
    ///
    /// # Errors
    /// What contradicts what.
    pub fn check(&self) -> Result<(), Contradiction> {
        let fmp4 = self.sets.iter().any(|set| set.container() == Container::Fmp4);
        if self.dash && !fmp4 {
            return Err(Contradiction::DashWithoutFmp4);
        }
        if self.secret.is_some() { self.check_encryptable() } else { Ok(()) }
    }

    /// Whether all of it can be encrypted, with whatever secret. Ogg is downloaded whole, DASH knows no
    /// AES-128, and byte ranges would have to be encrypted one by one.
    ///
    /// # Errors
    /// [`Contradiction::NotEncryptable`].
    pub fn check_encryptable(&self) -> Result<(), Contradiction> {
        let fmp4 = self.sets.iter().all(|set| set.container() == Container::Fmp4);
        let plain = !fmp4 || self.dash || self.layout != Layout::Segments;
        if plain { Err(Contradiction::NotEncryptable) } else { Ok(()) }
    }

    /// How an fMP4 rendition of a version is stored.
    #[must_use]
    pub fn storage(&self, version: &Version, set: SwitchingSet, rung: Rung) -> Storage {
        let cipher = |secret: &SegmentSecret| Cipher {
            key: secret.key(version, set, rung.kbps),
            secret: secret.fingerprint(),
        };
        match self.layout {
            Layout::Segments => Storage::Segments(self.secret.as_ref().map(cipher)),
            Layout::SingleFile => Storage::SingleFile,
        }
    }

    /// What must be encoded, in ladder order. Each rung is encoded once, however many sets hold it.
    pub fn rungs(&self) -> impl Iterator<Item = Rung> {
        LADDER.into_iter().filter(|rung| self.sets_of(*rung).next().is_some())
    }

    /// The sets that hold a rung.
    pub fn sets_of(&self, rung: Rung) -> impl Iterator<Item = SwitchingSet> {
        self.sets.iter().filter(move |set| set.codec() == rung.codec)
    }

    /// Every rendition: set by set, each in ladder order.
    pub fn renditions(&self) -> impl Iterator<Item = (SwitchingSet, Rung)> {
        self.sets.iter().flat_map(|set| rungs(set, TOP).map(move |rung| (set, rung)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dash_needs_something_to_describe() {
        let with = |sets: &str| {
            let sets = sets.parse().unwrap();
            Parameters { sets, dash: true, ..Parameters::default() }.check()
        };
        assert_eq!(with("ogg"), Err(Contradiction::DashWithoutFmp4));
        assert_eq!(with("ogg,saver"), Ok(()));
    }

    #[test]
    fn only_fmp4_in_segments_is_encrypted() {
        let secret = Some(SegmentSecret::new([1; 32]));
        let sets = |sets: &str| Parameters {
            sets: sets.parse().unwrap(),
            secret: secret.clone(),
            ..Parameters::default()
        };
        assert_eq!(sets("aac,opus,saver").check(), Ok(()));
        for wrong in [
            sets("aac,ogg"),
            Parameters { dash: true, ..sets("aac") },
            Parameters { layout: Layout::SingleFile, ..sets("aac") },
        ] {
            assert_eq!(wrong.check(), Err(Contradiction::NotEncryptable));
            assert_eq!(Parameters { secret: None, ..wrong }.check(), Ok(()));
        }
    }

    #[test]
    fn a_rung_in_two_sets_is_encoded_once() {
        let sets = "ogg,opus".parse().unwrap();
        let both = Parameters { sets, ..Parameters::default() };
        assert_eq!(both.rungs().count(), 3);
        assert_eq!(both.renditions().count(), 6);
        assert_eq!(Parameters::default().rungs().count(), 6);
    }
}
