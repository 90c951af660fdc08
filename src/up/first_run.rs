//! What a catalogue has from the start: an admin, and a song to hear.

use anyhow::Context;
use catalogue::{Catalogue, Role, password};
use ingest::Intake;
use uuid::Uuid;

use super::demo;
use super::settings::Settings;

const ADMIN: &str = "admin";

/// Makes the admin where nobody has an account, and the demo song where there is none. Gives the
/// line that tells the first login.
pub(super) async fn prepare(
    settings: &Settings,
    catalogue: &Catalogue,
    intake: &Intake,
) -> anyhow::Result<Option<String>> {
    let users = catalogue.users();
    let login = match users.are_none().await.context("the database cannot be read")? {
        true => Some(make_admin(settings, catalogue).await?),
        false => None,
    };
    if settings.demo && catalogue.songs().are_none().await.context("the database cannot be read")? {
        let admin = users.by_username(ADMIN).await.context("the database cannot be read")?;
        if let Some((admin, _)) = admin {
            demo::upload(intake, admin.id).await.context("the demo song cannot be taken in")?;
        }
    }
    Ok(login)
}

async fn make_admin(settings: &Settings, catalogue: &Catalogue) -> anyhow::Result<String> {
    let (secret, line) = match &settings.admin_password {
        Some(secret) => (secret.clone(), format!("Log in as {ADMIN} with the password you set")),
        None => {
            // 122 random bits.
            let secret = Uuid::new_v4().simple().to_string();
            let line = format!("Log in as {ADMIN} with the password {secret} (shown only now)");
            (secret, line)
        }
    };
    let hash = tokio::task::spawn_blocking(move || password::hash(&secret)).await??;
    catalogue.users().create(ADMIN, &hash, Role::Admin).await.context("no admin can be made")?;
    Ok(line)
}
