//! The answer to one request.

use std::sync::Arc;
use std::time::Instant;

use cache::{Cache, FillError};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use media::SegmentSecrets;
use origin::{Object, Purge, PurgeTarget, SongFile, SongFolder, SurrogateKey};
use service::{Clock, Metrics};
use token::{Revocation, VerifyingKeys};
use tracing::Instrument;

use crate::access::{self, Entry, Outcome};
use crate::answer::{Answer, failure, respond, turned_away, unavailable, unsatisfiable, withdrawn};
use crate::body::Body;
use crate::connection::Connected;
use crate::content::Content;
use crate::encoding::{Encoding, Texts};
use crate::figures::{self, Figures};
use crate::gate::Gate;
use crate::head::Came;
use crate::pull::{Caller, PullSecrets};
use crate::range::Selection;
use crate::refused::Refused;
use crate::served::{Account, Served};
use crate::target::Target;
use crate::trust::Trust;
use crate::withdrawn::Withdrawn;
use crate::{carrier, head, preconditions};

/// RFC 9530 3.
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// What listens to players: tokens checked, objects out of the cache. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Edge(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cache: Cache,
    gate: Gate,
    pulls: PullSecrets,
    withdrawn: Withdrawn,
    secrets: SegmentSecrets,
    texts: Texts,
    figures: Figures,
    clock: Clock,
}

/// A request that passed the gate.
struct Admitted<'a> {
    method: &'a Method,
    headers: &'a HeaderMap,
    caller: Caller,
    folder: SongFolder,
    file: SongFile,
}

impl Edge {
    /// An edge over `cache`.
    #[must_use]
    pub fn new(cache: Cache, trust: Trust, clock: Clock) -> Self {
        let Trust { keys, segments: secrets, pulls } = trust;
        let (gate, texts, figures) = (Gate::new(keys), Texts::new(), Figures::new());
        let withdrawn = Withdrawn::default();
        Self(Arc::new(Inner { cache, gate, pulls, withdrawn, secrets, texts, figures, clock }))
    }

    /// Refuses whom it names from the very next request on, tokens included that were let pass before. It is
    /// forgotten when its time is over.
    pub fn revoke(&self, revocation: Revocation) {
        self.0.gate.revoke(revocation, self.0.clock.now());
    }

    /// Forgets what is cached: when it returns, nothing that the purge covers is answered any more.
    pub fn purge(&self, purge: &Purge) {
        self.0.cache.purge(purge);
    }

    /// Serves nothing with this key from the very next request on, to nobody, whatever the origin has.
    pub fn withdraw(&self, key: SurrogateKey) {
        self.0.withdrawn.withdraw(key);
        self.0.cache.purge(&Purge::of(PurgeTarget::Key(key)));
    }

    /// Serves it again.
    pub fn restore(&self, key: SurrogateKey) {
        self.0.withdrawn.restore(key);
    }

    /// Believes `keys` and no others from the very next request on.
    pub fn believe(&self, keys: VerifyingKeys) {
        self.0.gate.believe(keys);
    }

    /// Whether a path is the edge's: `/t/…` and `/artist/{id}/album/…`.
    #[must_use]
    pub fn owns(&self, path: &str) -> bool {
        Target::read(path).is_some()
    }

    /// Adds what is counted here to what the process counts.
    pub fn register(&self, metrics: &Metrics) {
        metrics.register(|registry| {
            self.0.figures.register(registry);
            self.0.cache.register(registry);
        });
    }

    pub(crate) fn figures(&self) -> &Figures {
        &self.0.figures
    }

    /// Answers a request whose path the edge [owns](Self::owns); any other is a 404.
    pub async fn answer<B>(&self, request: &Parts, connected: Connected) -> Response<Served<B>> {
        let begun = Instant::now();
        let target = Target::read(request.uri.path());
        let span = access::span(request, target.as_ref());
        let Answer { response, source, refused } = match &target {
            Some(target) => {
                let answer = self.answer_target(request, target, connected.caller);
                answer.instrument(span.clone()).await
            }
            None => failure(StatusCode::NOT_FOUND).into(),
        };
        let figures = &self.0.figures;
        figures.answered(response.status());
        let outcome = Outcome {
            status: response.status(),
            cache: source.inspect(|source| figures.looked_up(*source)).map(figures::name),
            refusal: refused.inspect(|refused| figures.refused(*refused)).map(Refused::name),
        };
        outcome.record(&span);
        let client = connected.address.ip();
        let entry = Entry::of(request, target.as_ref(), begun, client, outcome);
        response.map(|body| Served::accounted(body, Account::new(figures, entry, span)))
    }

