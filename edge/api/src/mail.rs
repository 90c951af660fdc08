//! Sending mail over SMTP.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use axum::http::Uri;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use uuid::Uuid;

/// How long a mail server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where mail is handed in: `smtp://` (with STARTTLS, but for this machine itself) or `smtps://`, a host, perhaps a port,
/// perhaps a user and a password.
#[derive(Clone)]
pub struct MailServer(String);

/// Not a [`MailServer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not smtp://HOST or smtps://HOST, perhaps with USER:PASSWORD@ and a port")]
pub struct InvalidMailServer;

/// Who mail is from, such as `Segue <music@music.example>`.
#[derive(Debug, Clone)]
pub struct Sender(Mailbox);

/// Not a [`Sender`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a mail address, alone or as NAME <ADDRESS>")]
pub struct InvalidSender;

/// Hands mail in at one server.
#[derive(Debug, Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// One mail to one person, in plain text.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    pub(crate) to: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) text: String,
    pub(crate) at: SystemTime,
}

/// Why a mail is not out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("mail cannot be addressed there")]
    Address(#[from] lettre::address::AddressError),
    #[error("the mail cannot be written")]
    Message(#[from] lettre::error::Error),
    #[error("the mail server does not take it")]
    Server(#[from] lettre::transport::smtp::Error),
}

impl MailError {
    /// Whether another attempt would fare no better: there is no such mailbox, or nothing that could be one.
    pub(crate) fn is_for_good(&self) -> bool {
        match self {
            Self::Address(_) | Self::Message(_) => true,
            Self::Server(error) => error.is_permanent(),
        }
    }
}

impl Mailer {
    /// One that hands in at `server` what is from `sender`.
    ///
    /// # Errors
    /// The system has no certificates to know servers by.
    pub fn new(server: &MailServer, Sender(from): Sender) -> Result<Self, InvalidMailServer> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&server.0);
        let transport = builder
            .map_err(|_| InvalidMailServer)?
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(PATIENCE))
            .build();
        Ok(Self { transport, from })
    }

    pub(crate) async fn send(&self, letter: Letter<'_>) -> Result<(), MailError> {
        let to: Address = letter.to.parse()?;
        // Each attempt is another mail: whoever has both must not drop the later one as known.
        let id = format!("<{}@{}>", Uuid::now_v7(), self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .to(to.into())
            .subject(letter.subject)
            .date(letter.at)
            .message_id(Some(id))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .raw_header(automatic())
            .body(letter.text)?;
        self.transport.send(message).await?;
        Ok(())
    }
}

/// RFC 3834 5: nobody's holiday answers this.
fn automatic() -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    HeaderValue::new(name, "auto-generated".to_owned())
}

impl FromStr for MailServer {
    type Err = InvalidMailServer;

    fn from_str(text: &str) -> Result<Self, InvalidMailServer> {
        let uri: Uri = text.parse().map_err(|_| InvalidMailServer)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(InvalidMailServer)?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !text.contains('#');
        let text = text.trim_end_matches('/');
        let url = match uri.scheme_str() {
            Some("smtps") => text.to_owned(),
            Some("smtp") if is_this_machine(host) => text.to_owned(),
            Some("smtp") => format!("{text}?tls=required"),
            _ => return Err(InvalidMailServer),
        };
        let usable = bare && AsyncSmtpTransport::<Tokio1Executor>::from_url(&url).is_ok();
        usable.then_some(Self(url)).ok_or(InvalidMailServer)
    }
}

/// Without its password.
impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailServer")
    }
}

impl FromStr for Sender {
    type Err = InvalidSender;

    fn from_str(text: &str) -> Result<Self, InvalidSender> {
        text.parse().map(Self).map_err(|_| InvalidSender)
    }
}

/// What goes no further than this machine needs no TLS.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_goes_to_other_machines_over_tls_alone() {
        let server = |text: &str| text.parse::<MailServer>().map(|MailServer(url)| url);
        for (text, url) in [
            ("smtp://127.0.0.1:25", "smtp://127.0.0.1:25"),
            ("smtp://[::1]/", "smtp://[::1]"),
            ("smtp://localhost", "smtp://localhost"),
            ("smtps://u:p%40@mail.example", "smtps://u:p%40@mail.example"),
            ("smtp://u:p@mail.example:587", "smtp://u:p@mail.example:587?tls=required"),
            ("smtp://192.0.2.1", "smtp://192.0.2.1?tls=required"),
        ] {
            assert_eq!(server(text).as_deref(), Ok(url));
        }
        for wrong in [
            "",
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://mail.example/x",
            "smtp://mail.example?tls=opportunistic",
            "smtp://mail.example#x",
        ] {
            assert_eq!(server(wrong), Err(InvalidMailServer), "{wrong}");
        }
        let secret: MailServer = "smtp://u:secret@mail.example".parse().expect("a server");
        assert!(!format!("{secret:?}").contains("secret"));
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        assert!("music@music.example".parse::<Sender>().is_ok());
        assert!("Segue <music@music.example>".parse::<Sender>().is_ok());
        for wrong in ["", "music", "a@b, c@d", "a@b\nBcc: c@d"] {
            assert!(wrong.parse::<Sender>().is_err(), "{wrong:?}");
        }
    }
}
