//! Sending the mails that wait in the database, until they are out.
//!
//! Any number of processes may do it: each mail is one's at a time ([`catalogue::mailing`]). One that dies in the middle
//! leaves it to the others.

use std::time::Duration;

use catalogue::{
    CatalogueError, ClaimMail, ClaimSays, EmailClaims, PasswordResets, ResetMail, Secret,
};
use service::Shutdown;
use service::problem::chain;
use tokio::time::sleep;
use uuid::Uuid;

use crate::api::Api;
use crate::mail::{Letter, Mailer};
use crate::public_url::PublicUrl;

/// How often we look for mails whose turn it is.
const EVERY: Duration = Duration::from_secs(1);

/// Mails of one kind that wait.
trait Waiting {
    type Mail: Written;

    async fn take(&self) -> Result<Option<Self::Mail>, CatalogueError>;
    async fn sent(&self, mail: &Self::Mail) -> Result<(), CatalogueError>;
    async fn failed(&self, mail: &Self::Mail) -> Result<Duration, CatalogueError>;
}

/// What one of them says, and to whom.
trait Written {
    fn id(&self) -> Uuid;
    fn to(&self) -> &str;
    fn subject(&self) -> &'static str;
    fn text(&self, url: &PublicUrl) -> String;
}

/// Mails what people wait for, until the shutdown begins. Returns at once where no mail server was named.
pub async fn send_mails(api: Api, shutdown: Shutdown) {
    let Some(mailer) = &api.options().mailer else { return };
    let sending = async {
        loop {
            send_all(&api, mailer, api.catalogue().password_resets()).await;
            send_all(&api, mailer, api.catalogue().email_claims()).await;
            sleep(EVERY).await;
        }
    };
    tokio::select! {
        () = sending => {}
        () = shutdown.begun() => {}
    }
}

async fn send_all(api: &Api, mailer: &Mailer, waiting: impl Waiting) {
    if let Err(error) = send_each(api, mailer, waiting).await {
        tracing::warn!(error = %chain(&error), "mails wait in the database");
    }
}

async fn send_each(
    api: &Api,
    mailer: &Mailer,
    waiting: impl Waiting,
) -> Result<(), CatalogueError> {
    while let Some(mail) = waiting.take().await? {
        let (text, at) = (mail.text(api.public_url()), api.clock().now());
        let letter = Letter { to: mail.to(), subject: mail.subject(), text, at };
        match mailer.send(letter).await {
            Ok(()) => waiting.sent(&mail).await?,
            Err(error) if error.is_for_good() => {
                waiting.sent(&mail).await?;
                tracing::warn!(mail = %mail.id(), error = %chain(&error), "a mail is given up");
            }
            Err(error) => {
                let again_in = waiting.failed(&mail).await?;
                tracing::warn!(mail = %mail.id(), ?again_in, error = %chain(&error), "a mail is not out");
            }
        }
    }
    Ok(())
}

impl Waiting for PasswordResets<'_> {
    type Mail = ResetMail;

    async fn take(&self) -> Result<Option<ResetMail>, CatalogueError> {
        self.take().await
    }

    async fn sent(&self, mail: &ResetMail) -> Result<(), CatalogueError> {
        self.sent(mail).await
    }

    async fn failed(&self, mail: &ResetMail) -> Result<Duration, CatalogueError> {
        self.failed(mail).await
    }
}

impl Waiting for EmailClaims<'_> {
    type Mail = ClaimMail;

    async fn take(&self) -> Result<Option<ClaimMail>, CatalogueError> {
        self.take().await
    }

    async fn sent(&self, mail: &ClaimMail) -> Result<(), CatalogueError> {
        self.sent(mail).await
    }

    async fn failed(&self, mail: &ClaimMail) -> Result<Duration, CatalogueError> {
        self.failed(mail).await
    }
}

impl Written for ResetMail {
    fn id(&self) -> Uuid {
        self.wish
    }

    fn to(&self) -> &str {
        &self.email
    }

    fn subject(&self) -> &'static str {
        "Your new password"
    }

    fn text(&self, url: &PublicUrl) -> String {
        let Self { username, secret, .. } = self;
        format!(
            "Somebody, probably you, has forgotten the password of the account '{username}'.\n\
             \n\
             This sets a new one, once, within half an hour:\n\
             \n\
             {url}/#reset={secret}\n\
             \n\
             If it was not you, there is nothing to do: nobody else has this link.\n"
        )
    }
}

impl Written for ClaimMail {
    fn id(&self) -> Uuid {
        self.claim
    }

    fn to(&self) -> &str {
        &self.email
    }

    fn subject(&self) -> &'static str {
        "Your mail address"
    }

    fn text(&self, url: &PublicUrl) -> String {
        match &self.says {
            ClaimSays::Secret(secret) => prove_it(&self.username, secret, url),
            ClaimSays::TakenBy(other) => yours_already(&self.username, other, url),
        }
    }
}

fn prove_it(username: &str, secret: &Secret, url: &PublicUrl) -> String {
    format!(
        "Somebody, probably you, says that mail to the account '{username}' goes to this address.\n\
         \n\
         This proves it, within three days, where you are signed in to that account:\n\
         \n\
         {url}/#email={secret}\n\
         \n\
         If it was not you, there is nothing to do: it is not theirs without this link.\n"
    )
}

fn yours_already(username: &str, other: &str, url: &PublicUrl) -> String {
    format!(
        "Somebody, probably you, says that mail to the account '{username}' goes to this address.\n\
         \n\
         It is the address of another account already: '{other}'. If you have forgotten its password,\n\
         you can set a new one from here:\n\
         \n\
         {url}/\n\
         \n\
         If it was not you, there is nothing to do: nobody was told.\n"
    )
}
