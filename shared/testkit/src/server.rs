//! The real binary, running: `segue up` on free ports in a folder of its own, stopped with the test.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, multipart};
use serde_json::Value;
use tempfile::TempDir;

/// The password of `admin` on every server that tests start.
pub const ADMIN_PASSWORD: &str = "a password for tests alone";

/// How long anything that a test waits for may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is started: `Server::of(binary).arg("--no-demo").start()`.
#[derive(Debug)]
pub struct Server {
    binary: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    data: DataFolder,
    log: Option<File>,
    admin_listen: String,
}

/// A folder that goes with the test, or one that a test keeps over a restart.
#[derive(Debug)]
enum DataFolder {
    Own(TempDir),
    Kept(PathBuf),
}

impl DataFolder {
    fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }
}

impl Server {
    /// A server of `binary`, which a root test names as `env!("CARGO_BIN_EXE_segue")`. It has no
    /// demo song, so that a test sees only what it made.
    ///
    /// # Panics
    /// Where there is no room for a temporary folder.
    #[must_use]
    pub fn of(binary: impl Into<PathBuf>) -> Self {
        Self {
            binary: binary.into(),
            arguments: vec!["--no-demo".into()],
            environment: Vec::new(),
            data: DataFolder::Own(TempDir::new().expect("a temporary folder")),
            log: None,
            admin_listen: "127.0.0.1:0".into(),
        }
    }

    /// With its admin listener where the test will find it.
    #[must_use]
    pub fn admin_listen(mut self, address: &str) -> Self {
        address.clone_into(&mut self.admin_listen);
        self
    }

    /// With its demo song.
    #[must_use]
    pub fn with_demo(mut self) -> Self {
        self.arguments.retain(|argument| argument != "--no-demo");
        self
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// With one more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Writing its log into a new file rather than where the test's own words go.
    ///
    /// # Panics
    /// Where the file cannot be made.
    #[must_use]
    pub fn log_to(mut self, file: &Path) -> Self {
        self.log = Some(File::create(file).expect("a log file"));
        self
    }

    /// On a data folder that outlives it.
    #[must_use]
    pub fn on(mut self, data: &Path) -> Self {
        self.data = DataFolder::Kept(data.to_owned());
        self
    }

    /// Starts it and waits until it says where it is.
    ///
    /// # Panics
    /// Where it ends, or says nothing, before that.
    #[must_use]
    pub fn start(self) -> Running {
        let mut child = Command::new(&self.binary)
            .args(["up", "--listen", "127.0.0.1:0", "--admin-listen", &self.admin_listen, "--data"])
            .arg(self.data.path())
            .args(&self.arguments)
            .env("SEGUE_ADMIN_PASSWORD", ADMIN_PASSWORD)
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(self.log.map_or_else(Stdio::inherit, Stdio::from))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.binary.display()));
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let url = read_url(&mut stdout);
        Running { child, url, client: Client::new(), _stdout: stdout, data: self.data }
    }
}

/// Reads until the line `Segue is at http…`.
fn read_url(stdout: &mut BufReader<ChildStdout>) -> String {
    let mut said = String::new();
    loop {
        let mut line = String::new();
        let size = stdout.read_line(&mut line).expect("stdout is readable");
        assert!(size > 0, "segue up ended before it was ready: {said}");
        if let Some(url) = line.trim().strip_prefix("Segue is at ") {
            return url.to_owned();
        }
        said.push_str(&line);
    }
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    url: String,
    client: Client,
    /// Held open: a server whose stdout is closed would end at its next line.
    _stdout: BufReader<ChildStdout>,
    data: DataFolder,
}

impl Running {
    /// `http://127.0.0.1:PORT`, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would: SIGKILL, nothing flushed.
    ///
    /// # Panics
    /// Where it has already ended.
    pub fn kill(mut self) {
        self.child.kill().expect("the server still runs");
        self.child.wait().expect("a killed process ends");
    }

    /// Asks it to end, as an operator does: SIGTERM. Its exit code; `None` where a signal ended it.
    ///
    /// # Panics
    /// Where it cannot be asked.
    pub fn terminate(mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        assert!(asked.expect("kill runs").success(), "the server had ended");
        self.child.wait().expect("it ends").code()
    }

    /// Logs `admin` in and gives the access token.
    ///
    /// # Panics
    /// Where the server refuses.
    #[must_use]
    pub fn log_in(&self) -> String {
        let body = serde_json::json!({"login": "admin", "password": ADMIN_PASSWORD});
        let request = self.client.post(format!("{}/v1/sessions", self.url)).json(&body);
        let session = answer(request, 201);
        session["access_token"].as_str().expect("an access token").to_owned()
    }

