//! The one path at which clients of earlier designs look for playlists that takes another method than ours; the others
//! are [aliases](crate::alias::at).

use service::Problem;

use crate::bearer::Caller;
use crate::playlist_entries::{self, SongsAdded, SongsToAdd, Tagged};
use crate::playlist_refusals::PlaylistPath;
use crate::preconditions::Wanted;
use crate::refusals::Body;
use crate::visitor::Visitor;

/// `POST /v1/playlists/{id}/songs`.
#[utoipa::path(put, path = "/playlist/{id}/songs", tag = "aliases",
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)), request_body = SongsToAdd,
    responses((status = 200, description = "They are in.", body = SongsAdded)))]
pub(crate) async fn add(
    caller: Caller,
    visitor: Visitor,
    path: PlaylistPath,
    wanted: Wanted,
    songs: Body<SongsToAdd>,
) -> Result<Tagged<SongsAdded>, Problem> {
    playlist_entries::add(caller, visitor, path, wanted, songs).await
}
