//! The same route under another path: for clients of earlier designs, which are answered as all others.

use utoipa::openapi::path::Paths;
use utoipa_axum::router::UtoipaMethodRouter;

use crate::access::operations;
use crate::api::Api;

/// What describes them in the API's description.
const TAG: &str = "aliases";

/// A route, served at `path` instead of its own. Its parameters are called the same there.
pub(crate) fn at(path: &str, route: UtoipaMethodRouter<Api>) -> UtoipaMethodRouter<Api> {
    let (schemas, described, methods) = route;
    let mut paths = Paths::new();
    for (own, mut item) in described.paths {
        for (_, operation) in operations(&mut item) {
            operation.tags = Some(vec![TAG.to_owned()]);
            operation.summary = Some(format!("Alias of `{own}`."));
            operation.description = None;
        }
        paths.paths.insert(path.to_owned(), item);
    }
    (schemas, paths, methods)
}
