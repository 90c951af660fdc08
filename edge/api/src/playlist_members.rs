//! Who else may see or edit a playlist: members, and the links by which they come.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use catalogue::PlaylistId;
use catalogue::playlist_members::{Link, Member};
use catalogue::playlist_rules::MemberRole;
use catalogue::song_document::rfc3339;
use media::UserId;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::bearer::Caller;
use crate::playlist_documents::PlaylistDocument;
use crate::playlist_refusals::{PlaylistPath, id, refused};
use crate::playlists::{seen_by, shown};
use crate::preconditions::Wanted;
use crate::refusals::Body;

/// What members may do.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RoleOfMember {
    /// Reads.
    Viewer,
    /// Reads and edits the songs.
    Editor,
}

/// What somebody is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleToGive {
    role: RoleOfMember,
}

/// The members beside the owner.
#[derive(Serialize, ToSchema)]
pub(crate) struct Members {
    members: Vec<MemberDocument>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
struct MemberDocument {
    #[schema(value_type = Uuid)]
    user: UserId,
    role: RoleOfMember,
    /// Since when (RFC 3339).
    since: String,
}

/// The links that were not revoked.
#[derive(Serialize, ToSchema)]
pub(crate) struct Links {
    links: Vec<LinkDocument>,
}

/// A link: whoever has its token may read the playlist with `?link=`, and join it with `POST /v1/memberships`.
#[derive(Serialize, ToSchema)]
#[schema(as = Link)]
pub(crate) struct LinkDocument {
    id: Uuid,
    token: String,
    /// What joins with it become.
    role: RoleOfMember,
    /// When it was made (RFC 3339).
    created_at: String,
}

/// The token of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkToken {
    token: String,
}

/// The ids of a playlist and of a member.
pub(crate) struct MemberPath(PlaylistId, UserId);

/// The ids of a playlist and of a link.
pub(crate) struct LinkPath(PlaylistId, Uuid);

impl<S: Send + Sync> FromRequestParts<S> for MemberPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(id(parts, state, "id").await?, id(parts, state, "user_id").await?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for LinkPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(id(parts, state, "id").await?, id(parts, state, "link_id").await?))
    }
}

/// The members of a playlist, for its owner.
#[utoipa::path(get, path = "/v1/playlists/{id}/members", tag = "playlists",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "All of them.", body = Members)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Caller(user): Caller,
    PlaylistPath(id): PlaylistPath,
) -> Result<Json<Members>, Problem> {
    let found = seen_by(&api, Some(&user)).playlists().members(&user, id).await;
    let members = found.map_err(refused)?.into_iter().map(MemberDocument::from).collect();
    Ok(Json(Members { members }))
}

/// Gives a member another role.
#[utoipa::path(put, path = "/v1/playlists/{id}/members/{user_id}", tag = "playlists",
    params(("id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)), request_body = RoleToGive,
    responses((status = 204, description = "They have it.")))]
pub(crate) async fn change(
    State(api): State<Api>,
    Caller(user): Caller,
    MemberPath(id, member): MemberPath,
    Wanted(versions): Wanted,
    Body(give): Body<RoleToGive>,
) -> Result<StatusCode, Problem> {
    let catalogue = seen_by(&api, Some(&user));
    let changed = catalogue.playlists().at(versions);
    let changed = changed.set_role(&user, id, member, give.role.into()).await;
    changed.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a member out; whoever names themselves leaves.
#[utoipa::path(delete, path = "/v1/playlists/{id}/members/{user_id}", tag = "playlists",
    params(("id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "They are no member.")))]
pub(crate) async fn remove(
    State(api): State<Api>,
    Caller(user): Caller,
    MemberPath(id, member): MemberPath,
    Wanted(versions): Wanted,
) -> Result<StatusCode, Problem> {
    let catalogue = seen_by(&api, Some(&user));
    let removed = catalogue.playlists().at(versions).remove_member(&user, id, member).await;
    removed.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a link by which others may see the playlist and join it.
#[utoipa::path(post, path = "/v1/playlists/{id}/links", tag = "playlists",
    params(("id" = Uuid, Path)), request_body = RoleToGive,
    responses((status = 201, description = "Made.", body = LinkDocument)))]
pub(crate) async fn make_link(
    State(api): State<Api>,
    Caller(user): Caller,
    PlaylistPath(id): PlaylistPath,
    Body(give): Body<RoleToGive>,
) -> Result<(StatusCode, Json<LinkDocument>), Problem> {
    let catalogue = seen_by(&api, Some(&user));
    let made = catalogue.playlists().make_link(&user, id, give.role.into()).await;
    Ok((StatusCode::CREATED, Json(made.map_err(refused)?.into())))
}

/// The links of a playlist, for its owner.
#[utoipa::path(get, path = "/v1/playlists/{id}/links", tag = "playlists",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "All that were not revoked.", body = Links)))]
pub(crate) async fn links(
    State(api): State<Api>,
    Caller(user): Caller,
    PlaylistPath(id): PlaylistPath,
) -> Result<Json<Links>, Problem> {
    let found = seen_by(&api, Some(&user)).playlists().links(&user, id).await;
    let links = found.map_err(refused)?.into_iter().map(LinkDocument::from).collect();
    Ok(Json(Links { links }))
}

/// Revokes a link. Whoever joined by it stays a member.
#[utoipa::path(delete, path = "/v1/playlists/{id}/links/{link_id}", tag = "playlists",
    params(("id" = Uuid, Path), ("link_id" = Uuid, Path)),
    responses((status = 204, description = "It leads nowhere now.")))]
pub(crate) async fn revoke_link(
    State(api): State<Api>,
    Caller(user): Caller,
    LinkPath(id, link): LinkPath,
) -> Result<StatusCode, Problem> {
    let revoked = seen_by(&api, Some(&user)).playlists().revoke_link(&user, id, link).await;
    revoked.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Joins a playlist by a link to it.
#[utoipa::path(post, path = "/v1/memberships", tag = "playlists", request_body = LinkToken,
    responses((status = 200, description = "The playlist.", body = PlaylistDocument)))]
pub(crate) async fn join(
    State(api): State<Api>,
    Caller(user): Caller,
    Body(link): Body<LinkToken>,
) -> Result<Response, Problem> {
    let joined = seen_by(&api, Some(&user)).playlists().join(&user, &link.token).await;
    Ok(shown(joined.map_err(refused)?))
}

impl From<RoleOfMember> for MemberRole {
    fn from(role: RoleOfMember) -> Self {
        match role {
            RoleOfMember::Viewer => Self::Viewer,
            RoleOfMember::Editor => Self::Editor,
        }
    }
}

impl From<MemberRole> for RoleOfMember {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Viewer => Self::Viewer,
            MemberRole::Editor => Self::Editor,
        }
    }
}

impl From<Member> for MemberDocument {
    fn from(member: Member) -> Self {
        Self { user: member.user, role: member.role.into(), since: rfc3339(member.since_ms) }
    }
}

impl From<Link> for LinkDocument {
    fn from(link: Link) -> Self {
        let created_at = rfc3339(link.created_ms);
        Self { id: link.id, token: link.token, role: link.role.into(), created_at }
    }
}
