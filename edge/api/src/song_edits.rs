//! Changing what is said about a song.

use std::fmt::Display;
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use axum::http::header::{ETAG, HeaderName};
use axum::http::{HeaderMap, StatusCode};
use catalogue::credits::{LONGEST_JOIN_PHRASE, MOST_CREDITS};
use catalogue::{ArtistIds, NewCredit, ReleaseYear, SongEdit, Territories, TrackNumber};
use serde::Deserialize;
use service::Problem;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::Caller;
use crate::edition;
use crate::patch::said;
use crate::refusals::{Body, SongPath, catalogue_failed};
use crate::songs::{Details, seen};
use crate::visitor::Visitor;

/// What is to be different: what is not said stays, and what is `null` is left out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SongChange {
    title: Option<String>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    genre: Option<Option<String>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<u16>)]
    release_year: Option<Option<u16>>,
    explicit: Option<bool>,
    /// The recording's code (ISO 3901), with hyphens or without.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    isrc: Option<Option<String>>,
    /// What MusicBrainz calls the recording.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Uuid>)]
    musicbrainz_recording_id: Option<Option<String>>,
    /// What MusicBrainz calls the release that it is on.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Uuid>)]
    musicbrainz_release_id: Option<Option<String>>,
    /// What MusicBrainz calls those who made it.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 1, max_items = 50)]
    musicbrainz_artist_ids: Option<Option<Vec<String>>>,
    /// The disc of the album that it is on, from 1 to 999.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<u16>)]
    disc: Option<Option<u16>>,
    /// Its place on that disc, or in the album, from 1 to 999.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<u16>)]
    track: Option<Option<u16>>,
    /// Whether it is still kept back.
    draft: Option<bool>,
    /// RFC 3339.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    available_from: Option<Option<String>>,
    /// RFC 3339.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    available_until: Option<Option<String>>,
    /// Codes of countries (ISO 3166-1 alpha-2).
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Vec<String>>)]
    territories: Option<Option<Vec<String>>>,
    /// All of them, in their order.
    credits: Option<Vec<CreditChange>>,
}

/// Somebody to be credited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreditChange {
    artist: String,
    /// `main`, `featured`, `composer`, `lyricist`, `producer`, `remixer`, `conductor` or `performer`.
    role: String,
    /// What stands between them and the next, such as ` feat. `.
    #[serde(default)]
    join_phrase: String,
}

type Changed = ([(HeaderName, String); 1], Json<Details>);

/// Changes what is said about a song, if it still is what `If-Match` says: for its uploader and admins.
#[utoipa::path(patch, path = "/v1/songs/{id}", tag = "catalogue", request_body = SongChange,
    params(("id" = Uuid, Path), ("If-Match" = String, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "The song as it is now.", body = Details)))]
pub(crate) async fn change(
    State(api): State<Api>,
    Caller(user): Caller,
    visitor: Visitor,
    SongPath(id): SongPath,
    headers: HeaderMap,
    Body(change): Body<SongChange>,
) -> Result<Changed, Problem> {
    // The leader knows which edition is the last.
    let latest = Visitor { catalogue: api.catalogue().clone(), ..visitor };
    let song = seen(&latest, id).await?;
    if !song.is_of(&latest.audience.viewer) {
        return Err(not_yours());
    }
    edition::check(&headers, &edition::of_song(&song))?;
    let songs = api.catalogue().seen_by(user.id);
    let songs = songs.songs();
    let song = songs.edit(id, song.edition, &change.read()?).await.map_err(catalogue_failed)?;
    let credits = songs.credits(id).await.map_err(catalogue_failed)?;
    Ok(([(ETAG, edition::of_song(&song))], Json(Details::new(song, credits))))
}

/// Of somebody else.
pub(crate) fn not_yours() -> Problem {
    let detail = "Only whoever uploaded it, and admins, may do this.";
    Problem::new(StatusCode::FORBIDDEN, "not-yours", detail)
}

