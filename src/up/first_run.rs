//! What a catalogue has from the start: an admin, and a song to hear.

use anyhow::Context;
use catalogue::{Catalogue, Role, password};
use ingest::Intake;
use uuid::Uuid;

use super::demo;
use super::settings::Settings;

const ADMIN: &str = "admin";

/// Makes the admin where nobody has an account, and the demo song where there is none.
pub(super) async fn prepare(
    settings: &Settings,
    catalogue: &Catalogue,
    intake: &Intake,
) -> anyhow::Result<()> {
    let users = catalogue.users();
    if users.are_none().await.context("the database cannot be read")? {
        make_admin(settings, catalogue).await?;
    }
    if settings.demo && catalogue.songs().are_none().await.context("the database cannot be read")? {
        let admin = users.by_username(ADMIN).await.context("the database cannot be read")?;
        if let Some((admin, _)) = admin {
            demo::upload(intake, admin.id).await.context("the demo song cannot be taken in")?;
        }
    }
    Ok(())
}

/// The password is told before the account exists: one without an account does no harm, an account
/// whose password nobody knows locks everybody out.
async fn make_admin(settings: &Settings, catalogue: &Catalogue) -> anyhow::Result<()> {
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
    super::tell(&line);
    catalogue.users().create(ADMIN, &hash, Role::Admin).await.context("no admin can be made")?;
    Ok(())
}
