//! A mail server that keeps what it is given: aiosmtpd.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use segue_api::{Mailer, Options, send_mails};
use serde_json::Value;
use service::Shutdown;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use super::Stage;

pub(super) struct SmtpSink {
    pub(super) port: u16,
    told: UnboundedReceiver<Value>,
    server: Child,
}

impl SmtpSink {
    pub(super) async fn start() -> Self {
        Self::start_at(0).await
    }

    pub(super) async fn start_at(port: u16) -> Self {
        let house = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut server = Command::new(house.join("../../target/tools/python/bin/python"))
            .arg(house.join("tests/api/accounts/smtp_sink.py"))
            .arg(port.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python runs: tests/tools/test installs it");
        let told = lines(server.stdout.take().unwrap());
        let mut sink = Self { port, told, server };
        let first = sink.next().await;
        sink.port = first["port"].as_u64().unwrap().try_into().unwrap();
        sink
    }

    /// The next mail.
    pub(super) async fn next(&mut self) -> Value {
        self.told.recv().await.expect("the sink runs: tests/tools/test installs aiosmtpd")
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Options with a mail server on that port of this machine.
pub(super) fn mailing(port: u16) -> impl FnOnce(Options) -> Options {
    let server = format!("smtp://127.0.0.1:{port}").parse().unwrap();
    let from = "Segue <music@music.example>".parse().unwrap();
    let mailer = Mailer::new(&server, from).unwrap();
    |options| Options { mailer: Some(mailer), ..options }
}

pub(super) fn begin_mailing(stage: &Stage) -> JoinHandle<()> {
    tokio::spawn(send_mails(stage.api.clone(), Shutdown::new()))
}

/// The end of the link in a mail that is good for `what`.
pub(super) fn link(mail: &Value, what: &str) -> String {
    let text = mail["text"].as_str().unwrap();
    let begin = format!("https://music.example/cdn/#{what}=");
    let (_, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{what} in {text}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

fn lines(output: ChildStdout) -> UnboundedReceiver<Value> {
    let (tell, told) = unbounded_channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = tell.send(serde_json::from_str(&line).expect("a line of JSON"));
        }
    });
    told
}