impl SongChange {
    fn read(self) -> Result<SongEdit, Problem> {
        Ok(SongEdit {
            title: self.title.map(|title| read("title", &title)).transpose()?,
            genre: each(self.genre, |genre| read("genre", &genre))?,
            release_year: each(self.release_year, |year| {
                let accepted = "A year of release is a year from 1860 to 2100.";
                ReleaseYear::new(year).ok_or_else(|| Problem::field("release_year", accepted))
            })?,
            explicit: self.explicit,
            isrc: each(self.isrc, |isrc| read("isrc", &isrc))?,
            recording_id: each(self.musicbrainz_recording_id, |id| {
                read("musicbrainz_recording_id", &id)
            })?,
            release_id: each(self.musicbrainz_release_id, |id| {
                read("musicbrainz_release_id", &id)
            })?,
            artist_ids: each(self.musicbrainz_artist_ids, |ids| read_artist_ids(&ids))?,
            disc: each(self.disc, |disc| {
                let accepted = "A disc of an album is a number from 1 to 999.";
                TrackNumber::new(disc.into()).ok_or_else(|| Problem::field("disc", accepted))
            })?,
            track: each(self.track, |track| {
                let accepted = "A song's place in its album is a number from 1 to 999.";
                TrackNumber::new(track.into()).ok_or_else(|| Problem::field("track", accepted))
            })?,
            draft: self.draft,
            available_from_ms: each(self.available_from, |at| read_time("available_from", &at))?,
            available_until_ms: each(self.available_until, |at| read_time("available_until", &at))?,
            territories: each(self.territories, |codes| read_territories(&codes))?,
            credits: self.credits.map(read_credits).transpose()?,
        })
    }
}

/// What is said, read; what is left out, left out.
pub(crate) fn each<T, U>(
    field: Option<Option<T>>,
    read: impl FnOnce(T) -> Result<U, Problem>,
) -> Result<Option<Option<U>>, Problem> {
    field.map(|value| value.map(read).transpose()).transpose()
}

/// A field that is something; otherwise the sentence that says why it is not.
pub(crate) fn read<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|error| Problem::field(field, format!("The {field} cannot be used: {error}.")))
}

fn read_time(field: &str, text: &str) -> Result<u64, Problem> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok();
    let ms = time.and_then(|time| u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok());
    ms.ok_or_else(|| {
        Problem::field(field, "A time is written as 2026-12-24T18:00:00Z (RFC 3339), from 1970 on.")
    })
}

fn read_artist_ids(ids: &[String]) -> Result<ArtistIds, Problem> {
    let field = "musicbrainz_artist_ids";
    let ids: Vec<_> = ids.iter().map(|id| read(field, id)).collect::<Result<_, _>>()?;
    let accepted = "Name 1 to 50 artists, or null for none.";
    ArtistIds::of(ids).ok_or_else(|| Problem::field(field, accepted))
}

fn read_territories(codes: &[String]) -> Result<Territories, Problem> {
    let countries: Vec<_> =
        codes.iter().map(|code| read("territories", code)).collect::<Result<_, _>>()?;
    let accepted = "Name at least one country, or null for everywhere; 'draft' keeps a song back.";
    Territories::of(countries).ok_or_else(|| Problem::field("territories", accepted))
}

fn read_credits(credits: Vec<CreditChange>) -> Result<Vec<NewCredit>, Problem> {
    if credits.len() > MOST_CREDITS {
        let accepted = format!("A song credits {MOST_CREDITS} people at most.");
        return Err(Problem::field("credits", accepted));
    }
    credits.into_iter().map(CreditChange::read).collect()
}

impl CreditChange {
    fn read(self) -> Result<NewCredit, Problem> {
        let usable = self.join_phrase.chars().count() <= LONGEST_JOIN_PHRASE
            && !self.join_phrase.contains(char::is_control);
        if !usable {
            let accepted = "A join phrase has up to 50 characters on one line.";
            return Err(Problem::field("credits", accepted));
        }
        Ok(NewCredit {
            artist: read("credits", &self.artist)?,
            role: read("credits", &self.role)?,
            join_phrase: self.join_phrase,
        })
    }
}
