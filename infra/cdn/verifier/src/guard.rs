//! Who is asked before a node answers from its cache.

use std::io::{self, Write};
use std::path::Path;

use delivery::pull::InvalidPullSecret;
use delivery::{PullSecrets, Verdict, Verifier};
use http::header::COOKIE;
use http::{HeaderValue, Request, StatusCode};
use service::Clock;
use token::{UnusableKey, VerifyingKeys};

use crate::followed::{Followed, News};

/// Checks tokens by a key set, and who may purge by a list of secrets. Both are files, and are read again when they change.
#[derive(Debug)]
pub struct Guard {
    verifier: Verifier,
    keys: Followed,
    purgers: Followed,
    secrets: std::sync::RwLock<PullSecrets>,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// 200 where it may have what it asks for.
    pub status: StatusCode,
    /// What `Segue-Refusal` tells; empty where there is nothing to tell.
    pub refusal: &'static str,
    /// Where in the target the path without token and query lies, from its slash on; empty unless it may be had.
    pub path: (usize, usize),
}

/// Why there is no guard.
#[derive(Debug, thiserror::Error)]
pub enum NoGuard {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The key set is none.
    #[error("{path}: {source}")]
    Keys {
        /// The file.
        path: String,
        /// Why.
        source: NoKeys,
    },
    /// The purgers' secrets are none.
    #[error("{path}: {source}")]
    Secrets {
        /// The file.
        path: String,
        /// Why.
        source: InvalidPullSecret,
    },
}

