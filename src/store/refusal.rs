//! Why a store refused, in a part of a sentence for the person who runs the command.

use std::error::Error;

use object_store::client::{HttpError, HttpErrorKind};

/// What is wrong with the store, to be read after its name: "it answers 503 Service Unavailable".
pub(crate) fn refusal(error: &object_store::Error) -> String {
    use object_store::Error as Store;
    let said = error.to_string();
    match error {
        Store::PermissionDenied { .. } => {
            format!(
                "it refuses access (403{}); check the credentials and their rights",
                code(&said)
            )
        }
        Store::Unauthenticated { .. } => {
            format!("it does not know the credentials (401{})", code(&said))
        }
        Store::NotFound { .. } => {
            format!("it has no such bucket or container (404{})", code(&said))
        }
        _ if said.contains("169.254.169.254") => {
            "there are no credentials for it in the environment (AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY)"
                .to_owned()
        }
        _ => connection(error).or_else(|| status(&said)).unwrap_or(said),
    }
}

/// What became of the connection, where it is to blame.
fn connection(error: &object_store::Error) -> Option<String> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            return Some(match http.kind() {
                HttpErrorKind::Connect => "it cannot be reached".to_owned(),
                HttpErrorKind::Timeout => "it does not answer in time".to_owned(),
                HttpErrorKind::Request | HttpErrorKind::Interrupted => {
                    "it breaks connections off".to_owned()
                }
                _ => root(http),
            });
        }
        cause = error.source();
    }
    None
}

fn root(error: &(dyn Error + 'static)) -> String {
    let mut root = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root.to_string()
}

/// The status that it answered. The client has it as text alone.
fn status(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("status code: ")?;
    let status = rest.split(':').next()?.trim();
    Some(format!("it answers {status}{}", code(said)))
}

/// S3's own word for it, from the body of the answer.
fn code(said: &str) -> String {
    let found = said.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    found.map(|(code, _)| format!(", {code}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_by_its_status_and_code() {
        let error = |text: &str| object_store::Error::Generic { store: "S3", source: text.into() };
        assert_eq!(
            refusal(&error(
                "Error performing PUT http://x in 1s - Server returned non-2xx status code: \
                 503 Service Unavailable: <Error><Code>SlowDown</Code></Error>"
            )),
            "it answers 503 Service Unavailable, SlowDown"
        );
        let denied = object_store::Error::PermissionDenied {
            path: "x".into(),
            source: "<Code>AccessDenied</Code>".into(),
        };
        assert!(refusal(&denied).starts_with("it refuses access (403, AccessDenied);"));
    }
}
