//! The fields of an upload: read in any order, each at most once, none unknown.

use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::http::StatusCode;
use catalogue::name::LONGEST_NAME;
use futures::StreamExt;
use service::Problem;

use crate::intake::{Details, Intake};
use crate::patience::Patience;
use crate::received::{ReceiveError, Received};

const ACCEPTED: &str = "file, title, artist, album, album_artist, genre and release_year";

/// The longest text field in bytes: the longest name, should each character take four.
const LONGEST_TEXT: usize = LONGEST_NAME * 4;

/// An upload that was read to its end.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) file: Received,
    pub(crate) details: Details,
}

impl Form {
    /// Reads the form, its file to the workshop.
    pub(crate) async fn read(
        intake: &Intake,
        mut parts: Multipart,
        patience: &Patience,
    ) -> Result<Self, Problem> {
        let (mut file, mut details) = (None, Details::default());
        while let Some(part) = parts.next_field().await.map_err(|error| unreadable(&error))? {
            patience.renew();
            let name = part.name().unwrap_or_default().to_owned();
            match name.as_str() {
                "file" => {
                    once("file", &file)?;
                    details.file_name = part.file_name().map(str::to_owned);
                    file = Some(receive(intake, part, patience).await?);
                }
                "title" => text("title", &mut details.title, part).await?,
                "artist" => text("artist", &mut details.artist, part).await?,
                "album" => text("album", &mut details.album, part).await?,
                "album_artist" => text("album_artist", &mut details.album_artist, part).await?,
                "genre" => text("genre", &mut details.genre, part).await?,
                "release_year" => text("release_year", &mut details.release_year, part).await?,
                _ => return Err(unknown(&name)),
            }
        }
        let missing = || Problem::field("file", "The field 'file' with the master is missing.");
        Ok(Self { file: file.ok_or_else(missing)?, details })
    }
}

async fn receive(
    intake: &Intake,
    part: Field<'_>,
    patience: &Patience,
) -> Result<Received, Problem> {
    let part = part.inspect(|_| patience.renew());
    let received = Received::from_stream(&intake.workshop, part, intake.limit).await;
    let received = received.map_err(|error| match error {
        ReceiveError::Sender(error) => unreadable(&error),
        ReceiveError::TooLarge { limit } => too_large(limit),
        ReceiveError::Disk(error) => Problem::internal(&error),
    })?;
    if received.size() == 0 {
        return Err(Problem::field("file", "The file is empty."));
    }
    Ok(received)
}

/// Reads a text field into `value`. An empty one is as if it had not been sent: that is how
/// browsers send what nobody filled in.
async fn text<T>(name: &str, value: &mut Option<T>, mut part: Field<'_>) -> Result<(), Problem>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    once(name, value)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|error| unreadable(&error))? {
        if bytes.len() + chunk.len() > LONGEST_TEXT {
            let accepted =
                format!("The {name} is too long; accepted are {LONGEST_NAME} characters.");
            return Err(Problem::field(name, accepted));
        }
        bytes.extend_from_slice(&chunk);
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Problem::field(name, format!("The {name} is not UTF-8.")))?;
    if !text.trim().is_empty() {
        let parsed = text.parse().map_err(|error: T::Err| {
            Problem::field(name, format!("The {name} cannot be used: {error}."))
        })?;
        *value = Some(parsed);
    }
    Ok(())
}

fn once<T>(name: &str, value: &Option<T>) -> Result<(), Problem> {
    match value {
        Some(_) => Err(Problem::field(name, format!("The field '{name}' was sent twice."))),
        None => Ok(()),
    }
}

fn unknown(name: &str) -> Problem {
    let name: String = name.chars().take(100).collect();
    Problem::field(&*name, format!("There is no field '{name}'; accepted are {ACCEPTED}."))
}

pub(crate) fn too_large(limit: u64) -> Problem {
    let detail = format!("The file is too large; accepted are up to {limit} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
}

fn unreadable(error: &MultipartError) -> Problem {
    tracing::debug!(%error, "an upload broke off");
    Problem::new(
        StatusCode::BAD_REQUEST,
        "unreadable-body",
        "The body is not complete multipart/form-data (RFC 7578).",
    )
}
