//! What decides a package's bytes besides the master, spelt out; and what follows from it.

use std::io::{self, Read};

use media::ids::{MasterHash, Version};
use media::ladder::Rung;
use sha2::{Digest, Sha256};

use crate::encode::{fdk_version, libopus_version};
use crate::parameters::Parameters;

/// Raised whenever our own code comes to write other bytes for the same master.
const REVISION: u32 = 6;

/// The libraries that shape samples and files and cannot be asked for their version at run time.
const LIBRARIES: &str = "symphonia 0.6.1, rubato 5.0.1, mp4-atom 0.17.0, ogg 0.9.2";

/// Our revision, the parameters, the libraries, and the encoders' versions as they name themselves
/// at run time. Another recipe makes another version of the same master.
#[must_use]
pub fn recipe(parameters: &Parameters) -> String {
    let ladder: Vec<String> = parameters.rungs().map(rung).collect();
    let secret = parameters.secret.as_ref();
    let encrypted = secret.map(|it| format!("; AES-128 by {}", it.fingerprint()));
    let normalize = parameters.normalize.map(|target| format!("; normalised to {target} LUFS"));
    format!(
        "segue {REVISION}; {} as {} in {}{}; effort {}{}{}; {LIBRARIES}; FDK {}; {}",
        ladder.join(", "),
        parameters.sets,
        parameters.layout,
        if parameters.dash { " with DASH" } else { "" },
        parameters.effort,
        normalize.unwrap_or_default(),
        encrypted.unwrap_or_default(),
        fdk_version(),
        libopus_version()
    )
}

/// The version that packaging this master gives.
#[must_use]
pub fn version_of(master: &MasterHash, parameters: &Parameters) -> Version {
    Version::of(master, &recipe(parameters))
}

/// The SHA-256 of a master's bytes, read to the end.
///
/// # Errors
/// What the reader said.
pub fn hash_master(mut reader: impl Read) -> io::Result<MasterHash> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(MasterHash::new(hash.finalize().into())),
            Ok(read) => hash.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn rung(rung: Rung) -> String {
    let bandwidth = rung.audio_bandwidth.map(|hertz| format!(" to {hertz} Hz"));
    format!("{} {}{}", rung.codec, rung.kbps, bandwidth.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recipe_names_versions_and_ladder() {
        let recipe = recipe(&Parameters::default());
        let of_libraries = recipe.split_once("; FDK ").expect("the FDK's version").1;
        assert!(of_libraries.starts_with(|c: char| c.is_ascii_digit()), "{recipe}");
        assert!(of_libraries.contains("libopus 1."), "{recipe}");
        assert!(recipe.contains("aac 64 to 16000 Hz"), "{recipe}");
        assert!(recipe.contains("opus 320"), "{recipe}");
    }

    /// A test rather than a build script: who updates a library is told to look at this page.
    #[test]
    fn the_libraries_are_those_of_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        for library in LIBRARIES.split(", ") {
            let (name, version) = library.split_once(' ').expect("a name and a version");
            let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
            assert!(
                lock.contains(&entry),
                "{library} is not what is built: bring LIBRARIES up to date"
            );
        }
    }

    #[test]
    fn a_master_is_named_by_its_bytes() {
        let hash = hash_master(&b"abc"[..]).unwrap();
        assert!(hash.to_string().starts_with("ba7816bf8f01cfea"));
        let usual = Parameters::default();
        let louder = Parameters { normalize: Some("-9".parse().unwrap()), ..usual.clone() };
        assert_ne!(recipe(&usual), recipe(&louder));
        let encrypted = |byte| Parameters {
            secret: Some(media::SegmentSecret::new([byte; 32])),
            ..usual.clone()
        };
        assert_ne!(recipe(&usual), recipe(&encrypted(1)));
        assert_ne!(recipe(&encrypted(1)), recipe(&encrypted(2)));
        let other = Parameters { sets: "opus".parse().unwrap(), ..usual.clone() };
        assert_eq!(version_of(&hash, &usual), version_of(&hash, &usual));
        assert_ne!(version_of(&hash, &usual), version_of(&hash, &other));
    }
}
