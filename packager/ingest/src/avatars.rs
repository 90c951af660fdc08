//! Pictures of people: what they upload of themselves. `/artwork/…` shows them, as it does covers.

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::{Extension, Json};
use catalogue::{Artwork, AuthenticatedUser, CoverDocument, cover_documents};
use serde::Serialize;
use service::Problem;
use transcode::MasterReader;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::gallery::{Gallery, failed};
use crate::intake::Intake;

/// Cells that scale people's pictures at a time: artists' covers do not wait for them.
const AT_ONCE: usize = 1;

/// The longest edge of a kept size, in pixels: nobody is shown larger than that.
const LARGEST: u32 = 600;

/// The route by which people upload pictures of themselves, which `reader` reads. Whoever mounts it must put the
/// [`AuthenticatedUser`] into the extensions of each request.
pub fn uploads(intake: Intake, reader: MasterReader) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(put))
        // Axum's own limit is for bodies held in memory; ours counts while it streams.
        .layer(DefaultBodyLimit::disable())
        .with_state(Gallery::new(intake, reader, LARGEST, AT_ONCE))
}

/// What somebody is shown with from now on.
#[derive(Serialize, ToSchema)]
struct Avatar {
    /// Their picture in sizes, the largest first.
    avatar: Vec<CoverDocument>,
}

/// Puts a picture on one's own account, in place of the one before.
#[utoipa::path(put, path = "/v1/users/me/avatar", tag = "accounts",
    request_body(content(("image/jpeg"), ("image/png"), ("image/webp"), ("image/gif")),
        description = "A picture of up to 16 MiB and 4,000 pixels a side."),
    responses((status = 200, description = "What one is shown with now.", body = Avatar)))]
async fn put(
    State(gallery): State<Gallery>,
    Extension(user): Extension<AuthenticatedUser>,
    request: Request,
) -> Result<Json<Avatar>, Problem> {
    let avatar = gallery.take_in(request).await?;
    let users = gallery.intake.catalogue.seen_by(user.id);
    users.users().put_avatar(user.id, Some(&avatar)).await.map_err(failed)?;
    Ok(Json(Avatar::of(&avatar)))
}

impl Avatar {
    fn of(avatar: &Artwork) -> Self {
        Self { avatar: cover_documents(Some(avatar)) }
    }
}
