//! Granting playback: signed absolute URLs of the current version.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use catalogue::{AuthenticatedUser, CurrentVersion, Plan, Song, SongState, song_document};
use media::ladder::{RATES, TOP};
use media::{Kbps, SongId, SwitchingSet, UserId};
use origin::{SongFile, SongFolder};
use serde::Serialize;
use service::Problem;
use sha2::{Digest, Sha256};
use token::playback::{self, Grant};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::bearer::{self, Caller, Stream};
use crate::refusals::{SongPath, catalogue_failed};
use crate::songs;
use crate::visitor::Visitor;

/// What who pays nothing may hear.
const FREE: Kbps = Kbps(128);

/// Where the song plays until `expires_at`: a multivariant playlist for each set that was made, a
/// DASH manifest where there is one, and progressive files.
#[derive(Serialize, ToSchema)]
pub(crate) struct Playback {
    /// AAC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hls: Option<String>,
    /// Opus in Ogg.
    #[serde(skip_serializing_if = "Option::is_none")]
    hls_ogg: Option<String>,
    /// Opus in fMP4.
    #[serde(skip_serializing_if = "Option::is_none")]
    hls_opus: Option<String>,
    /// HE-AAC at 64 kbit/s, for those who save data.
    #[serde(skip_serializing_if = "Option::is_none")]
    hls_saver: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dash: Option<String>,
    /// Whole files of Opus in Ogg, by their rates in kbit/s: 64, 128 and 320, as far as the caller may hear them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub(crate) ogg: BTreeMap<Kbps, String>,
    /// When all of this ends (RFC 3339).
    expires_at: String,
    /// What the player tells of it goes to `/v1/playbacks/{playback_id}/events`.
    playback_id: Uuid,
}

type Granted = ([(HeaderName, &'static str); 1], Json<Playback>);

/// Grants playback, here. Where the account then plays at more places than it may, the one that began first hears 409
/// `taken-over` when it next tells where it is.
#[utoipa::path(post, path = "/v1/songs/{id}/playback", tag = "playback", params(("id" = Uuid, Path)),
    responses((status = 200, description = "Where it plays.", body = Playback)))]
pub(crate) async fn create(
    State(api): State<Api>,
    Caller(user): Caller,
    Stream(stream): Stream,
    visitor: Visitor,
    SongPath(id): SongPath,
) -> Result<Granted, Problem> {
    let latest = visitor.on_leader(&api);
    let song = songs::seen(&latest, id).await?;
    let playback = open(&api, &user, &latest, &song).await?;
    latest.catalogue.streams().begin(user.id, stream).await.map_err(catalogue_failed)?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(playback)))
}

/// Lets `user`, who is that visitor, hear `song` as it is now. A replica may not have heard that it was withdrawn: the
/// leader is asked.
pub(crate) async fn open(
    api: &Api,
    user: &AuthenticatedUser,
    latest: &Visitor,
    song: &Song,
) -> Result<Playback, Problem> {
    let listener = Listener::of(latest, user, song).await?;
    let playback = grant(api, song, listener)?;
    let opened = latest.catalogue.playbacks().open(playback.playback_id, user.id, song.id).await;
    opened.map_err(catalogue_failed)?;
    Ok(playback)
}

/// Who may hear a song, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listener {
    pub(crate) id: UserId,
    pub(crate) max_kbps: Kbps,
    /// Tokens of before are revoked.
    pub(crate) since: SystemTime,
    /// When the song ends for them, if it does.
    pub(crate) until: Option<SystemTime>,
}

impl Listener {
    /// What `user` may hear of `song` is what they pay for; admins and whoever made it hear everything.
    pub(crate) async fn of(
        visitor: &Visitor,
        user: &AuthenticatedUser,
        song: &Song,
    ) -> Result<Self, Problem> {
        let entitlement = visitor.catalogue.users().entitlement(user.id).await;
        let entitlement =
            entitlement.map_err(catalogue_failed)?.ok_or_else(bearer::account_gone)?;
        let own = song.is_of(&visitor.audience.viewer);
        let whole = own || entitlement.plan == Plan::Premium;
        let since = Duration::from_millis(entitlement.playback_from_ms.unwrap_or_default());
        let max_kbps = if whole { TOP } else { FREE };
        let until = if own { None } else { end_of(song) };
        Ok(Self { id: user.id, max_kbps, since: UNIX_EPOCH + since, until })
    }
}

/// When a song is to be heard no more.
fn end_of(song: &Song) -> Option<SystemTime> {
    song.available_until_ms.map(|ms| UNIX_EPOCH + Duration::from_millis(ms))
}

