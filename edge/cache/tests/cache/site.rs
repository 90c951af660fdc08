//! A cache over an origin that holds one object.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use origin::{Object, Purge};
use segue_cache::{Cache, FillError, Settings};
use testkit::origin_store::OriginStore;

pub(crate) const FOLDER: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
    0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
    00112233445566778899aabbccddeeff";
pub(crate) const KEY: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
    0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
    00112233445566778899aabbccddeeff/ogg/320.ogg";
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
pub(crate) const CAPACITY: u64 = 64 << 20;

pub(crate) fn object() -> Object {
    KEY.parse().expect("a key")
}

/// A file of the same version.
pub(crate) fn file(path: &str) -> Object {
    format!("{FOLDER}/{path}").parse().expect("a key")
}

pub(crate) fn pattern(size: usize) -> Bytes {
    (0..size).map(|at| (at % 251) as u8 ^ (at >> 16) as u8).collect()
}

pub(crate) fn settings() -> Settings {
    Settings::new(CAPACITY, TIMEOUT)
}

/// An origin with an object of `size` bytes, and a cache over it.
pub(crate) async fn origin(size: usize) -> (Arc<OriginStore>, Cache) {
    origin_with(size, settings()).await
}

pub(crate) async fn origin_with(size: usize, settings: Settings) -> (Arc<OriginStore>, Cache) {
    let store = Arc::new(OriginStore::new());
    store.store(KEY, pattern(size)).await;
    let cache = Cache::with(store.clone(), settings);
    (store, cache)
}

pub(crate) async fn read(cache: &Cache, range: Range<u64>) -> Result<Vec<u8>, FillError> {
    let slices: Vec<Bytes> = cache.open(object()).await?.read(range).try_collect().await?;
    Ok(slices.concat())
}

/// All of an object, as text.
pub(crate) async fn text(cache: &Cache, object: Object) -> Result<String, FillError> {
    let opened = cache.open(object).await?;
    let size = opened.size();
    let slices: Vec<Bytes> = opened.read(0..size).try_collect().await?;
    Ok(String::from_utf8(slices.concat()).expect("text"))
}

/// A purge as it comes over the wire, `FOLDER` standing for the version's folder.
pub(crate) fn purge(json: &str) -> Purge {
    serde_json::from_str(&json.replace("FOLDER", FOLDER)).expect("a purge")
}
