//! Readers of Ogg.

use std::process::Command;

use media::Container;
use media::asset::RenditionAsset;
use origin::SongFile;

use crate::song::Song;
use crate::verdict::agree;

pub(crate) struct Judge {
    pub(crate) name: &'static str,
    /// Lines that it must say of a rendition, in its own words.
    says: fn(&Song, &RenditionAsset) -> Vec<String>,
}

pub(crate) const JUDGES: &[Judge] = &[
    Judge { name: "ogginfo", says: ogginfo },
    Judge { name: "opusinfo", says: opusinfo },
    // It says nothing of what is right.
    Judge { name: "oggz-validate", says: |_, _| Vec::new() },
];

/// Lets a judge read every Ogg file of a song.
pub(crate) fn check(judge: &Judge, song: &Song) -> Result<(), String> {
    let renditions = song.asset.renditions.iter();
    renditions
        .filter(|it| it.set.container() == Container::Ogg)
        .try_for_each(|it| check_file(judge, song, it))
}

fn check_file(judge: &Judge, song: &Song, it: &RenditionAsset) -> Result<(), String> {
    let file = SongFile::Whole(it.set, it.kbps).to_string();
    let output = Command::new(judge.name).arg(song.folder.join(&file)).output();
    let output =
        output.unwrap_or_else(|error| panic!("{}: {error}: `make test` installs it", judge.name));
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let complains = !output.status.success() || said.to_lowercase().contains("warning");
    agree(&format!("{file} {said}"), complains, false)?;
    let lines: Vec<_> = said.lines().map(str::trim).collect();
    (judge.says)(song, it).iter().try_for_each(|line| {
        agree(&format!("{file} '{line}' in {said}"), lines.contains(&&line[..]), true)
    })
}

fn ogginfo(song: &Song, it: &RenditionAsset) -> Vec<String> {
    let preskip = format!("Preskip: {} ({:.1}ms)", it.priming.0, it.priming.seconds() * 1_000.0);
    vec!["Channels: 2".into(), preskip, length(song)]
}

fn opusinfo(song: &Song, it: &RenditionAsset) -> Vec<String> {
    let rate = format!("Original sample rate: {} Hz", song.asset.sample_rate);
    vec!["Channels: 2".into(), format!("Pre-skip: {}", it.priming.0), rate, length(song)]
}

/// Both cut off what is less than a millisecond.
fn length(song: &Song) -> String {
    let ms = song.asset.samples.0 * 1_000 / u64::from(song.asset.sample_rate);
    format!("Playback length: {}m:{:02}.{:03}s", ms / 60_000, ms / 1_000 % 60, ms % 1_000)
}
