//! One pass over every file: its hash, its size, and what it holds.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};

use media::asset::ObjectAsset;
use media::ladder::RATES;
use media::units::{CHANNELS, SAMPLE_RATE};
use media::{Asset, Container, SwitchingSet, SwitchingSets, Version};
use origin::SongFile;
use sha2::{Digest, Sha256};

use super::fmp4::{self, Fragment, Init};
use super::ogg::{self, OggFile};
use super::rendition::Rendition;
use super::report::{Findings, Rule};
use super::source::Source;
use super::waveform::{self, Waveform};
use crate::publish_order;
use crate::work_folder::hex;

/// The most that is held in memory of one file; Ogg files are streamed.
const MOST_HELD: u64 = 64 << 20;

/// What the files of a version hold.
pub(super) struct Contents {
    pub(super) asset: Asset,
    pub(super) sizes: BTreeMap<SongFile, u64>,
    pub(super) playlists: BTreeMap<SongFile, Vec<u8>>,
    pub(super) inits: BTreeMap<SongFile, Init>,
    pub(super) fragments: BTreeMap<SongFile, Fragment>,
    pub(super) oggs: BTreeMap<SongFile, OggFile>,
    pub(super) waveform: Option<Waveform>,
}

/// Reads everything that `asset.json` lists; `None` where that itself cannot be read.
pub(super) fn read(source: &dyn Source, findings: &mut Findings) -> Option<Contents> {
    let asset = match read_asset(source) {
        Ok(asset) => asset,
        Err(problem) => {
            findings.breach(
                Rule::AssetReadable,
                "asset.json",
                problem,
                "a description of the version",
            );
            return None;
        }
    };
    check_identity(&asset, findings);
    let listed = check_list(&asset, findings);
    let mut contents = Contents {
        asset,
        sizes: BTreeMap::new(),
        playlists: BTreeMap::new(),
        inits: BTreeMap::new(),
        fragments: BTreeMap::new(),
        oggs: BTreeMap::new(),
        waveform: None,
    };
    for (file, object) in listed {
        match source.open(&object.path) {
            Ok(reader) => contents.take(file, &object, reader, findings),
            Err(error) => {
                findings.breach(Rule::ObjectPresent, &object.path, sentence(&error), "a file");
            }
        }
    }
    Some(contents)
}

/// What follows from the other fields, and what is the house's.
fn check_identity(asset: &Asset, findings: &mut Findings) {
    let at = "asset.json";
    let version = Version::of(&asset.master, &asset.recipe);
    findings.expect(Rule::AssetVersion, at, asset.version.to_string(), version.to_string());
    let duration = asset.samples.milliseconds();
    findings.expect(Rule::AssetFormat, at, asset.duration_ms, duration);
    findings.expect(Rule::AssetFormat, at, asset.sample_rate, SAMPLE_RATE);
    findings.expect(Rule::AssetFormat, at, asset.channels, CHANNELS);
}

fn read_asset(source: &dyn Source) -> Result<Asset, String> {
    let mut json = Vec::new();
    let reader = source.open("asset.json").map_err(|error| sentence(&error))?;
    reader.take(MOST_HELD).read_to_end(&mut json).map_err(|error| error.to_string())?;
    serde_json::from_slice(&json).map_err(|error| error.to_string())
}

fn sentence(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        _ => error.to_string(),
    }
}

/// The listed files by name; whatever is missing, foreign, doubled or out of order is a finding.
fn check_list(asset: &Asset, findings: &mut Findings) -> BTreeMap<SongFile, ObjectAsset> {
    let mut listed = BTreeMap::new();
    let mut order = Vec::new();
    for object in &asset.objects {
        match object.path.parse::<SongFile>() {
            Ok(SongFile::Asset) | Err(_) => {
                findings.breach(Rule::AssetTrue, "asset.json", &object.path, "files of a version");
            }
            Ok(file) => {
                order.push(publish_order::key(file));
                if listed.insert(file, object.clone()).is_some() {
                    findings.breach(Rule::AssetTrue, &object.path, "listed twice", "listed once");
                }
            }
        }
    }
    if !order.is_sorted() {
        findings.breach(Rule::AssetTrue, "asset.json", "another order", "objects in publish order");
    }
    for file in expected(&asset.sets) {
        if !listed.contains_key(&file) {
            findings.breach(Rule::AssetTrue, file, "not listed", "a file of every version");
        }
    }
    listed
}

/// The files that every version of these sets has.
fn expected(sets: &SwitchingSets) -> impl Iterator<Item = SongFile> {
    let multivariants =
        sets.iter().flat_map(|set| RATES.map(|cap| SongFile::Multivariant(set, cap)));
    let renditions = Rendition::all(sets).flat_map(|it| match it.set.container() {
        Container::Fmp4 => vec![it.playlist(), it.init(), it.segment(0)],
        Container::Ogg => vec![it.playlist(), it.whole()],
    });
    multivariants.chain(renditions).chain([SongFile::Waveform])
}

impl Contents {
    /// Reads one file to its end, or to one byte past its listed size.
    fn take<'a>(
        &mut self,
        file: SongFile,
        object: &ObjectAsset,
        reader: Box<dyn Read + 'a>,
        findings: &mut Findings,
    ) {
        let at = &object.path;
        let mut reader = Hashing::new(BufReader::new(reader).take(object.size.saturating_add(1)));
        let read = self.hold(file, at, &mut reader, findings);
        if let Err(error) = read.and_then(|()| io::copy(&mut reader, &mut io::sink()).map(drop)) {
            findings.breach(Rule::ObjectPresent, at, error, "a file that can be read");
            return;
        }
        let size = reader.size;
        if size == object.size {
            findings.expect(Rule::ObjectHash, at, reader.sha256(), object.sha256.clone());
        } else {
            let found = if size > object.size { "more".to_owned() } else { size.to_string() };
            findings.breach(Rule::ObjectSize, at, format!("{found} bytes"), object.size);
        }
        self.sizes.insert(file, size);
    }

    fn hold(
        &mut self,
        file: SongFile,
        at: &str,
        reader: &mut dyn Read,
        findings: &mut Findings,
    ) -> io::Result<()> {
        if let SongFile::Whole(SwitchingSet::Ogg, _) = file {
            self.oggs.insert(file, ogg::read(at, reader, findings)?);
            return Ok(());
        }
        let mut bytes = Vec::new();
        reader.take(MOST_HELD).read_to_end(&mut bytes)?;
        match file {
            SongFile::Init(..) => {
                self.inits.extend(fmp4::read_init(at, &bytes, findings).map(|init| (file, init)));
            }
            SongFile::Segment(..) => {
                let fragment = fmp4::read_fragment(at, &bytes, findings);
                self.fragments.extend(fragment.map(|fragment| (file, fragment)));
            }
            SongFile::Waveform => self.waveform = waveform::read(at, &bytes, findings),
            _ => drop(self.playlists.insert(file, bytes)),
        }
        Ok(())
    }
}

/// Hashes and counts what passes through.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
    size: u64,
}

impl<R: Read> Hashing<R> {
    fn new(inner: R) -> Self {
        Self { inner, hash: Sha256::new(), size: 0 }
    }

    fn sha256(&self) -> String {
        hex(&self.hash.clone().finalize())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.size += read as u64;
        Ok(read)
    }
}
