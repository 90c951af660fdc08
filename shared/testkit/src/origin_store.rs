//! An origin that counts what is read from it, and that stalls, fails or truncates when told to.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};

/// What the origin does with a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// Answers at once.
    #[default]
    Serve,
    /// Answers after this long, on tokio's clock.
    Stall(Duration),
    /// Answers with an error.
    Fail,
    /// Lets nobody read anything, as some stores say of what is not there.
    Refuse,
    /// Promises the whole range and delivers this many bytes less.
    Truncate(usize),
    /// Delivers so many bytes at a time, and rests on tokio's clock before each.
    Trickle(usize, Duration),
    /// Delivers so many bytes of what was asked for, then an error.
    Break(usize),
    /// Serves reads that begin below this offset, and fails those beyond.
    FailFrom(u64),
}

/// An in-memory object store that misbehaves on demand.
#[derive(Debug, Default)]
pub struct OriginStore {
    objects: InMemory,
    behaviour: Mutex<Behaviour>,
    reads: Mutex<HashMap<String, usize>>,
    ranges: Mutex<Vec<(String, Range<u64>)>>,
}

impl OriginStore {
    /// An empty store that behaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores an object.
    ///
    /// # Panics
    /// Never: memory takes every object.
    pub async fn store(&self, key: &str, bytes: impl Into<Bytes>) {
        self.objects
            .put(&Path::from(key), PutPayload::from(bytes.into()))
            .await
            .expect("memory takes every object");
    }

    /// Removes an object.
    ///
    /// # Panics
    /// Never: memory gives every object up.
    pub async fn remove(&self, key: &str) {
        self.objects.delete(&Path::from(key)).await.expect("memory gives every object up");
    }

    /// What it does with reads from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    /// How many reads of `key` began.
    #[must_use]
    pub fn reads_of(&self, key: &str) -> usize {
        self.counts().get(key).copied().unwrap_or_default()
    }

    /// How many reads began.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.counts().values().sum()
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read, in the order in which it was answered.
    #[must_use]
    pub fn ranges(&self) -> Vec<(String, Range<u64>)> {
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn read(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let result = self.objects.get_opts(location, options).await?;
        let answered = (location.to_string(), result.range.clone());
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner).push(answered);
        Ok(result)
    }
}

impl fmt::Display for OriginStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an origin that obeys its test")
    }
}

#[async_trait]
impl ObjectStore for OriginStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        *self.counts().entry(location.to_string()).or_default() += 1;
        let behaviour = *self.behaviour.lock().unwrap_or_else(PoisonError::into_inner);
        match behaviour {
            Behaviour::Serve => self.read(location, options).await,
            Behaviour::Stall(time) => {
                tokio::time::sleep(time).await;
                self.read(location, options).await
            }
            Behaviour::Fail => Err(broken()),
            Behaviour::Refuse => {
                let (path, source) = (location.to_string(), "the test says so".into());
                Err(Error::PermissionDenied { path, source })
            }
            Behaviour::Truncate(by) => truncate(self.read(location, options).await?, by).await,
            Behaviour::Trickle(length, rest) => {
                let pieces = pieces(self.read(location, options).await?, length).await?;
                Ok(pieces.streaming(move |piece| async move {
                    tokio::time::sleep(rest).await;
                    Ok(piece)
                }))
            }
            Behaviour::Break(after) => {
                let mut pieces = pieces(self.read(location, options).await?, after.max(1)).await?;
                pieces.bytes.truncate(usize::from(after > 0));
                pieces.bytes.push(Bytes::new());
                Ok(pieces.streaming(|piece| async move {
                    if piece.is_empty() { Err(broken()) } else { Ok(piece) }
                }))
            }
            Behaviour::FailFrom(offset) => match self.read(location, options).await? {
                result if result.range.start < offset => Ok(result),
                _ => Err(broken()),
            },
        }
    }

    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.objects.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects.put_multipart_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.objects.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}

fn broken() -> Error {
    Error::Generic { store: "OriginStore", source: "the test broke the origin".into() }
}

async fn truncate(result: GetResult, by: usize) -> Result<GetResult> {
    let mut pieces = pieces(result, usize::MAX).await?;
    for piece in &mut pieces.bytes {
        piece.truncate(piece.len().saturating_sub(by));
    }
    Ok(pieces.streaming(|piece| async move { Ok(piece) }))
}

/// An answer whose body is taken apart.
struct Pieces {
    head: GetResult,
    bytes: Vec<Bytes>,
}

async fn pieces(result: GetResult, length: usize) -> Result<Pieces> {
    let head = GetResult {
        payload: GetResultPayload::Stream(stream::empty().boxed()),
        meta: result.meta.clone(),
        range: result.range.clone(),
        attributes: result.attributes.clone(),
        extensions: result.extensions.clone(),
    };
    let mut whole = result.bytes().await?;
    let mut bytes = Vec::new();
    while !whole.is_empty() {
        bytes.push(whole.split_to(length.min(whole.len())));
    }
    Ok(Pieces { head, bytes })
}

impl Pieces {
    /// The answer again, each piece passed through `deliver` when its turn comes.
    fn streaming<F>(self, deliver: impl Fn(Bytes) -> F + Send + 'static) -> GetResult
    where
        F: Future<Output = Result<Bytes>> + Send + 'static,
    {
        let payload = stream::iter(self.bytes).then(deliver).boxed();
        GetResult { payload: GetResultPayload::Stream(payload), ..self.head }
    }
}
