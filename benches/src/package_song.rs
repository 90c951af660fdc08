//! One song packaged by the library alone, with any parameters: `package-song MASTER NEW_FOLDER SETS
//! EFFORT [SEGUE]`, for benches that look at what is written. With the path of a `segue`, or
//! of this program, the master is decoded in a cell of it, else in this process.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use transcode::cell::{Cell, Limits};
use transcode::{MasterReader, Parameters};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where not even stderr takes the sentence, the exit code still tells.
            drop(writeln!(std::io::stderr(), "package-song: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, brief] = arguments.as_slice()
        && word == "cell"
    {
        return Ok(transcode::cell::serve(brief)?);
    }
    let [master, folder, sets, effort, program @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: package-song MASTER NEW_FOLDER SETS EFFORT [SEGUE]");
    };
    let parameters =
        Parameters { sets: sets.parse()?, effort: effort.parse()?, ..Parameters::default() };
    let file = File::open(master).with_context(|| format!("cannot read {master}"))?;
    let hash = transcode::hash_master(file)?;
    let cell = |program| Cell::of(program, ["cell".into()], Limits::default());
    let reader =
        program.first().map_or_else(MasterReader::here, |it| MasterReader::in_cells(cell(it)));
    transcode::package(&reader, Path::new(master), &hash, Path::new(folder), &parameters, &|_| {})?;
    Ok(())
}
