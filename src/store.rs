//! Where packages go: a folder, or a store that a URL names.

mod refusal;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use ingest::Shelf;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::ClientConfigKey;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ObjectStore, ObjectStoreScheme, RetryConfig};
use reqwest::Url;

pub(crate) use self::refusal::refusal;

/// How long one request may take: a part of 8 MiB on a slow line, not a server that hangs for ever.
const REQUEST_TIMEOUT: &str = "300s";

/// How long one request is tried again.
const LONGEST_RETRY: Duration = Duration::from_secs(180);

/// How long an edge gives one read of its origin.
pub(crate) const ORIGIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a read is tried again that somebody waits for.
const READERS_PATIENCE: Duration = Duration::from_secs(10);

/// What a person named as the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder on this machine.
    Folder(PathBuf),
    /// A store, by its URL without a slash at the end.
    Store(StoreUrl),
}

/// The URL of a store and of a prefix in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreUrl(Url);

/// Not a place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidPlace {
    #[error("it is empty; accepted are a folder, file:///…, s3://…, gs://… and az://…")]
    Empty,
    #[error("it is no URL: {0}")]
    Url(String),
    #[error("accepted are a folder, file:///…, s3://…, gs://… and az://…")]
    Scheme,
    #[error(
        "what is in the memory of a command vanishes when it ends; accepted are a folder, \
         file:///…, s3://…, gs://… and az://…"
    )]
    Memory,
    #[error("credentials do not belong in a URL; set them in the environment")]
    Password,
}

/// A store that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("'{url}' cannot be opened: {source}")]
pub(crate) struct CannotOpen {
    url: StoreUrl,
    source: Box<object_store::Error>,
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        if text.is_empty() {
            return Err(InvalidPlace::Empty);
        }
        if !text.contains("://") {
            return Ok(Self::Folder(text.into()));
        }
        let mut url = Url::parse(text).map_err(|error| InvalidPlace::Url(error.to_string()))?;
        if url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidPlace::Password);
        }
        match ObjectStoreScheme::parse(&url) {
            Ok((ObjectStoreScheme::Local, _)) => {
                url.to_file_path().map(Self::Folder).map_err(|()| InvalidPlace::Scheme)
            }
            Ok((ObjectStoreScheme::Memory, _)) => Err(InvalidPlace::Memory),
            Ok((ObjectStoreScheme::Http, _)) | Err(_) => Err(InvalidPlace::Scheme),
            Ok(_) => {
                let path = url.path().trim_end_matches('/').to_owned();
                url.set_path(&path);
                Ok(Self::Store(StoreUrl(url)))
            }
        }
    }
}

impl Place {
    /// Opens it for reading: what is not answered is tried again for as long as a reader waits.
    pub(crate) fn read_only(&self) -> object_store::Result<Arc<dyn ObjectStore>> {
        match self {
            Self::Folder(path) => Ok(Arc::new(LocalFileSystem::new_with_prefix(path)?)),
            Self::Store(url) => url.store(READERS_PATIENCE),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Store(url) => url.fmt(f),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl StoreUrl {
    /// The folder of the object that the URL names, where that is called one of `names`; else itself.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        let path = self.0.path().to_owned();
        if let Some((folder, name)) = path.rsplit_once('/')
            && names.contains(&name)
        {
            self.0.set_path(folder);
        }
        self
    }

    /// Opens the store with the credentials and endpoints of the environment, by the names that
    /// `object_store` gives them: `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`, `GOOGLE_SERVICE_ACCOUNT`,
    /// `AZURE_STORAGE_ACCOUNT_NAME` and so on. Nothing is sent yet.
    pub(crate) fn open(&self, patience: Duration) -> Result<Shelf, CannotOpen> {
        let opened = self.build(patience);
        opened.map_err(|source| CannotOpen { url: self.clone(), source: Box::new(source) })
    }

    fn build(&self, patience: Duration) -> object_store::Result<Shelf> {
        Ok(Shelf::patient(self.store(patience)?, patience))
    }

    fn store(&self, patience: Duration) -> object_store::Result<Arc<dyn ObjectStore>> {
        let (scheme, prefix) = ObjectStoreScheme::parse(&self.0)?;
        let store: Arc<dyn ObjectStore> = match scheme {
            ObjectStoreScheme::AmazonS3 => Arc::new(amazon(&self.0, patience)?),
            ObjectStoreScheme::GoogleCloudStorage => Arc::new(google(&self.0, patience)?),
            // No other scheme is a place.
            _ => Arc::new(azure(&self.0, patience)?),
        };
        Ok(Arc::new(PrefixStore::new(store, prefix)))
    }
}

fn amazon(url: &Url, patience: Duration) -> object_store::Result<impl ObjectStore> {
    let mut builder = AmazonS3Builder::from_env().with_url(url.as_str());
    let set = |key| AmazonS3ConfigKey::Client(key);
    if !is_set("AWS_TIMEOUT") {
        builder = builder.with_config(set(ClientConfigKey::Timeout), REQUEST_TIMEOUT);
    }
    // Who names an http endpoint means it.
    let endpoints = [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint];
    let endpoint = endpoints.iter().find_map(|key| builder.get_config_value(key));
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = builder.with_config(set(ClientConfigKey::AllowHttp), "true");
    }
    // Every S3-compatible server knows DELETE; not every one knows DeleteObjects.
    builder = builder.with_config(AmazonS3ConfigKey::DisableBulkDelete, "true");
    builder.with_retry(retries(patience)).build()
}

fn google(url: &Url, patience: Duration) -> object_store::Result<impl ObjectStore> {
    let mut builder = GoogleCloudStorageBuilder::from_env().with_url(url.as_str());
    if !is_set("GOOGLE_TIMEOUT") {
        let key = GoogleConfigKey::Client(ClientConfigKey::Timeout);
        builder = builder.with_config(key, REQUEST_TIMEOUT);
    }
    builder.with_retry(retries(patience)).build()
}

fn azure(url: &Url, patience: Duration) -> object_store::Result<impl ObjectStore> {
    let mut builder = MicrosoftAzureBuilder::from_env().with_url(url.as_str());
    if !is_set("AZURE_TIMEOUT") {
        let key = AzureConfigKey::Client(ClientConfigKey::Timeout);
        builder = builder.with_config(key, REQUEST_TIMEOUT);
    }
    let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = builder.with_allow_http(true);
    }
    builder.with_retry(retries(patience)).build()
}

/// The time decides, not the count. A request that is tried again keeps its signature, which ages;
/// the shelf begins anew.
fn retries(patience: Duration) -> RetryConfig {
    let max_retries = if patience.is_zero() { 0 } else { usize::MAX };
    let retry_timeout = patience.min(LONGEST_RETRY);
    RetryConfig { backoff: BackoffConfig::default(), max_retries, retry_timeout }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_or_a_stores_url() {
        let place = |text: &str| text.parse::<Place>().map(|place| place.to_string());
        for (text, same) in [
            ("out", "out"),
            ("./a b/c", "./a b/c"),
            ("file:///srv/music/", "/srv/music/"),
            ("s3://bucket", "s3://bucket"),
            ("s3://bucket/music/", "s3://bucket/music"),
            ("gs://bucket/music", "gs://bucket/music"),
            ("az://container@account/x", "az://container@account/x"),
        ] {
            assert_eq!(place(text).ok().as_deref(), Some(same), "{text}");
        }
        for wrong in [
            "",
            "http://music.example/x",
            "ftp://a/b",
            "s3://",
            "s3://key:secret@b",
            "s3://b?x=1",
            "memory:///",
        ] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
