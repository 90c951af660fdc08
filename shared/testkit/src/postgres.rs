//! A PostgreSQL server of its own behind a Unix socket, and streaming replicas of it. What it holds goes with the test.
//!
//! `initdb` takes seconds and every test has a process of its own: it is done once, and copied. PostgreSQL refuses to run
//! as root: where a test does, it runs as `postgres`, whom Debian's package brings.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

const BINARIES: &str = "/usr/lib/postgresql/15/bin";
const TEMPLATE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools/postgres-15-cluster");

/// A running server.
#[derive(Debug)]
pub struct PostgresServer {
    folder: TempDir,
    process: Option<Child>,
    durable: bool,
}

impl PostgresServer {
    /// Starts one that forgets when the machine loses power, which no test survives.
    ///
    /// # Panics
    /// Where it does not come to answer.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(false)
    }

    /// Starts one that waits for the disk as in earnest.
    ///
    /// # Panics
    /// Where it does not come to answer.
    #[must_use]
    pub fn durable() -> Self {
        Self::start_with(true)
    }

    fn start_with(durable: bool) -> Self {
        let server = Self { folder: folder(), process: None, durable };
        run(Command::new("cp").arg("-a").arg(template()).arg(server.data()));
        server.started()
    }

    /// Starts a streaming replica of it.
    ///
    /// # Panics
    /// Where it does not come to answer.
    #[must_use]
    pub fn replica(&self) -> Self {
        let replica = Self { folder: folder(), process: None, durable: self.durable };
        let mut copy = as_postgres("pg_basebackup");
        copy.args([
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--wal-method=stream",
            "--no-sync",
        ]);
        copy.args(["--username=postgres", "--host"]).arg(self.folder.path());
        run(copy.arg("--pgdata").arg(replica.data()));
        replica.started()
    }

    fn started(mut self) -> Self {
        self.resume();
        self
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@localhost/postgres?host={}", self.folder.path().display())
    }

    /// Runs one statement with its own client. Answers what that prints: rows, unaligned.
    ///
    /// # Panics
    /// Where the statement is refused.
    pub fn query(&self, sql: &str) -> String {
        let mut client = Command::new(format!("{BINARIES}/psql"));
        client.args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--username=postgres",
        ]);
        client.arg("--host").arg(self.folder.path()).args(["--command", sql]);
        let output = client.output().expect("psql runs");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Kills it as a crash would; what it has stored stays.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Told to quit at once, it takes its own processes with it.
            let _ = Command::new("kill").args(["-QUIT", &process.id().to_string()]).status();
            let _ = process.wait();
        }
    }

    /// Starts it again where it was, with what it has stored.
    ///
    /// # Panics
    /// Where it does not come to answer.
    pub fn resume(&mut self) {
        self.kill();
        let mut server = as_postgres("postgres");
        server.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        for setting in ["listen_addresses=", "shared_buffers=16MB", "max_connections=64"] {
            server.args(["-c", setting]);
        }
        if !self.durable {
            server.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        }
        let log = File::create(self.folder.path().join("log")).expect("a log");
        server.stdout(Stdio::null()).stderr(log);
        self.process = Some(server.spawn().expect("PostgreSQL, which tests/tools/test installs"));
        self.wait();
    }

    fn wait(&mut self) {
        let end = Instant::now() + PATIENCE;
        let mut ask = Command::new(format!("{BINARIES}/pg_isready"));
        ask.args(["--quiet", "--username=postgres", "--host"]).arg(self.folder.path());
        while !ask.status().expect("pg_isready runs").success() {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let ended = self.process.as_mut().and_then(|process| process.try_wait().ok().flatten());
            assert!(ended.is_none(), "PostgreSQL has ended: {}", log());
            assert!(Instant::now() < end, "PostgreSQL does not answer: {}", log());
            sleep(Duration::from_millis(20));
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A folder that the server can use.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let open = Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), open).expect("a folder that others may enter");
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(folder.path()));
    }
    folder
}

/// An empty cluster, made by whoever comes first.
fn template() -> &'static Path {
    let template = Path::new(TEMPLATE);
    fs::create_dir_all(template.parent().expect("target/tools")).expect("target/tools");
    let lock = File::create(template.with_extension("lock")).expect("a lock");
    lock.lock().expect("the lock");
    if !template.exists() {
        let folder = folder();
        let made = folder.path().join("made");
        let mut make = as_postgres("initdb");
        make.args(["--username=postgres", "--auth=trust", "--no-sync", "--no-instructions"]);
        make.args(["--encoding=UTF8", "--locale=C.UTF-8", "--pgdata"]).arg(&made);
        run(&mut make);
        // Under its name it is whole: a copy that is cut off leaves another.
        let half = template.with_extension("half");
        let _ = fs::remove_dir_all(&half);
        run(Command::new("cp").arg("-a").arg(&made).arg(&half));
        fs::rename(&half, template).expect("the template's name");
    }
    template
}

/// One of its programs, which ends with the thread that started it.
fn as_postgres(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.args(["--pdeathsig=QUIT", "--"]).arg(format!("{BINARIES}/{program}"));
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout.trim_ascii() == b"0"
}

fn run(command: &mut Command) {
    let output = command.output().expect("a program that tests/tools/test installs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
