//! `PUT /v1/songs/{id}/master`: another master for a song that is there already.

use axum::extract::multipart::Multipart;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use axum::{Extension, Json};
use catalogue::{AuthenticatedUser, Catalogue, NewMaster, Replaced, SongDocument};
use media::{SongId, UploadId};
use serde::Serialize;
use service::Problem;
use transcode::version_of;
use utoipa::ToSchema;

use crate::form::Form;
use crate::intake::{Intake, IntakeError};
use crate::naming::file_name_of;
use crate::ownership::{Params, id, own_song};
use crate::patience::Patience;
use crate::received::Received;
use crate::{refusals, upload};

/// Another master for a song.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a description: the form is read while it streams")]
struct MasterForm {
    /// The master: FLAC, WAV, AIFF, ALAC, Ogg Vorbis or MP3.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

/// A song whose master was replaced.
#[derive(Serialize, ToSchema)]
#[schema(as = MasterReplacement)]
pub(crate) struct Replacement {
    #[serde(flatten)]
    song: SongDocument,
    /// Whether its current version was made of this very master, in the way in which songs are made now: nothing is to be
    /// done then.
    same_version: bool,
}

type Answer = (StatusCode, [(HeaderName, String); 1], Json<Replacement>);

/// Puts another master in the place of a song's: for its uploader and admins. The song is as it was, and plays, until the new
/// version is packaged, and for good where that fails: `GET /v1/songs/{id}/versions` says how far it has come. Of two that
/// are sent one after the other, the second counts.
#[utoipa::path(put, path = "/v1/songs/{id}/master", tag = "catalogue", params(("id" = Uuid, Path)),
    request_body(content = inline(MasterForm), content_type = "multipart/form-data"),
    responses((status = 202, description = "Accepted; it will be packaged.", body = Replacement),
              (status = 200, description = "That is what the song is made of.", body = Replacement)))]
pub(crate) async fn replace(
    State(intake): State<Intake>,
    Extension(user): Extension<AuthenticatedUser>,
    params: Params,
    request: Request,
) -> Result<Answer, Problem> {
    let song = own_song(&intake.catalogue, &user, id(&params)?).await?;
    upload::check_length(request.headers(), &intake)?;
    refusals::check_queue(&intake, user.id).await?;
    let patience = Patience::default();
    let request = request.map(|body| patience.guard(body));
    let parts = Multipart::from_request(request, &()).await;
    let parts = parts.map_err(|_| upload::not_multipart())?;
    let form = Form::read_file(&intake, parts, &patience).await?;
    let file_name = form.details.file_name.as_deref().unwrap_or_default();
    let replaced = intake.replace(&form.file, song.id, file_name).await;
    let replaced = replaced.map_err(|error| refusals::not_accepted(&error))?;
    Ok(answer(replaced))
}

fn answer(replaced: Replaced) -> Answer {
    let location = format!("/v1/songs/{}", replaced.song().id);
    let (status, song, same_version) = match replaced {
        Replaced::Queued(song) => (StatusCode::ACCEPTED, song, false),
        Replaced::Same(song) => (StatusCode::OK, song, true),
    };
    let document = Replacement { song: song.into(), same_version };
    (status, [(LOCATION, location)], Json(document))
}

impl Intake {
    /// Stores another master of a song by its content, then puts in its job. When this returns, neither a crash nor the loss of
    /// power undoes it.
    ///
    /// # Errors
    /// The store or the catalogue failed. The master may be stored then, but nothing refers to it.
    pub async fn replace(
        &self,
        received: &Received,
        song: SongId,
        file_name: &str,
    ) -> Result<Replaced, IntakeError> {
        let new = self.put_in_store(received, song, file_name).await?;
        let replaced = self.catalogue.versions().replace(&new).await?;
        Ok(self.told(replaced, received).await)
    }

    /// The same with the upload of that id, however often this is called.
    ///
    /// # Errors
    /// As of [`Intake::replace`]; [`Gone`](catalogue::CatalogueError::Gone) where the upload is over.
    pub(crate) async fn replace_by(
        &self,
        upload: UploadId,
        received: &Received,
        song: SongId,
        file_name: &str,
    ) -> Result<Replaced, IntakeError> {
        let new = self.put_in_store(received, song, file_name).await?;
        let replaced = self.catalogue.versions().replace_by(upload, &new).await?;
        Ok(self.told(replaced, received).await)
    }

    async fn put_in_store(
        &self,
        received: &Received,
        song: SongId,
        file_name: &str,
    ) -> Result<NewMaster, IntakeError> {
        self.store_master(received).await?;
        let master = received.hash();
        let version = version_of(&master, &self.parameters);
        Ok(NewMaster { song, master, file_name: file_name_of(file_name), version })
    }

    async fn told(&self, replaced: Replaced, received: &Received) -> Replaced {
        self.keep(received).await;
        self.wake.notify_one();
        let song = replaced.song().id;
        tracing::info!(%song, master = %received.hash(), size = received.size(), "replaced");
        replaced
    }
}

/// Refuses an upload in pieces that would replace the master of another's song.
pub(crate) async fn check(
    catalogue: &Catalogue,
    user: &AuthenticatedUser,
    song: Option<SongId>,
) -> Result<(), Problem> {
    match song {
        Some(song) => own_song(catalogue, user, song).await.map(drop),
        None => Ok(()),
    }
}
