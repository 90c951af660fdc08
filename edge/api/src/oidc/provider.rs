//! What a provider says of itself, and how it is spoken to (OpenID Connect Discovery 1.0; RFC 6749).

use std::time::Duration;

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{StatusCode, Uri};
use jsonwebtoken::jwk::JwkSet;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Claims, Issuer, NoCertificates, OidcError, encoded, form};
use crate::mail::is_this_machine;

/// How long the provider may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer that is read, in bytes.
const LONGEST: usize = 256 * 1_024;

/// How clients say their secret where the provider says nothing (Discovery 3).
const BASIC: &str = "client_secret_basic";

#[derive(Debug)]
pub(super) struct Provider {
    issuer: Issuer,
    http: Client,
}

/// What we need of Discovery 3.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    pub(super) userinfo_endpoint: Option<String>,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) access_token: String,
}

/// Claims, and whose (OpenID Connect Core 1.0, 5.3.2).
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) sub: String,
    #[serde(flatten)]
    pub(super) claims: Claims,
}

/// Whether nobody on the way reads what is said to that URL.
pub(super) fn is_safe(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let schemed = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => is_this_machine(host),
        _ => false,
    };
    let named = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    schemed && !host.is_empty() && !named && !url.contains('#')
}

impl Provider {
    pub(super) fn new(issuer: Issuer) -> Result<Self, NoCertificates> {
        // Whoever answers with a redirection could send our secret elsewhere.
        let http = Client::builder().timeout(PATIENCE).redirect(Policy::none()).build()?;
        Ok(Self { issuer, http })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer.0
    }

    /// What it says of itself (Discovery 4).
    pub(super) async fn metadata(&self) -> Result<Metadata, OidcError> {
        let base = self.issuer().trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let metadata: Metadata = read(self.http.get(url)).await?;
        // 4.3: whoever says to be another may not speak for this one.
        if metadata.issuer != self.issuer() {
            return Err(OidcError::Unusable("its metadata are of another issuer"));
        }
        let Metadata { authorization_endpoint, token_endpoint, jwks_uri, .. } = &metadata;
        let endpoints = [authorization_endpoint, token_endpoint, jwks_uri];
        let safe = endpoints.into_iter().chain(&metadata.userinfo_endpoint).all(|url| is_safe(url));
        safe.then_some(metadata).ok_or(OidcError::Unusable("its endpoints are not https URLs"))
    }

    /// The keys that it signs with.
    pub(super) async fn keys(&self, metadata: &Metadata) -> Result<JwkSet, OidcError> {
        read(self.http.get(&metadata.jwks_uri)).await
    }

    /// What it gives for a code (Core 3.1.3.1), to the client of that name and secret.
    pub(super) async fn tokens(
        &self,
        metadata: &Metadata,
        (id, secret): (&str, Option<&str>),
        fields: &[(&str, &str)],
    ) -> Result<Tokens, OidcError> {
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        let basic = methods.is_none_or(|methods| methods.iter().any(|method| method == BASIC));
        let (mut fields, mut request) = (fields.to_vec(), self.http.post(&metadata.token_endpoint));
        match secret {
            // RFC 6749 2.3.1: encoded as in a form, before it is encoded as in HTTP.
            Some(secret) if basic => {
                request = request.basic_auth(encoded(id), Some(encoded(secret)));
            }
            Some(secret) => fields.extend([("client_id", id), ("client_secret", secret)]),
            None => fields.push(("client_id", id)),
        }
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match read(request.body(form(&fields))).await {
            // RFC 6749 5.2: also where it does not know us, which an operator learns from the log.
            Err(OidcError::Status(StatusCode::BAD_REQUEST)) => Err(OidcError::Refused),
            read => read,
        }
    }

    /// What it says of whoever the access token is of (Core 5.3).
    pub(super) async fn claims(&self, endpoint: &str, token: &str) -> Result<Told, OidcError> {
        read(self.http.get(endpoint).bearer_auth(token)).await
    }
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, OidcError> {
    let response = request.header(ACCEPT, "application/json").send().await?;
    if !response.status().is_success() {
        return Err(OidcError::Status(response.status()));
    }
    let bytes = received(response).await?;
    serde_json::from_slice(&bytes)
        .map_err(|_| OidcError::Unusable("it is not the JSON that it should be"))
}

async fn received(mut response: Response) -> Result<Vec<u8>, OidcError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > LONGEST {
            return Err(OidcError::Unusable("it is too long"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