/// Why a file's contents are no key set.
#[derive(Debug, thiserror::Error)]
pub enum NoKeys {
    /// It is not text.
    #[error("not UTF-8")]
    NoText(#[from] std::str::Utf8Error),
    /// It has no key that tokens can use.
    #[error(transparent)]
    Unusable(#[from] UnusableKey),
}

impl Guard {
    /// A guard that believes the keys of the JWKS at `keys`, and takes who has a secret of the file `purgers` (one a
    /// line) for somebody who may purge.
    ///
    /// # Errors
    /// Where one of the files is missing, or not what it should be.
    pub fn new(keys: &Path, purgers: &Path, clock: Clock) -> Result<Self, NoGuard> {
        let (keys, set) = open(keys)?;
        let (purgers, list) = open(purgers)?;
        let verifier = Verifier::new(read_keys(&keys, &set)?, clock);
        let secrets = std::sync::RwLock::new(read_secrets(&purgers, &list)?);
        Ok(Self { verifier, keys, purgers, secrets })
    }

    /// Judges a GET of `target`, as it stands in the request line, with the cookies of the request.
    #[must_use]
    pub fn judge(&self, target: &[u8], cookies: &[u8]) -> Judgement {
        self.follow_keys();
        self.judged(target, cookies).unwrap_or(Judgement::of(StatusCode::BAD_REQUEST))
    }

    /// Nothing where it is no request at all.
    fn judged(&self, target: &[u8], cookies: &[u8]) -> Option<Judgement> {
        let mut request = Request::builder().uri(target);
        if !cookies.is_empty() {
            request = request.header(COOKIE, HeaderValue::from_bytes(cookies).ok()?);
        }
        let (request, ()) = request.body(()).ok()?.into_parts();
        let path = request.uri.path();
        if !target.starts_with(path.as_bytes()) {
            return None;
        }
        Some(match self.verifier.judge(&request) {
            // The key ends the path, and a slash stands before it.
            Verdict::Pass(key) => {
                let from = path.len().checked_sub(key.len() + 1)?;
                Judgement { path: (from, path.len()), ..Judgement::of(StatusCode::OK) }
            }
            Verdict::Absent => Judgement::of(StatusCode::NOT_FOUND),
            Verdict::Refuse(status, refusal) => Judgement { refusal, ..Judgement::of(status) },
        })
    }

    /// Whether who shows `secret` may purge.
    #[must_use]
    pub fn may_purge(&self, secret: &[u8]) -> bool {
        if let Some(list) = news(&self.purgers, |list| read_secrets(&self.purgers, list)) {
            *self.secrets.write().unwrap_or_else(std::sync::PoisonError::into_inner) = list;
        }
        self.secrets.read().unwrap_or_else(std::sync::PoisonError::into_inner).hold(secret)
    }

    fn follow_keys(&self) {
        if let Some(keys) = news(&self.keys, |set| read_keys(&self.keys, set)) {
            self.verifier.believe(keys);
        }
    }
}

impl Judgement {
    fn of(status: StatusCode) -> Self {
        Self { status, refusal: "", path: (0, 0) }
    }
}

fn open(path: &Path) -> Result<(Followed, Vec<u8>), NoGuard> {
    Followed::open(path)
        .map_err(|source| NoGuard::Unreadable { path: path.display().to_string(), source })
}

/// What a file that has changed says. What cannot be used changes nothing, and a line on stderr says so: both servers
/// put that into their logs.
fn news<T>(file: &Followed, read: impl Fn(&[u8]) -> Result<T, NoGuard>) -> Option<T> {
    let path = || file.path().display().to_string();
    let said = match file.news()? {
        News::Contents(contents) => read(&contents),
        News::Unreadable(source) => Err(NoGuard::Unreadable { path: path(), source }),
    };
    said.inspect_err(|error| {
        let line = format!("segue: {error}; what was read before stays in force\n");
        // A log that cannot be written to is no reason to refuse anybody.
        let _unheard = io::stderr().write_all(line.as_bytes());
    })
    .ok()
}

fn read_keys(file: &Followed, contents: &[u8]) -> Result<VerifyingKeys, NoGuard> {
    let keys =
        || -> Result<_, NoKeys> { Ok(VerifyingKeys::from_jwks(std::str::from_utf8(contents)?)?) };
    keys().map_err(|source| NoGuard::Keys { path: file.path().display().to_string(), source })
}

fn read_secrets(file: &Followed, contents: &[u8]) -> Result<PullSecrets, NoGuard> {
    let secrets = std::str::from_utf8(contents).map_err(|_| InvalidPullSecret);
    secrets
        .and_then(str::parse)
        .map_err(|source| NoGuard::Secrets { path: file.path().display().to_string(), source })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use media::Kbps;
    use tempfile::TempDir;
    use token::{SigningKey, playback};

    use super::*;

    const FOLDER: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
        0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
        00112233445566778899aabbccddeeff";
    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    struct Post {
        folder: TempDir,
        key: SigningKey,
    }

    impl Post {
        fn new() -> Self {
            let post = Self {
                folder: TempDir::new().expect("a folder"),
                key: SigningKey::generate().expect("randomness"),
            };
            post.write("keys", &VerifyingKeys::from(&post.key).to_jwks());
            post.write("purgers", SECRET);
            post
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.folder.path().join(name), text).expect("written");
        }

        fn guard(&self) -> Result<Guard, NoGuard> {
            let path = |name| self.folder.path().join(name);
            Guard::new(&path("keys"), &path("purgers"), Clock::system())
        }

        fn token(&self) -> String {
            let grant = playback::Grant {
                user: "0190d2a5-7c1e-7bbb-8123-000000000009".parse().expect("a UUID"),
                prefix: FOLDER.parse().expect("a folder"),
                max_kbps: Kbps(128),
                duration: Duration::from_secs(210),
            };
            playback::mint(&self.key, &grant, SystemTime::now()).token
        }
    }

    #[test]
    fn the_path_is_what_is_left_of_the_target() {
        let post = Post::new();
        let (guard, token) = (post.guard().expect("a guard"), post.token());
        let plain = format!("/{FOLDER}/aac/128/init.mp4");
        let cookie = format!("a=b; URISigningPackage={token}");
        for (target, cookies) in [
            (format!("/t/{token}{plain}"), ""),
            (format!("/t/{token}{plain}?a=b"), ""),
            (format!("/t/{token}{plain}?"), "URISigningPackage=x"),
            (format!("{plain}?URISigningPackage={token}"), ""),
            (plain.clone(), cookie.as_str()),
        ] {
            let judgement = guard.judge(target.as_bytes(), cookies.as_bytes());
            let (from, until) = judgement.path;
            assert_eq!((judgement.status, &target[from..until]), (StatusCode::OK, plain.as_str()));
        }
    }

    #[test]
    fn who_is_refused_has_no_path() {
        let post = Post::new();
        let (guard, token) = (post.guard().expect("a guard"), post.token());
        for (target, cookies, status, refusal) in [
            (format!("/{FOLDER}/index-128.m3u8"), "", 401, "missing"),
            (format!("/t/{token}/{FOLDER}/index.m3u8"), "", 403, "over-cap"),
            (format!("/t/{token}/{FOLDER}/x/../index.m3u8"), "", 403, "bad-path"),
            (format!("/t/{token}/{FOLDER}/nothing"), "", 404, ""),
            ("/".to_owned(), "", 404, ""),
            (String::new(), "", 400, ""),
            ("*".to_owned(), "", 404, ""),
            (format!("http://x/t/{token}/{FOLDER}/index-128.m3u8"), "", 400, ""),
            (format!("/t/{token}/{FOLDER}/\u{7f}"), "", 400, ""),
            (format!("/{FOLDER}/index-128.m3u8"), "a=\n", 400, ""),
        ] {
            let judgement = guard.judge(target.as_bytes(), cookies.as_bytes());
            let got = (judgement.status.as_u16(), judgement.refusal, judgement.path);
            assert_eq!(got, (status, refusal, (0, 0)), "{target}");
        }
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(guard.judge(&bytes, &bytes).status, StatusCode::BAD_REQUEST);
    }

    /// Whoever calls us cuts the path out of the target by these numbers.
    #[test]
    fn no_target_is_cut_beyond_its_ends() {
        use proptest::prelude::*;
        let post = Post::new();
        let (guard, token) = (post.guard().expect("a guard"), post.token());
        let heads = ["".to_owned(), "/t/".to_owned(), format!("/t/{token}/{FOLDER}/")];
        let rests = ["[ -~]{0,40}", "(aac/(64|128|320)/)?[a-z0-9]{0,9}[.][a-z0-9]{2,4}[?#]?.{0,9}"];
        let targets = (prop::sample::select(heads.to_vec()), prop::sample::select(rests.to_vec()))
            .prop_flat_map(|(head, rest)| {
                let rest = prop::string::string_regex(rest).expect("a pattern");
                rest.prop_map(move |rest| format!("{head}{rest}"))
            });
        let folder = format!("/{FOLDER}/");
        let check = |target: String| {
            let judgement = guard.judge(target.as_bytes(), b"");
            let (from, until) = judgement.path;
            prop_assert!(from <= until && until <= target.len());
            if judgement.status == StatusCode::OK {
                prop_assert!(target[from..until].starts_with(&folder));
            } else {
                prop_assert_eq!((from, until), (0, 0));
            }
            Ok(())
        };
        let mut runner = proptest::test_runner::TestRunner::default();
        runner.run(&targets, check).expect("no counterexample");
    }

    #[test]
    fn what_cannot_be_used_makes_no_guard() {
        let post = Post::new();
        assert!(post.guard().is_ok_and(|it| it.may_purge(SECRET.as_bytes()) && !it.may_purge(b"")));
        for (name, text, said) in [
            ("keys", "", "not a JSON Web Key set"),
            ("keys", "{\"keys\":[]}", "no Ed25519 or P-256 key"),
            ("purgers", "short", "32 to 256 visible ASCII characters"),
        ] {
            let post = Post::new();
            post.write(name, text);
            let error = post.guard().expect_err("unusable").to_string();
            assert!(error.contains(said) && error.contains(name), "{error}");
        }
        std::fs::remove_file(post.folder.path().join("keys")).expect("removed");
        assert!(post.guard().is_err_and(|error| error.to_string().contains("cannot be read")));
    }
}
