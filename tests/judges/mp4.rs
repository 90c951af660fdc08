//! mp4box, the reader of fMP4.

use std::path::Path;

use media::asset::RenditionAsset;
use media::units::{CHANNELS, SAMPLE_RATE};
use media::{Codec, Container, Layout};
use origin::SongFile;
use serde_json::{Value, json};

use crate::song::Song;
use crate::verdict::{agree, content, script, verdicts};

/// Lets it read every fMP4 rendition of a song, whole.
pub(crate) fn check(song: &Song) -> Result<(), String> {
    let renditions = song.asset.renditions.iter();
    let renditions: Vec<_> =
        renditions.filter(|it| it.set.container() == Container::Fmp4).collect();
    let tracks: Vec<_> = renditions.iter().map(|it| files(song, it).join(",")).collect();
    let said = verdicts(Path::new("node"), &script("mp4box.mjs"), &tracks);
    renditions.iter().zip(&said).try_for_each(|(it, said)| check_track(song, it, said))
}

fn files(song: &Song, it: &RenditionAsset) -> Vec<String> {
    let files = match song.asset.layout {
        Layout::SingleFile => vec![SongFile::Whole(it.set, it.kbps)],
        Layout::Segments => {
            let segments = (0..song.segments(it).len() as u32)
                .map(|index| SongFile::Segment(it.set, it.kbps, index));
            [SongFile::Init(it.set, it.kbps)].into_iter().chain(segments).collect()
        }
    };
    files.iter().map(|file| song.folder.join(file.to_string()).display().to_string()).collect()
}

fn check_track(song: &Song, it: &RenditionAsset, said: &Value) -> Result<(), String> {
    let at = format!("{} {}", it.set, it.kbps);
    content(&at, said)?;
    let format = json!([said["codec"], said["rate"], said["channels"], said["timescale"]]);
    let so = json!([it.codec.rfc6381(), SAMPLE_RATE, CHANNELS, SAMPLE_RATE]);
    agree(&format!("{at} format"), format, so)?;
    agree(&format!("{at} edit list"), &said["edits"], &json!([[0, it.priming.0]]))?;
    let pre_skip = (it.codec == Codec::Opus).then_some(it.priming.0);
    agree(&format!("{at} pre-skip"), &said["preSkip"], &json!(pre_skip))?;
    check_fragments(song, it, &at, said)
}

/// Each fragment begins where the one before ended, and the index tells where each lies.
fn check_fragments(song: &Song, it: &RenditionAsset, at: &str, said: &Value) -> Result<(), String> {
    let lengths = song.segments(it);
    let times = lengths.iter().scan(0, |end, length| Some(std::mem::replace(end, *end + length.0)));
    let so: Vec<_> = times.zip(&lengths).map(|(time, length)| [time, time, length.0]).collect();
    let fragments = said["fragments"].as_array().unwrap().iter();
    let found =
        fragments.map(|it| ["time", "first", "duration"].map(|key| it[key].as_u64().unwrap()));
    agree(&format!("{at} fragments"), found.collect::<Vec<_>>(), so)?;
    let Some(index) = said["index"].as_array() else {
        return agree(&format!("{at} index"), song.asset.layout, Layout::Segments);
    };
    // The index tells times of the song: the edit list has taken the priming off.
    let durations: Vec<_> = index.iter().map(|it| it["duration"].as_u64().unwrap()).collect();
    let mut so: Vec<_> = lengths.iter().map(|length| length.0).collect();
    so[0] -= it.priming.0;
    agree(&format!("{at} index"), durations, so)?;
    let end = index.last().map(|it| it["start"].as_u64().unwrap() + it["size"].as_u64().unwrap());
    let whole = song.size(&SongFile::Whole(it.set, it.kbps).to_string());
    agree(&format!("{at} end of the index"), end, Some(whole))
}
