//! Who may call what. A route is guarded by the list that it stands in, and the same list says so in `/openapi.json`:
//! `x-access` of each operation.

use std::fmt;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, VARY};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use catalogue::{AuthenticatedUser, Role};
use service::Problem;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Ref, RefOr, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;

use crate::api::Api;
use crate::bearer::{self, SCHEME};
use crate::idempotency;
use crate::openapi::PROBLEM;
use crate::rates;

/// Who may call a route. Each may call what the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, and a token is not looked at: whoever logs in may send one that is over.
    Open,
    /// Everybody, with a token or without; one that is there must be valid.
    Anybody,
    /// Whoever has an account.
    Listener,
    /// Artists and admins.
    Artist,
    /// Admins.
    Admin,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Anybody => "anybody",
            Self::Listener => "listener",
            Self::Artist => "artist",
            Self::Admin => "admin",
        })
    }
}

impl Access {
    /// Refuses whoever may not.
    fn check(self, user: Option<&AuthenticatedUser>) -> Result<(), Problem> {
        let needed = match self {
            Self::Open | Self::Anybody => return Ok(()),
            Self::Listener => Role::Listener,
            Self::Artist => Role::Artist,
            Self::Admin => Role::Admin,
        };
        let user = user.ok_or_else(bearer::missing)?;
        if user.role >= needed { Ok(()) } else { Err(refused(needed)) }
    }

    /// Lets only those through to `routes` who may call them, and says so in their documentation. Handlers find the
    /// [`AuthenticatedUser`] among the request's extensions.
    pub(crate) fn guard<S>(self, api: &Api, mut routes: OpenApiRouter<S>) -> OpenApiRouter<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        for (path, item) in &mut routes.get_openapi_mut().paths.paths {
            operations(item).for_each(|(method, operation)| {
                operation.operation_id = Some(operation_id(method, path));
                if idempotency::covers(method, path) {
                    operation
                        .parameters
                        .get_or_insert_default()
                        .push(RefOr::T(idempotency::parameter()));
                }
                self.document(operation);
            });
        }
        routes.route_layer(middleware::from_fn_with_state((api.clone(), self), pass))
    }

    fn document(self, operation: &mut Operation) {
        let extension = ExtensionsBuilder::new().add("x-access", self.to_string()).build();
        operation.extensions.get_or_insert_default().merge(extension);
        let token = SecurityRequirement::new(SCHEME, Vec::<String>::new());
        operation.security = Some(match self {
            Self::Open => vec![SecurityRequirement::default()],
            Self::Anybody => vec![SecurityRequirement::default(), token],
            _ => vec![token],
        });
        let problem = RefOr::Ref(Ref::from_response_name(PROBLEM));
        operation.responses.responses.entry("default".to_owned()).or_insert(problem);
    }
}

async fn pass(
    State((api, access)): State<(Api, Access)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let known = match access {
        Access::Open => None,
        _ => bearer::user_of(&api, request.headers()).await?,
    };
    access.check(known.as_ref().map(|(user, _)| user))?;
    if let Some((user, by)) = known {
        request.extensions_mut().insert(user);
        request.extensions_mut().insert(by);
    }
    let reads = request.method() == Method::GET || request.method() == Method::HEAD;
    let user = known.map(|(user, _)| user);
    let answer = idempotency::once(&api, user.as_ref(), request, next);
    let mut response = rates::by_account(&api, user.as_ref(), answer).await;
    if reads && access != Access::Open {
        say_for_whom(response.headers_mut(), api.country_header());
    }
    Ok(response)
}

/// Where the handler says nothing else, what is read is for whoever asked, and asked for again: what is public today may
/// be withdrawn tomorrow. What it depends on is said in any case (RFC 9111 4.1).
fn say_for_whom(headers: &mut HeaderMap, country: Option<&HeaderName>) {
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("authorization"));
    if let Some(country) = country {
        headers.append(VARY, HeaderValue::from_name(country.clone()));
    }
}

fn refused(needed: Role) -> Problem {
    let (slug, detail) = match needed {
        Role::Admin => ("admins-only", "Only admins may do this."),
        _ => ("artists-only", "Only artists may do this."),
    };
    Problem::new(StatusCode::FORBIDDEN, slug, detail)
}

pub(crate) fn operations(
    item: &mut PathItem,
) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("head", &mut item.head),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
        ("options", &mut item.options),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What clients call it: unique, as method and path are.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.to_owned(), |id, word| format!("{id}_{word}"))
}