    async fn answer_target<B>(
        &self,
        request: &Parts,
        target: &Target<'_>,
        connected: Caller,
    ) -> Answer<B> {
        match request.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => {
                return respond(StatusCode::NO_CONTENT, head::preflight(), Body::Empty).into();
            }
            _ => return failure(StatusCode::METHOD_NOT_ALLOWED).into(),
        }
        let (found, caller) = match self.admit(request, target, connected) {
            Ok(admitted) => admitted,
            Err(refused) => return turned_away(refused),
        };
        let Some((folder, file)) = found else { return failure(StatusCode::NOT_FOUND).into() };
        if self.0.withdrawn.hold(&folder) {
            return withdrawn(caller);
        }
        let (method, headers) = (&request.method, &request.headers);
        let admitted = Admitted { method, headers, caller, folder, file };
        let asked = Instant::now();
        match self.open(folder, file).await {
            Ok(content) => {
                let came = content.came(asked.elapsed());
                let response = self.represent(&admitted, content, came);
                Answer { source: came.map(|came| came.source), ..response.into() }
            }
            Err(error) => unavailable(&error).into(),
        }
    }

    /// What is behind a file. A key is derived, whatever the store may have under its path: the path names
    /// the secret, so that an edge without it knows no such key rather than giving a wrong one.
    async fn open(&self, folder: SongFolder, file: SongFile) -> Result<Content, FillError> {
        if let SongFile::Key(set, kbps, fingerprint) = file {
            let secret = self.0.secrets.find(fingerprint).ok_or(FillError::NotFound)?;
            return Ok(Content::Key(secret.key(&folder.version, set, kbps)));
        }
        self.0.cache.open(Object::Song(folder, file)).await.map(Content::Stored)
    }

    /// What the target names, if it may be had, and by whom; nothing where no object can be there.
    fn admit(
        &self,
        request: &Parts,
        target: &Target<'_>,
        connected: Caller,
    ) -> Result<(Option<(SongFolder, SongFile)>, Caller), Refused> {
        let (token, key, object) = match *target {
            Target::Song { token, key, object } => (token, key, object),
            Target::Crooked => return Err(Refused::BadPath),
            Target::TooLong => return Err(Refused::TooLong),
        };
        let found = match object {
            Some(Object::Song(folder, file)) => Some((folder, file)),
            _ => None,
        };
        let caller = self.0.pulls.caller(&request.headers, connected)?;
        // Who pulls has checked its viewer's token, and took it out of the path. One that is left there is a
        // viewer's own, and is checked here.
        if caller == Caller::Puller && token.is_none() {
            return Ok((found, caller));
        }
        let token = token.map_or_else(|| carrier::token(request), Ok).map_err(Refused::Token)?;
        let kbps = found.and_then(|(_, file)| file.required_kbps());
        let verdict = self.0.gate.check(token, key, kbps, self.0.clock.now());
        verdict.map(|()| (found, Caller::Anyone)).map_err(Refused::Token)
    }

    /// Conditions first, then range, then encoding (RFC 9110 13.2.2).
    fn represent<B>(
        &self,
        request: &Admitted<'_>,
        content: Content,
        came: Option<Came>,
    ) -> Response<Body<B>> {
        let size = content.size();
        let tag = |encoding| head::etag(&request.folder, request.file, size, encoding);
        let identity = tag(Encoding::Identity);
        let selection = request.selection(&identity, size);
        let encoding = match selection {
            Selection::Whole if content.text().is_some() => request.encoding(),
            _ => Encoding::Identity,
        };
        let etag = if encoding == Encoding::Identity { identity } else { tag(encoding) };
        if !preconditions::is_wanted(request.headers, &etag) {
            return failure(StatusCode::PRECONDITION_FAILED);
        }
        let (folder, file) = (&request.folder, request.file);
        let mut headers = head::object(folder, file, &etag, came, request.caller);
        if let Some(digest) = content.repr_digest().filter(|_| encoding == Encoding::Identity) {
            headers.insert(REPR_DIGEST, digest);
        }
        if preconditions::is_held(request.headers, &etag) {
            return respond(StatusCode::NOT_MODIFIED, headers, Body::Empty);
        }
        match (selection, content.text().zip(encoding.name())) {
            (Selection::Unsatisfiable, _) => unsatisfiable(size),
            (Selection::Part(range), _) => {
                let part = format!("bytes {}-{}/{size}", range.start, range.end - 1);
                headers.insert(CONTENT_RANGE, head::text(&part));
                let length = range.end - range.start;
                request.send(StatusCode::PARTIAL_CONTENT, headers, length, || content.body(range))
            }
            (Selection::Whole, Some((text, name))) => {
                let object = Object::Song(request.folder, request.file);
                let text = self.0.texts.get(object, encoding, text);
                headers.insert(CONTENT_ENCODING, name);
                let length = text.len() as u64;
                request.send(StatusCode::OK, headers, length, || Body::Whole(text))
            }
            (Selection::Whole, None) => {
                request.send(StatusCode::OK, headers, size, || content.body(0..size))
            }
        }
    }
}

impl Admitted<'_> {
    /// Range is defined for GET alone (RFC 9110 14.2), and counts for the identity encoding.
    fn selection(&self, identity: &str, size: u64) -> Selection {
        let header = self.headers.get(RANGE).and_then(|value| value.to_str().ok());
        match header {
            Some(header)
                if *self.method == Method::GET
                    && preconditions::range_holds(self.headers, identity) =>
            {
                Selection::read(header, size)
            }
            _ => Selection::Whole,
        }
    }

    /// Text is compressed as a whole, so only where all of it is here.
    fn encoding(&self) -> Encoding {
        let accept = self.headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        match accept {
            Some(accept) if self.file.is_text() => Encoding::choose(accept),
            _ => Encoding::Identity,
        }
    }

    fn send<B>(
        &self,
        status: StatusCode,
        mut headers: HeaderMap,
        length: u64,
        body: impl FnOnce() -> Body<B>,
    ) -> Response<Body<B>> {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        let body = if *self.method == Method::HEAD { Body::Empty } else { body() };
        respond(status, headers, body)
    }
}
