//! Who looks, from where, and the catalogue as they see it.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use catalogue::{Audience, AuthenticatedUser, Catalogue, Country, Playlists, Viewer};
use service::Problem;

use crate::api::Api;
use crate::hot::ForAll;

/// Whoever asks. Nobody reads behind what they wrote.
pub(crate) struct Visitor {
    pub(crate) audience: Audience,
    pub(crate) catalogue: Catalogue,
}

impl Visitor {
    /// The same, who sees what the leader has: for what must hold now.
    pub(crate) fn on_leader(self, api: &Api) -> Self {
        Self { catalogue: api.catalogue().clone(), ..self }
    }

    /// The playlists, with the songs that they may hear where they are.
    pub(crate) fn playlists(&self) -> Playlists<'_> {
        self.catalogue.playlists().seen_from(self.audience.country)
    }
}

impl FromRequestParts<Api> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let user = parts.extensions.get::<AuthenticatedUser>();
        let catalogue = match user {
            _ if parts.extensions.get::<ForAll>().is_some() => api.catalogue().seen_by_all(),
            Some(user) => api.catalogue().seen_by(user.id),
            None => api.catalogue().seen_by_anybody(),
        };
        let audience =
            Audience { viewer: Viewer::from(user), country: country(&parts.headers, api) };
        Ok(Self { audience, catalogue })
    }
}

/// The country in the header that is to be believed.
pub(crate) fn country(headers: &HeaderMap, api: &Api) -> Option<Country> {
    headers.get(api.country_header()?)?.to_str().ok()?.trim().parse().ok()
}
