//! Builds the web app with Vite and writes the table of its files for `lib.rs` to embed.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const SOURCES: [&str; 6] =
    ["web", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", ".npmrc"];
/// Kept beside the installed packages: the lock file that they were installed from.
const INSTALLED: &str = "node_modules/.installed-lock.json";

fn main() -> Result<(), Box<dyn Error>> {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    let home = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let site = PathBuf::from(env::var("OUT_DIR")?).join("site");
    let tools = Tools::find(&home)?;
    if fs::read(home.join(INSTALLED)).ok() != Some(fs::read(home.join("package-lock.json"))?) {
        tools.run("npm", &["ci"], &home)?;
        fs::copy(home.join("package-lock.json"), home.join(INSTALLED))?;
    }
    let out = site.to_str().ok_or("OUT_DIR is not UTF-8")?;
    let vite = ["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"];
    tools.run("node", &[&vite[..], &["--outDir", out]].concat(), &home)?;
    let mut files = Vec::new();
    collect(&site, &mut files)?;
    files.sort();
    fs::write(site.with_file_name("files.rs"), table(&site, &files)?)?;
    Ok(())
}

/// node and npm: those that `make` put into target/tools, else those on the path.
struct Tools {
    path: std::ffi::OsString,
}

impl Tools {
    fn find(home: &Path) -> Result<Self, Box<dyn Error>> {
        let ours = home.join("../../target/tools/bin");
        let inherited = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(std::iter::once(ours).chain(env::split_paths(&inherited)))?;
        let tools = Self { path };
        let enough = "const [a, b] = process.versions.node.split('.').map(Number);\
                      process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)";
        for (tool, arguments) in [("node", ["-e", enough]), ("npm", ["--version", "--silent"])] {
            let found = tools.command(tool).args(arguments).output();
            if !found.is_ok_and(|output| output.status.success()) {
                return Err("The web player is built with Node.js 20.19 or newer and its npm: \
                            install them, or let `make run` do it."
                    .into());
            }
        }
        Ok(tools)
    }

    fn command(&self, program: &str) -> Command {
        let found = env::split_paths(&self.path)
            .map(|folder| folder.join(program))
            .find(|file| file.is_file())
            .unwrap_or_else(|| program.into());
        let mut command = Command::new(found);
        command.env("PATH", &self.path);
        command
    }

    fn run(&self, program: &str, arguments: &[&str], folder: &Path) -> Result<(), Box<dyn Error>> {
        let output = self.command(program).args(arguments).current_dir(folder).output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        Err(format!("{program} {} failed: {said}", arguments.join(" ")).into())
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// A Rust slice of (path below the site, bytes).
fn table(site: &Path, files: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let mut out = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(site)?.to_str().ok_or("a file name is not UTF-8")?;
        let path = file.to_str().ok_or("OUT_DIR is not UTF-8")?;
        writeln!(out, "    ({name:?}, include_bytes!({path:?})),")?;
    }
    out.push(']');
    Ok(out)
}
