//! A version behind an edge.

use std::io::{self, Read};
use std::time::Duration;

use anyhow::Context;
use reqwest::blocking::Client;
use reqwest::{StatusCode, Url};
use transcode::inspect::Source;

/// Reads files beside a playlist's URL; a token in its path is inherited, as players do.
pub(super) struct Http {
    client: Client,
    playlist: Url,
}

impl Http {
    pub(super) fn new(playlist: &str) -> anyhow::Result<Self> {
        let playlist = Url::parse(playlist).with_context(|| format!("'{playlist}' is no URL"))?;
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(600))
            .build()?;
        Ok(Self { client, playlist })
    }

    /// The file that the URL names, where that is a playlist.
    pub(super) fn playlist_name(&self) -> Option<&str> {
        self.playlist.path_segments()?.next_back().filter(|name| name.ends_with(".m3u8"))
    }
}

impl Source for Http {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + '_>> {
        let url = self.playlist.join(path).map_err(io::Error::other)?;
        let response = self.client.get(url).send().map_err(io::Error::other)?;
        match response.status() {
            StatusCode::OK => Ok(Box::new(response)),
            StatusCode::NOT_FOUND => Err(io::ErrorKind::NotFound.into()),
            status => Err(io::Error::other(format!("the server answered {status}"))),
        }
    }
}
