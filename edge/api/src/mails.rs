//! Mailing what sets a new password, until it is out.
//!
//! Any number of processes may do it: each mail is one's at a time ([`catalogue::password_resets`]). One that dies in
//! the middle leaves it to the others.

use std::time::Duration;

use catalogue::{CatalogueError, ResetMail};
use service::Shutdown;
use service::problem::chain;
use tokio::time::sleep;

use crate::api::Api;
use crate::mail::{Letter, MailError, Mailer};

/// How often we look for mails whose turn it is.
const EVERY: Duration = Duration::from_secs(1);

/// Mails what people who have forgotten their password wait for, until the shutdown begins. Returns at once where no mail
/// server was named.
pub async fn send_reset_mails(api: Api, shutdown: Shutdown) {
    let Some(mailer) = &api.options().mailer else { return };
    let sending = async {
        loop {
            if let Err(error) = send_all(&api, mailer).await {
                tracing::warn!(error = %chain(&error), "mails wait in the database");
            }
            sleep(EVERY).await;
        }
    };
    tokio::select! {
        () = sending => {}
        () = shutdown.begun() => {}
    }
}

async fn send_all(api: &Api, mailer: &Mailer) -> Result<(), CatalogueError> {
    let resets = api.catalogue().password_resets();
    while let Some(mail) = resets.take().await? {
        match send(api, mailer, &mail).await {
            Ok(()) => resets.sent(&mail).await?,
            Err(error) if error.is_for_good() => {
                resets.sent(&mail).await?;
                tracing::warn!(wish = %mail.wish, error = %chain(&error), "a mail is given up");
            }
            Err(error) => {
                let again_in = resets.failed(&mail).await?;
                tracing::warn!(wish = %mail.wish, ?again_in, error = %chain(&error), "a mail is not out");
            }
        }
    }
    Ok(())
}

async fn send(api: &Api, mailer: &Mailer, mail: &ResetMail) -> Result<(), MailError> {
    let ResetMail { username, secret, .. } = mail;
    let url = api.public_url();
    let text = format!(
        "Somebody, probably you, has forgotten the password of the account '{username}'.\n\
         \n\
         This sets a new one, once, within half an hour:\n\
         \n\
         {url}/#reset={secret}\n\
         \n\
         If it was not you, there is nothing to do: nobody else has this link.\n"
    );
    let subject = "Your new password";
    let letter = Letter { to: &mail.email, subject, text, at: api.clock().now() };
    mailer.send(letter).await
}
