//! The fields of an upload: read in any order, each at most once, none unknown.

use axum::extract::multipart::{Field, Multipart, MultipartError};
use futures::StreamExt;
use service::Problem;

use crate::details::{self, Details, FIELDS, LONGEST_TEXT};
use crate::intake::Intake;
use crate::patience::Patience;
use crate::received::Received;
use crate::{kind, refusals};

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
        parts: Multipart,
        patience: &Patience,
    ) -> Result<Self, Problem> {
        Self::read_with(&FIELDS, intake, parts, patience).await
    }

    /// Reads a form that has a file and nothing else.
    pub(crate) async fn read_file(
        intake: &Intake,
        parts: Multipart,
        patience: &Patience,
    ) -> Result<Self, Problem> {
        Self::read_with(&[], intake, parts, patience).await
    }

    async fn read_with(
        fields: &[&str],
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
                    details::once("file", &file)?;
                    kind::check(part.content_type().unwrap_or_default())?;
                    details.file_name = part.file_name().map(str::to_owned);
                    file = Some(receive(intake, part, patience).await?);
                }
                name if fields.contains(&name) => details.set(name, &text(name, part).await?)?,
                _ if fields.is_empty() => return Err(only_a_file(&name)),
                _ => return Err(details::unknown(&name, "file, ")),
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
    let received = received.map_err(|error| refusals::not_received(error, unreadable))?;
    if received.size() == 0 {
        return Err(Problem::field("file", "The file is empty."));
    }
    Ok(received)
}

fn only_a_file(field: &str) -> Problem {
    let field: String = field.chars().take(100).collect();
    let detail = "Another master of a song is the field 'file' alone; PATCH changes what is said of the song.";
    Problem::field(&*field, detail)
}

/// The bytes of a text field.
async fn text(name: &str, mut part: Field<'_>) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|error| unreadable(&error))? {
        if bytes.len() + chunk.len() > LONGEST_TEXT {
            return Err(details::too_long(name));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn unreadable(error: &MultipartError) -> Problem {
    refusals::broken_off(error, "The body is not complete multipart/form-data (RFC 7578).")
}
