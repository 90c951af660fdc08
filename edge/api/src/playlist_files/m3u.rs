//! Extended M3U. Nobody has ever specified it; this is what players agree upon: `#PLAYLIST:` with a title, and before each
//! location `#EXTINF:SECONDS,ARTIST - TITLE`. `#EXTART:` and `#EXTALB:` tell artist and album beyond doubt.

use super::{PlaylistFile, Track, Unreadable};

pub(super) fn write(file: &PlaylistFile) -> String {
    let mut text = String::from("#EXTM3U\n");
    if let Some(title) = &file.title {
        say(&mut text, "#PLAYLIST:", title);
    }
    for track in &file.tracks {
        if let Some(artist) = &track.artist {
            say(&mut text, "#EXTART:", artist);
        }
        if let Some(album) = &track.album {
            say(&mut text, "#EXTALB:", album);
        }
        // -1: nobody knows.
        let seconds =
            track.duration_ms.map_or("-1".to_owned(), |ms| ((ms + 500) / 1_000).to_string());
        say(&mut text, &format!("#EXTINF:{seconds},"), &track.name());
        for location in track.locations.iter().take(1) {
            say(&mut text, "", location);
        }
    }
    text
}

/// One line.
fn say(text: &mut String, what: &str, value: &str) {
    text.push_str(what);
    text.extend(value.chars().map(|c| if c.is_control() { ' ' } else { c }));
    text.push('\n');
}

pub(super) fn read(text: &str) -> Result<PlaylistFile, Unreadable> {
    let mut file = PlaylistFile::default();
    let mut track = Track::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with("#EXT-X-") {
            return Err(Unreadable::Hls);
        } else if let Some(title) = line.strip_prefix("#PLAYLIST:") {
            file.title = said(title);
        } else if let Some(artist) = line.strip_prefix("#EXTART:") {
            track.artist = said(artist);
        } else if let Some(album) = line.strip_prefix("#EXTALB:") {
            track.album = said(album);
        } else if let Some(about) = line.strip_prefix("#EXTINF:") {
            describe(&mut track, about);
        } else if !line.starts_with('#') {
            track.locations = vec![line.to_owned()];
            file.push(std::mem::take(&mut track))?;
        }
    }
    Ok(file)
}

/// `SECONDS[ ATTRIBUTES],ARTIST - TITLE`.
fn describe(track: &mut Track, about: &str) {
    let (duration, name) = about.split_once(',').unwrap_or((about, ""));
    let seconds: Option<f64> = duration.split(' ').next().and_then(|text| text.parse().ok());
    track.duration_ms = seconds.and_then(milliseconds);
    let known = track.artist.as_deref().and_then(|artist| name.strip_prefix(artist));
    match known.and_then(|rest| rest.strip_prefix(" - ")) {
        Some(title) => track.title = said(title),
        None => match name.split_once(" - ").filter(|_| track.artist.is_none()) {
            Some((artist, title)) => {
                (track.artist, track.title) = (said(artist), said(title));
            }
            None => track.title = said(name),
        },
    }
}

fn said(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "songs are shorter than a year, and longer than nothing"
)]
fn milliseconds(seconds: f64) -> Option<u64> {
    (0.0..31_536_000.0).contains(&seconds).then(|| (seconds * 1_000.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_programs_write_is_read() {
        let text = "#EXTM3U\r\n#EXTENC:UTF-8\r\n#EXTINF:123.5 tvg-id=\"x\",AC/DC - T.N.T.\r\nC:\\Music\\tnt.mp3\r\n\
                    \r\n# a remark\nplain.mp3\n#EXTINF:-1,Only a title\nhttp://a/b\n#EXTINF:9\nc.ogg";
        let file = read(text).unwrap();
        let tracks: Vec<_> = file.tracks.iter().map(|t| (t.name(), t.duration_ms)).collect();
        assert_eq!(
            tracks,
            [
                ("AC/DC - T.N.T.".to_owned(), Some(123_500)),
                ("plain.mp3".to_owned(), None),
                ("Only a title".to_owned(), None),
                ("c.ogg".to_owned(), Some(9_000)),
            ]
        );
        assert_eq!(file.tracks[0].locations, ["C:\\Music\\tnt.mp3"]);
        assert_eq!(file.tracks[0].artist.as_deref(), Some("AC/DC"));
    }
}
