//! Taking with one all that is one's own.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
};
use service::Problem;

use crate::api::Api;
use crate::bearer::{self, InPerson};
use crate::refusals::catalogue_failed;

type File = ([(HeaderName, &'static str); 3], Vec<u8>);

/// All that is one's own, as one JSON document of one moment: the account, sessions, keys, songs, playlists with what is in
/// them, likes, follows, and what one has played. No secret is in it. Three times in ten minutes.
#[utoipa::path(get, path = "/v1/users/me/export", tag = "accounts",
    responses((status = 200, description = "A list for each kind of thing.", body = Object)))]
pub(crate) async fn show(
    State(api): State<Api>,
    InPerson(user, _): InPerson,
) -> Result<File, Problem> {
    api.logins().export(&user.id.to_string(), api.clock().now())?;
    // It is as large as what they have: few are in memory at a time.
    let _turn = api.exports().try_acquire().map_err(|_| busy())?;
    let document = api.catalogue().export(user.id).await.map_err(catalogue_failed)?;
    let document = document.ok_or_else(bearer::account_gone)?;
    let json = serde_json::to_vec(&document).map_err(|error| Problem::internal(&error))?;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CONTENT_DISPOSITION, "attachment; filename=\"segue.json\""),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, json))
}

fn busy() -> Problem {
    let detail = "Others take their data with them right now; please try again in a moment.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
        .with_header(RETRY_AFTER, HeaderValue::from_static("2"))
}
