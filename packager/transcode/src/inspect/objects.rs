//! One pass over every file: its hash, its size, and what it holds.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};

use media::asset::ObjectAsset;
use media::ladder::RATES;
use media::units::{CHANNELS, Kbps, SAMPLE_RATE};
use media::{Asset, Grid, Layout, SegmentSecrets, SwitchingSet, Version};
use origin::SongFile;

use super::fmp4::{self, Fragment, Init, Whole};
use super::keys::Keys;
use super::ogg::{self, OggFile};
use super::rendition::Rendition;
use super::report::Findings;
use super::rule::Rule;
use super::source::Source;
use super::waveform::{self, Waveform};
use crate::object_hash::ObjectHash;
use crate::publish_order;

/// The most that is held in memory of one text; media files are streamed.
pub(super) const MOST_HELD: u64 = 64 << 20;

/// What the files of a version hold.
pub(super) struct Contents {
    pub(super) asset: Asset,
    pub(super) sizes: BTreeMap<SongFile, u64>,
    pub(super) playlists: BTreeMap<SongFile, Vec<u8>>,
    /// By the names that they have as files of their own, also where they are parts of one.
    pub(super) inits: BTreeMap<SongFile, Init>,
    pub(super) fragments: BTreeMap<SongFile, Fragment>,
    pub(super) wholes: BTreeMap<SongFile, Whole>,
    pub(super) oggs: BTreeMap<SongFile, OggFile>,
    pub(super) waveform: Option<Waveform>,
    pub(super) keys: Keys,
}

/// Reads everything that `asset.json` lists; `None` where that itself cannot be read.
pub(super) fn read(
    source: &dyn Source,
    secrets: &SegmentSecrets,
    findings: &mut Findings,
) -> Option<Contents> {
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
    let keys = Keys::gather(&asset, source, secrets, findings);
    let mut contents = Contents {
        asset,
        keys,
        sizes: BTreeMap::new(),
        playlists: BTreeMap::new(),
        inits: BTreeMap::new(),
        fragments: BTreeMap::new(),
        wholes: BTreeMap::new(),
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
    for file in expected(asset) {
        if !listed.contains_key(&file) {
            findings.breach(Rule::AssetTrue, file, "not listed", "a file of such a version");
        }
    }
    for file in listed.keys().filter(|file| !belongs(**file, asset)) {
        findings.breach(Rule::AssetTrue, file, "listed", "files of such a version alone");
    }
    listed
}

/// The files that every version of such sets and layout has, whatever its length.
fn expected(asset: &Asset) -> impl Iterator<Item = SongFile> {
    let sets = asset.sets.iter();
    let multivariants = sets.flat_map(|set| RATES.map(|cap| SongFile::Multivariant(set, cap)));
    let renditions = Rendition::all(&asset.sets).flat_map(|it| match it.layout(asset) {
        Layout::Segments => vec![it.playlist(), it.init(), it.segment(0)],
        Layout::SingleFile => vec![it.playlist(), it.whole()],
    });
    let manifests = RATES.into_iter().filter(|_| asset.dash).map(SongFile::Dash);
    multivariants.chain(renditions).chain(manifests).chain([SongFile::Waveform])
}

/// Whether a version of such sets, layout and length has the file.
fn belongs(file: SongFile, asset: &Asset) -> bool {
    let is = |set, kbps, layout: Option<Layout>| {
        Rendition::all(&asset.sets).any(|it| {
            it.set == set
                && it.rung.kbps == kbps
                && layout.is_none_or(|layout| it.layout(asset) == layout)
        })
    };
    match file {
        SongFile::Multivariant(set, _) => asset.sets.contains(set),
        SongFile::Playlist(set, kbps) => is(set, kbps, None),
        SongFile::Init(set, kbps) => is(set, kbps, Some(Layout::Segments)),
        SongFile::Segment(set, kbps, index) => {
            let there = u64::from(index) < Grid::new(asset.samples).count();
            there && is(set, kbps, Some(Layout::Segments))
        }
        SongFile::Key(..) => false,
        SongFile::Whole(set, kbps) => is(set, kbps, Some(Layout::SingleFile)),
        SongFile::Dash(_) => asset.dash,
        SongFile::Waveform | SongFile::Asset => true,
    }
}

impl Contents {
    /// Whether segments cannot be looked into.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.keys, Keys::Lacking)
    }

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
        let size = reader.hash.size();
        if size == object.size {
            check_hashes(object, reader.hash.describe(at.clone()), findings);
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
        match file {
            SongFile::Whole(SwitchingSet::Ogg, _) => {
                self.oggs.insert(file, ogg::read(at, reader, findings)?);
            }
            SongFile::Whole(set, kbps) => {
                if let Some(whole) = fmp4::read_whole(at, set.codec(), reader, findings)? {
                    self.hold_whole(set, kbps, whole);
                }
            }
            SongFile::Init(set, _) => {
                let init = fmp4::read_init(at, set.codec(), reader, findings)?;
                self.inits.extend(init.map(|init| (file, init)));
            }
            SongFile::Segment(set, kbps, index) => {
                let segment = (set, kbps, index);
                let Some(mut plain) = self.keys.open(segment, at, reader, findings)? else {
                    return Ok(());
                };
                let fragment = fmp4::read_segment(at, set.codec(), &mut plain, findings)?;
                self.fragments.extend(fragment.map(|fragment| (file, fragment)));
            }
            SongFile::Waveform => {
                self.waveform = waveform::read(at, &text(reader)?, findings);
            }
            _ => drop(self.playlists.insert(file, text(reader)?)),
        }
        Ok(())
    }

    fn hold_whole(&mut self, set: SwitchingSet, kbps: Kbps, mut whole: Whole) {
        self.inits.extend(whole.init.take().map(|init| (SongFile::Init(set, kbps), init)));
        let fragments = std::mem::take(&mut whole.fragments).into_iter().zip(0..);
        let named = fragments.map(|(it, index)| (SongFile::Segment(set, kbps, index), it));
        self.fragments.extend(named);
        self.wholes.insert(SongFile::Whole(set, kbps), whole);
    }
}

/// Packages of before hashed pieces list none; whoever lists some lists all of them, and truly.
fn check_hashes(listed: &ObjectAsset, found: ObjectAsset, findings: &mut Findings) {
    let at = &listed.path;
    let whole = found.sha256 == listed.sha256;
    findings.expect(Rule::ObjectHash, at, found.sha256, listed.sha256.clone());
    if whole && !listed.pieces.is_empty() {
        let (found, listed) = (found.pieces.join(" "), listed.pieces.join(" "));
        findings.expect(Rule::ObjectHash, at, found, listed);
    }
}

fn text(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MOST_HELD).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Hashes and counts what passes through.
struct Hashing<R> {
    inner: R,
    hash: ObjectHash,
}

impl<R: Read> Hashing<R> {
    fn new(inner: R) -> Self {
        Self { inner, hash: ObjectHash::default() }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}
