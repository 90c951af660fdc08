//! What stands in a request's URL: its query, and ids in its path.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use media::SongId;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use service::Problem;

use crate::json_reader::{self, Wrong};

/// The query of the URL. Each parameter is named once.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(said) = query.map_err(|_| unreadable())?;
        let mut parameters = Map::new();
        for (name, value) in said {
            if parameters.contains_key(&name) {
                return Err(Wrong::at(&name, "This is given more than once.").told());
            }
            parameters.insert(name, Value::String(value));
        }
        json_reader::read(&Value::Object(parameters)).map(Self).map_err(Wrong::told)
    }
}

/// The id of a song in the path.
pub(crate) struct SongPath(pub(crate) SongId);

impl<S: Send + Sync> FromRequestParts<S> for SongPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let IdPath(id) = IdPath::from_request_parts(parts, state).await?;
        Ok(Self(id))
    }
}

/// The one id in the path, whatever its name.
pub(crate) struct IdPath<T>(pub(crate) T);

impl<T: FromStr + Display, S: Send + Sync> FromRequestParts<S> for IdPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = segments(parts, state).await?;
        let (name, text) = params.iter().next().unwrap_or(("id", ""));
        read_id(name, text).map(Self)
    }
}

/// The id that stands in the path under that name.
pub(crate) async fn id<T: FromStr + Display, S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &'static str,
) -> Result<T, Problem> {
    let params = segments(parts, state).await?;
    let text = params.iter().find(|(key, _)| *key == name).map_or("", |(_, text)| text);
    read_id(name, text)
}

/// A word in the path that is no id.
pub(crate) struct WordPath(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for WordPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = segments(parts, state).await?;
        let word = params.iter().next().map_or("", |(_, text)| text);
        Ok(Self(word.to_owned()))
    }
}

async fn segments<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<RawPathParams, Problem> {
    RawPathParams::from_request_parts(parts, state).await.map_err(|_| unreadable())
}

/// An id in the one form that we write: no other spelling leads to the same thing.
fn read_id<T: FromStr + Display>(name: &str, text: &str) -> Result<T, Problem> {
    let id = text.parse::<T>().ok().filter(|id| id.to_string() == text);
    id.ok_or_else(|| Problem::field(name, "An id is a UUID in lower case with hyphens."))
}

fn unreadable() -> Problem {
    let detail = "The URL holds percent-encoded bytes that are no UTF-8.";
    Problem::new(StatusCode::BAD_REQUEST, "unreadable-url", detail)
}
