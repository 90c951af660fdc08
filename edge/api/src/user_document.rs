//! What is told of somebody with an account.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use catalogue::song_document::rfc3339;
use catalogue::{CoverDocument, Plan, Profile, Role, cover_documents};
use media::UserId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::preferences::PreferencesDocument;

/// Somebody with an account.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserDocument {
    #[schema(value_type = Uuid)]
    id: UserId,
    username: String,
    /// Where mail reaches them, if that is known.
    email: Option<String>,
    display_name: Option<String>,
    /// A picture of them in sizes, the largest first; none where they have put none there.
    avatar: Vec<CoverDocument>,
    role: Role,
    plan: Plan,
    /// At how many places they may play at a time.
    max_streams: u32,
    /// RFC 3339.
    created_at: String,
}

/// Oneself.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct OwnDocument {
    #[serde(flatten)]
    user: UserDocument,
    /// Where one says that mail reaches one, until one has proved it by what was mailed there.
    claimed_email: Option<String>,
    preferences: PreferencesDocument,
}

impl From<Profile> for OwnDocument {
    fn from(profile: Profile) -> Self {
        let preferences = profile.preferences.clone().into();
        let claimed_email = profile.claimed_email.clone();
        Self { user: profile.into(), claimed_email, preferences }
    }
}

/// An answer that nobody keeps.
pub(crate) type Told<T> = ([(HeaderName, &'static str); 1], Json<T>);

impl From<Profile> for UserDocument {
    fn from(profile: Profile) -> Self {
        let Profile { id, username, email, display_name, role, plan, avatar, created_ms, .. } =
            profile;
        let avatar = cover_documents(avatar.as_ref());
        let created_at = rfc3339(created_ms);
        let max_streams = profile.max_streams.unwrap_or(plan.streams());
        Self { id, username, email, display_name, avatar, role, plan, max_streams, created_at }
    }
}

pub(crate) fn told<T>(document: T) -> Told<T> {
    ([(CACHE_CONTROL, "no-store")], Json(document))
}
