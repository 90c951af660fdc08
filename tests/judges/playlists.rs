//! Readers of playlists.

use std::path::PathBuf;

use media::asset::RenditionAsset;
use media::ladder::RATES;
use media::units::SAMPLE_RATE;
use media::{Container, Layout};
use origin::SongFile;
use serde_json::{Value, json};

use crate::song::Song;
use crate::verdict::{agree, content, python, script, verdicts};

pub(crate) struct Judge {
    pub(crate) name: &'static str,
    script: &'static str,
    program: fn() -> PathBuf,
}

pub(crate) const JUDGES: &[Judge] = &[
    Judge { name: "hls-parser", script: "hls_parser.mjs", program: || "node".into() },
    Judge { name: "m3u8-parser", script: "m3u8_parser.mjs", program: || "node".into() },
    Judge { name: "m3u8", script: "m3u8_module.py", program: python },
];

/// Lets a judge read every playlist of a song.
pub(crate) fn check(judge: &Judge, song: &Song) -> Result<(), String> {
    let renditions = &song.asset.renditions;
    let caps = song.asset.sets.iter().flat_map(|set| RATES.map(|cap| (set, cap)));
    let caps: Vec<_> = caps.collect();
    let files = caps.iter().map(|(set, cap)| SongFile::Multivariant(*set, *cap));
    let files = files.chain(renditions.iter().map(|it| SongFile::Playlist(it.set, it.kbps)));
    let files: Vec<_> = files.map(|file| file.to_string()).collect();
    let paths: Vec<_> = files.iter().map(|it| song.folder.join(it).display().to_string()).collect();
    let said = verdicts(&(judge.program)(), &script(judge.script), &paths);
    for (file, said) in files.iter().zip(&said) {
        content(file, said)?;
        agree(&format!("{file} version"), &said["version"], &json!(7))?;
    }
    let (multivariant, media) = said.split_at(caps.len());
    for (((set, cap), said), file) in caps.iter().zip(multivariant).zip(&files) {
        let listed = renditions.iter().filter(|it| it.set == *set && it.kbps <= *cap);
        let variants: Value = listed.map(variant).collect();
        agree(file, &said["variants"], &variants)?;
    }
    renditions.iter().zip(media).try_for_each(|(it, said)| check_media(song, it, said))
}

fn variant(it: &RenditionAsset) -> Value {
    json!({
        "uri": SongFile::Playlist(it.set, it.kbps).to_string(),
        "bandwidth": it.peak.0,
        "average": it.average.0,
        "codecs": it.codec.rfc6381(),
    })
}

fn check_media(song: &Song, it: &RenditionAsset, said: &Value) -> Result<(), String> {
    let at = SongFile::Playlist(it.set, it.kbps).to_string();
    agree(&format!("{at} target"), &said["target"], &json!(6))?;
    agree(&format!("{at} end"), &said["ended"], &json!(true))?;
    let segments = said["segments"].as_array().unwrap();
    let rounded = |seconds: f64| (seconds * f64::from(SAMPLE_RATE)).round() as u64;
    let lengths = segments.iter().map(|it| rounded(it["duration"].as_f64().unwrap())).collect();
    let so: Vec<_> = song.segments(it).iter().map(|length| length.0).collect();
    agree(&format!("{at} durations"), lengths, so)?;
    let uris: Vec<_> = segments.iter().map(|it| &it["uri"]).collect();
    match (it.set.container(), song.asset.layout) {
        (Container::Fmp4, Layout::Segments) => {
            let names = (0..segments.len()).map(|index| json!(format!("{index:05}.m4s")));
            agree(&at, uris, names.collect::<Vec<_>>().iter().collect())?;
            let init = json!({"uri": "init.mp4", "range": null});
            agree(&format!("{at} map"), &said["map"], &init)
        }
        (container, _) => {
            let folder = at.rsplit_once('/').unwrap().0;
            let name = match container {
                Container::Fmp4 => "media.mp4".to_owned(),
                Container::Ogg => format!("{}.ogg", it.kbps),
            };
            agree(&at, uris, vec![&json!(name); segments.len()])?;
            agree(&format!("{at} map"), &said["map"]["uri"], &json!(name))?;
            check_ranges(song, &at, &format!("{folder}/{name}"), said)
        }
    }
}

/// The map's range begins the file; the segments' follow one another to its end.
fn check_ranges(song: &Song, at: &str, file: &str, said: &Value) -> Result<(), String> {
    let range = |it: &Value| (it["range"][0].as_u64().unwrap(), it["range"][1].as_u64().unwrap());
    let (start, length) = range(&said["map"]);
    agree(&format!("{at} map"), start, 0)?;
    let ranges: Vec<_> = said["segments"].as_array().unwrap().iter().map(range).collect();
    let first = ranges[0].0;
    agree(&format!("{at} map before the segments"), length <= first, true)?;
    let end = ranges.iter().try_fold(first, |end, (start, length)| {
        agree(&format!("{at} ranges"), *start, end)?;
        Ok::<_, String>(start + length)
    })?;
    agree(&format!("{at} end of the file"), end, song.size(file))
}