/// Lets `listener` hear a song that they may know of.
pub(crate) fn grant(api: &Api, song: &Song, listener: Listener) -> Result<Playback, Problem> {
    let current = song.current.as_ref().filter(|_| song.state == SongState::Ready);
    let current = current.ok_or_else(|| not_ready(song))?;
    let folder = folder(song.id, current);
    let grant = Grant {
        user: listener.id,
        prefix: folder.to_string().parse().map_err(|error| Problem::internal(&error))?,
        max_kbps: listener.max_kbps,
        duration: Duration::from_millis(current.duration_ms),
    };
    let (key, now) = (api.playback_key(), api.clock().now());
    let minted = playback::mint_within(key, &grant, listener.since, listener.until, now);
    let base = format!("{}/t/{}/{folder}", api.public_url(), minted.token);
    let ends = minted.expires_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let ends = song_document::rfc3339(ends.as_secs() * 1_000);
    Ok(urls(&base, current, listener.max_kbps, ends, id_of(&minted.token)))
}

/// One token is one playback: the same song for the same listener in the same window.
fn id_of(token: &str) -> Uuid {
    let digest = Sha256::digest(token.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn folder(song: SongId, current: &CurrentVersion) -> SongFolder {
    let CurrentVersion { version, artist, album, .. } = *current;
    SongFolder { artist, album, song, version }
}

fn urls(
    base: &str,
    current: &CurrentVersion,
    cap: Kbps,
    expires_at: String,
    playback_id: Uuid,
) -> Playback {
    let sets = &current.sets;
    let url = |file: SongFile| format!("{base}/{file}");
    let hls = |set| sets.contains(set).then(|| url(SongFile::Multivariant(set, cap)));
    let rates = RATES.into_iter().filter(|rate| *rate <= cap && sets.contains(SwitchingSet::Ogg));
    let ogg = rates.map(|rate| (rate, url(SongFile::Whole(SwitchingSet::Ogg, rate))));
    Playback {
        hls: hls(SwitchingSet::Aac),
        hls_ogg: hls(SwitchingSet::Ogg),
        hls_opus: hls(SwitchingSet::Opus),
        hls_saver: hls(SwitchingSet::Saver),
        dash: current.dash.then(|| url(SongFile::Dash(cap))),
        ogg: ogg.collect(),
        expires_at,
        playback_id,
    }
}

fn not_ready(song: &Song) -> Problem {
    if song.state == SongState::Withdrawn {
        let detail = "The song is withdrawn; nobody plays it until it is restored.";
        return Problem::new(StatusCode::CONFLICT, "withdrawn", detail);
    }
    let detail = match &song.failure {
        Some(reason) => format!("The song could not be processed: {reason}"),
        None => format!("The song is {} and cannot be played yet.", song.state),
    };
    Problem::new(StatusCode::CONFLICT, "not-ready", detail)
}

#[cfg(test)]
mod tests {
    use media::{AlbumId, ArtistId, MasterHash, Version};

    use super::*;

    fn made(sets: &str, dash: bool) -> CurrentVersion {
        let master = MasterHash::new([7; 32]);
        CurrentVersion {
            version: Version::of(&master, "recipe"),
            artist: ArtistId::derived_from(&master),
            album: AlbumId::derived_from(&master),
            duration_ms: 1_000,
            sets: sets.parse().unwrap(),
            dash,
        }
    }

    #[test]
    fn a_cap_names_the_capped_playlists_and_leaves_out_what_is_above() {
        let current = made("aac,ogg", true);
        let playback = urls("http://e/t/T/f", &current, Kbps(128), String::new(), Uuid::nil());
        assert_eq!(playback.hls.as_deref(), Some("http://e/t/T/f/index-128.m3u8"));
        assert_eq!(playback.hls_ogg.as_deref(), Some("http://e/t/T/f/ogg-128.m3u8"));
        assert_eq!(playback.ogg.keys().collect::<Vec<_>>(), [&Kbps(64), &Kbps(128)]);
        assert_eq!(playback.dash.as_deref(), Some("http://e/t/T/f/manifest-128.mpd"));
        let whole = urls("b", &current, TOP, String::new(), Uuid::nil());
        assert_eq!(whole.hls.as_deref(), Some("b/index.m3u8"));
    }

    #[test]
    fn only_what_was_made_is_named() {
        let playback = urls("b", &made("opus,saver", false), TOP, String::new(), Uuid::nil());
        assert_eq!(playback.hls_opus.as_deref(), Some("b/opus.m3u8"));
        assert_eq!(playback.hls_saver.as_deref(), Some("b/saver.m3u8"));
        assert_eq!((playback.hls, playback.hls_ogg, playback.dash), (None, None, None));
        assert!(playback.ogg.is_empty());
    }
}
