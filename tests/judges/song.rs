//! A song that the real binary packaged, and copies of it with one thing wrong.

use std::fs;
use std::path::{Path, PathBuf};

use media::asset::RenditionAsset;
use media::grid::Grid;
use media::{Asset, Container, Layout, Samples};
use tempfile::TempDir;
use testkit::shell::{Shell, json_lines, stderr, tree};

/// Two segments and a tail that is no whole access unit.
const FRAMES: usize = 2 * 276_480 + 100_001;

pub(crate) struct Song {
    pub(crate) folder: PathBuf,
    pub(crate) asset: Asset,
    _home: Home,
}

/// What the folder goes with.
enum Home {
    Shell { _it: Shell },
    Copy { _it: TempDir },
}

impl Song {
    /// The song in every set.
    pub(crate) fn packaged(layout: Layout) -> Self {
        let shell = Shell::of(env!("CARGO_BIN_EXE_segue"));
        shell.master("song.wav", FRAMES, 31);
        let layout = format!("--layout={layout}");
        let command = ["package", "song.wav", "--out=out", "--sets=aac,ogg,opus,saver", &layout];
        let output = shell.run(&[&command[..], &["--dash", "--json"]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let folder = shell.path(json_lines(&output)[0]["folder"].as_str().unwrap());
        let asset = fs::read(folder.join("asset.json")).unwrap();
        let asset = serde_json::from_slice(&asset).unwrap();
        Self { folder, asset, _home: Home::Shell { _it: shell } }
    }

    /// A copy whose file at `path` was changed, and nothing else.
    pub(crate) fn with_bytes(&self, path: &str, change: impl Fn(&mut Vec<u8>)) -> Self {
        let copy = TempDir::new().unwrap();
        for (name, mut bytes) in tree(&self.folder) {
            let target = copy.path().join(&name);
            if name == Path::new(path) {
                let whole = bytes.clone();
                change(&mut bytes);
                assert_ne!(bytes, whole, "{path} was broken");
            }
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, bytes).unwrap();
        }
        let (folder, asset) = (copy.path().to_owned(), self.asset.clone());
        Self { folder, asset, _home: Home::Copy { _it: copy } }
    }

    /// A copy that does not say that it is ours.
    pub(crate) fn without_asset(&self) -> Self {
        let copy = self.with_bytes("asset.json", Vec::clear);
        fs::remove_file(copy.folder.join("asset.json")).unwrap();
        copy
    }

    /// A copy of which `path` says something else.
    pub(crate) fn with_text(&self, path: &str, whole: &str, broken: &str) -> Self {
        self.with_bytes(path, |bytes| {
            let text = String::from_utf8(bytes.clone()).unwrap();
            *bytes = text.replacen(whole, broken, 1).into_bytes();
        })
    }

    /// A copy with one bit of `path` flipped, in the byte at `offset` from the first box `kind`'s name.
    pub(crate) fn with_bit_flipped(&self, path: &str, kind: &str, offset: isize) -> Self {
        self.with_bytes(path, |bytes| {
            let name = bytes.windows(4).position(|it| it == kind.as_bytes()).unwrap();
            bytes[name.checked_add_signed(offset).unwrap()] ^= 1;
        })
    }

    /// How long each segment is that a rendition's playlist lists. In fMP4 the first counts the priming.
    pub(crate) fn segments(&self, rendition: &RenditionAsset) -> Vec<Samples> {
        let spans = Grid::new(self.asset.samples).segments();
        let mut lengths: Vec<_> = spans.map(|span| Samples(span.end.0 - span.start.0)).collect();
        if rendition.set.container() == Container::Fmp4 {
            lengths[0].0 += rendition.priming.0;
        }
        lengths
    }

    /// The size of an object.
    pub(crate) fn size(&self, path: &str) -> u64 {
        self.asset.objects.iter().find(|it| it.path == path).unwrap().size
    }
}