    /// Uploads a master under a title and gives the song's id.
    ///
    /// # Panics
    /// Where the server does not accept it with 202.
    #[must_use]
    pub fn upload(&self, access_token: &str, master: &Path, title: &str) -> String {
        self.try_upload(access_token, master, title)
            .unwrap_or_else(|(status, problem)| panic!("{status}: {problem}"))
    }

    /// The same, where the server may refuse.
    ///
    /// # Errors
    /// The status and the problem document that it refuses with.
    ///
    /// # Panics
    /// Where there is no answer.
    pub fn try_upload(
        &self,
        access_token: &str,
        master: &Path,
        title: &str,
    ) -> Result<String, (u16, Value)> {
        let form = multipart::Form::new()
            .text("title", title.to_owned())
            .file("file", master)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", master.display()));
        let request = self.client.post(format!("{}/v1/songs", self.url));
        let response = request.bearer_auth(access_token).multipart(form).send().expect("an answer");
        let status = response.status().as_u16();
        let song: Value = response.json().expect("JSON");
        match status {
            202 => Ok(song["id"].as_str().expect("an id").to_owned()),
            _ => Err((status, song)),
        }
    }

    /// All songs that there are.
    ///
    /// # Panics
    /// Where the server refuses.
    #[must_use]
    pub fn songs(&self, access_token: &str) -> Vec<Value> {
        let request = self.client.get(format!("{}/v1/songs", self.url));
        let list = answer(request.bearer_auth(access_token), 200);
        list["songs"].as_array().expect("a list").clone()
    }

    /// The song as it is now.
    ///
    /// # Panics
    /// Where the server does not know it.
    #[must_use]
    pub fn song(&self, access_token: &str, id: &str) -> Value {
        let request = self.client.get(format!("{}/v1/songs/{id}", self.url));
        answer(request.bearer_auth(access_token), 200)
    }

    /// Waits until the song is `ready` or `failed`.
    ///
    /// # Panics
    /// Where it is neither in two minutes.
    #[must_use]
    pub fn settled(&self, access_token: &str, id: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let song = self.song(access_token, id);
            if matches!(song["state"].as_str(), Some("ready" | "failed")) {
                return song;
            }
            assert!(Instant::now() < deadline, "still not settled: {song}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Puts another master in the place of a song's, and waits until listeners get what was made of it. The song as it is then.
    ///
    /// # Panics
    /// Where it is not accepted with 202, or comes to nothing.
    #[must_use]
    pub fn replace(&self, access_token: &str, id: &str, master: &Path) -> Value {
        let form = multipart::Form::new()
            .file("file", master)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", master.display()));
        let request = self.client.put(format!("{}/v1/songs/{id}/master", self.url));
        let replaced = answer(request.bearer_auth(access_token).multipart(form), 202);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let song = self.song(access_token, id);
            if song["version"] != replaced["version"] {
                return song;
            }
            let request = self.client.get(format!("{}/v1/songs/{id}/versions", self.url));
            let versions = answer(request.bearer_auth(access_token), 200);
            assert_ne!(versions["replacement"]["state"], "failed", "{versions}");
            assert!(Instant::now() < deadline, "still not replaced: {versions}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks for playback: signed absolute URLs.
    ///
    /// # Panics
    /// Where the server refuses.
    #[must_use]
    pub fn playback(&self, access_token: &str, id: &str) -> Value {
        let request = self.client.post(format!("{}/v1/songs/{id}/playback", self.url));
        answer(request.bearer_auth(access_token), 200)
    }

    /// Uploads a master, waits until it is ready and asks for playback.
    ///
    /// # Panics
    /// Where any of it fails.
    #[must_use]
    pub fn published(&self, master: &Path, title: &str) -> Value {
        let access_token = self.log_in();
        let id = self.upload(&access_token, master, title);
        let song = self.settled(&access_token, &id);
        assert_eq!(song["state"], "ready", "{song}");
        self.playback(&access_token, &id)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _status = self.child.wait();
    }
}

fn answer(request: reqwest::blocking::RequestBuilder, wanted: u16) -> Value {
    let response = request.send().expect("the server answers");
    let (status, url) = (response.status().as_u16(), response.url().clone());
    let body = response.text().expect("a body");
    assert_eq!(status, wanted, "{url} said: {body}");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{url}: {error}: {body}"))
}
