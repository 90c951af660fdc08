//! The description of the API (OpenAPI 3.1), made from the code, and the page that shows it. Nothing of that page comes
//! from another host.

use axum::Router;
use serde::Serialize;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi, ToResponse, ToSchema};
use utoipa_swagger_ui::SwaggerUi;

use crate::bearer::SCHEME;

/// What every refusal is called among the responses.
pub(crate) const PROBLEM: &str = "Problem";

/// What it says of itself; the routes add theirs.
#[derive(OpenApi)]
#[openapi(
    info(title = "Segue", description = "Music: catalogue, accounts, playlists and playback."),
    components(responses(Problem)),
    modifiers(&Tokens)
)]
pub(crate) struct Description;

/// A refusal (RFC 9457).
#[derive(Serialize, ToSchema, ToResponse)]
#[response(description = "A refusal (RFC 9457).", content_type = "application/problem+json")]
pub(crate) struct Problem {
    /// What kind of refusal: a stable URN.
    r#type: String,
    /// What its status is called.
    title: String,
    /// The status of the answer.
    status: u16,
    /// What is wrong and what is accepted, in a sentence.
    detail: String,
    /// The field of the request that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The id that leads to this request in the log.
    request_id: String,
}

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut Document) {
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme(SCHEME, bearer);
    }
}

/// `/openapi.json`, and `/docs` that shows it.
pub(crate) fn pages(document: Document) -> Router {
    SwaggerUi::new("/docs").url("/openapi.json", document).into()
}
