//! Who looks, from where, and the catalogue as they see it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use catalogue::{Audience, AuthenticatedUser, Catalogue, Country, Viewer};
use service::Problem;

use crate::api::Api;

/// Whoever asks. Nobody reads behind what they wrote.
pub(crate) struct Visitor {
    pub(crate) audience: Audience,
    pub(crate) catalogue: Catalogue,
}

impl FromRequestParts<Api> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let user = parts.extensions.get::<AuthenticatedUser>();
        let catalogue = match user {
            Some(user) => api.catalogue().seen_by(user.id),
            None => api.catalogue().seen_by_anybody(),
        };
        let audience = Audience { viewer: Viewer::from(user), country: country(parts, api) };
        Ok(Self { audience, catalogue })
    }
}

/// The country in the header that is to be believed.
fn country(parts: &Parts, api: &Api) -> Option<Country> {
    parts.headers.get(api.country_header()?)?.to_str().ok()?.trim().parse().ok()
}
