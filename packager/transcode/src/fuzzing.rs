//! What the fuzz targets of `fuzz/` reach no other way, and the tests over what they once found.

use std::fs::File;

use crate::Tags;
use crate::artwork::covers_of;
use crate::decode::Decoder;
use crate::master::Master;

/// How much of a master is decoded, in frames: a small file can be an hour of silence.
const ENOUGH: usize = 1 << 17;

/// The same for packets of nothing.
const MOST_PACKETS: usize = 1 << 14;

/// Decodes what the file holds, whatever that is; how many frames came of it, or enough of them.
///
/// # Panics
/// Where a decoder breaks a promise: whole frames, of numbers.
pub fn decode(file: File) -> usize {
    let Ok(master) = Master::of(file) else { return 0 };
    let Ok(mut decoder) = Decoder::of(&master) else { return 0 };
    let channels = decoder.spec().channels;
    let (mut samples, mut frames, mut packets) = (Vec::new(), 0, 0);
    while frames < ENOUGH && packets < MOST_PACKETS && decoder.next(&mut samples).unwrap_or(false) {
        assert_eq!(samples.len() % channels, 0, "whole frames");
        assert!(samples.iter().all(|sample| sample.is_finite()), "numbers");
        frames += samples.len() / channels;
        packets += 1;
    }
    frames
}

/// Reads what the file says of itself, whatever that is: its tags, and its covers in all sizes.
pub fn describe(file: File) {
    let Ok(master) = Master::of(file) else { return };
    let _ = Tags::of(master.clone()).cleaned();
    let _ = covers_of(master);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn seeds_are_songs_and_what_once_crashed_does_no_harm() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/decode");
        for seed in std::fs::read_dir(seeds).unwrap() {
            let seed = seed.unwrap().path();
            let frames = decode(File::open(&seed).unwrap());
            let crash = seed.file_name().unwrap().to_string_lossy().starts_with("crash-");
            assert!(frames > 0 || crash, "{}", seed.display());
        }
    }
}
