//! Granting playback: signed absolute URLs of the current version.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use catalogue::{CurrentVersion, Song, SongState, Viewer, song_document};
use media::ladder::{RATES, TOP};
use media::{Kbps, SongId, SwitchingSet};
use origin::{SongFile, SongFolder};
use serde::Serialize;
use service::Problem;
use token::playback::{self, Grant};

use crate::api::Api;
use crate::bearer::Caller;
use crate::refusals::{SongPath, catalogue_failed, no_such_song};

/// What every account may hear: the whole ladder.
const CAP: Kbps = TOP;

/// Where the song plays until `expires_at`.
#[derive(Serialize)]
pub(crate) struct Playback {
    hls: String,
    hls_ogg: String,
    ogg: BTreeMap<String, String>,
    expires_at: String,
}

type Granted = ([(HeaderName, &'static str); 1], Json<Playback>);

pub(crate) async fn create(
    State(api): State<Api>,
    Caller(user): Caller,
    SongPath(id): SongPath,
) -> Result<Granted, Problem> {
    let song = api.catalogue().songs().get(id).await.map_err(catalogue_failed)?;
    let viewer = Viewer::from(Some(&user));
    let song = song.filter(|song| song.is_visible_to(&viewer)).ok_or_else(no_such_song)?;
    let current = song.current.filter(|_| song.state == SongState::Ready);
    let current = current.ok_or_else(|| not_ready(&song))?;
    let folder = folder(song.id, &current);
    let grant = Grant {
        user: user.id,
        prefix: folder.to_string().parse().map_err(|error| Problem::internal(&error))?,
        max_kbps: CAP,
        duration: Duration::from_millis(current.duration_ms),
    };
    let minted = playback::mint(api.playback_key(), &grant, api.clock().now());
    let base = format!("{}/t/{}/{folder}", api.public_url(), minted.token);
    let ends = minted.expires_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let answer = urls(&base, CAP, song_document::rfc3339(ends.as_secs() * 1_000));
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)))
}

fn folder(song: SongId, current: &CurrentVersion) -> SongFolder {
    let CurrentVersion { version, artist, album, .. } = *current;
    SongFolder { artist, album, song, version }
}

fn urls(base: &str, cap: Kbps, expires_at: String) -> Playback {
    let url = |file: SongFile| format!("{base}/{file}");
    let progressive = RATES.into_iter().filter(|rate| *rate <= cap);
    Playback {
        hls: url(SongFile::Multivariant(SwitchingSet::Aac, cap)),
        hls_ogg: url(SongFile::Multivariant(SwitchingSet::Ogg, cap)),
        ogg: progressive
            .map(|rate| (rate.to_string(), url(SongFile::Whole(SwitchingSet::Ogg, rate))))
            .collect(),
        expires_at,
    }
}

fn not_ready(song: &Song) -> Problem {
    let detail = match &song.failure {
        Some(reason) => format!("The song could not be processed: {reason}"),
        None => format!("The song is {} and cannot be played yet.", song.state),
    };
    Problem::new(StatusCode::CONFLICT, "not-ready", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_names_the_capped_playlists_and_leaves_out_what_is_above() {
        let playback = urls("http://e/t/T/f", Kbps(128), String::new());
        assert_eq!(playback.hls, "http://e/t/T/f/index-128.m3u8");
        assert_eq!(playback.hls_ogg, "http://e/t/T/f/ogg-128.m3u8");
        assert_eq!(playback.ogg.keys().collect::<Vec<_>>(), ["128", "64"]);
        assert_eq!(urls("b", CAP, String::new()).hls, "b/index.m3u8");
    }
}
