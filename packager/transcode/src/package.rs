//! The pipeline: one master in, all files of one version out.
//!
//! The calling thread reads the master once; one thread measures, one per rung encodes, cuts and
//! muxes. The measures go into the renditions, which end once they are known. The
//! channels between them are bounded, so memory does not grow with the song. Where one thread
//! fails, its channel closes: the reader stops at its next block, which closes the other channels.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};

use media::asset::Asset;
use media::ids::{MasterHash, Version};
use media::units::{CHANNELS, Samples};
use media::{Normalization, SegmentSecrets};

use crate::asset_writer::{self, Identity};
use crate::encode::Block;
use crate::inspect::{self, Folder};
use crate::master_reader::MasterReader;
use crate::measure;
use crate::mux::MuxedRendition;
use crate::normalize;
use crate::package_error::PackageError;
use crate::parameters::Parameters;
use crate::progress::{Progress, Stage};
use crate::recipe::{recipe, version_of};
use crate::rendition::{self, Brief, Ending, Message};
use crate::source::Source;
use crate::work_folder::WorkFolder;

/// Blocks that may wait before a rendition: enough to even out slow stretches.
const WAITING: usize = 4;

/// Packages `master`, which `reader` reads and whose bytes have the hash `hash` ([`crate::hash_master`]), into `folder`: every
/// file of one version under the path that [`origin::SongFile`] gives it. The same master and
/// parameters give the same bytes.
///
/// The package is inspected before this returns. `folder` must not exist yet. Where packaging fails, it holds leftovers that are worth nothing:
/// the caller removes it.
///
/// # Errors
/// A sentence for the person who brought the master.
pub fn package(
    reader: &MasterReader,
    master: &Path,
    hash: &MasterHash,
    folder: &Path,
    parameters: &Parameters,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Asset, PackageError> {
    parameters.check()?;
    let mut source = reader.open(master)?;
    let work = WorkFolder::create(folder).map_err(PackageError::Write)?;
    let normalization = match parameters.normalize {
        Some(target) => Some(normalize::measure(reader, master, target, progress)?),
        None => None,
    };
    if let Some(normalization) = normalization {
        source.amplify(normalization.gain_db);
    }
    let (renditions, ending) = encode(&mut source, hash, &work, parameters, progress)?;
    let length = ending.length;
    let tell = |stage| progress(Progress { stage, done: length, total: Some(length) });
    tell(Stage::Describe);
    let identity = identity(hash, parameters, ending, normalization);
    let asset = asset_writer::write(&work, &identity, &renditions).map_err(PackageError::Write)?;
    tell(Stage::Inspect);
    check(folder, parameters)?;
    tell(Stage::Done);
    Ok(asset)
}

fn identity(
    hash: &MasterHash,
    parameters: &Parameters,
    ending: Ending,
    normalization: Option<Normalization>,
) -> Identity {
    let (parameters, recipe) = (parameters.clone(), recipe(parameters));
    let Ending { length: samples, loudness } = ending;
    let version = Version::of(hash, &recipe);
    Identity { version, master: *hash, parameters, recipe, samples, loudness, normalization }
}

/// Reads the package back: what breaks a rule never leaves this folder.
fn check(folder: &Path, parameters: &Parameters) -> Result<(), PackageError> {
    let secrets = parameters.secret.clone().map(SegmentSecrets::from).unwrap_or_default();
    let source = Folder(folder.to_path_buf());
    let report = inspect::inspect(&source, &secrets, parameters.verify);
    if report.is_clean() { Ok(()) } else { Err(PackageError::Breach(Box::new(report))) }
}

fn encode(
    source: &mut Source,
    hash: &MasterHash,
    work: &WorkFolder,
    parameters: &Parameters,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(Vec<MuxedRendition>, Ending), PackageError> {
    let brief = Brief::of(hash, version_of(hash, parameters), source.bits());
    thread::scope(|scope| {
        let (senders, threads): (Vec<_>, Vec<_>) = parameters
            .rungs()
            .map(|rung| {
                let (sender, receiver) = sync_channel(WAITING);
                let run = move || rendition::make(rung, parameters, brief, work, &receiver);
                (sender, scope.spawn(run))
            })
            .unzip();
        let (meter, blocks) = sync_channel(WAITING);
        let measuring = scope.spawn(move || measure::run(work, &blocks));
        let fed = feed(source, &meter, &senders, progress);
        drop(meter);
        let measured = measuring.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let ending = match (&fed, &measured) {
            (Ok(Some(length)), Ok(loudness)) => {
                Some(Ending { length: *length, loudness: *loudness })
            }
            _ => None,
        };
        if let Some(ending) = ending {
            send(&senders, &Message::End(ending));
        }
        drop(senders);
        let made = join(threads);
        // A master that cannot be read comes first: all others only stopped because of it.
        fed?;
        measured?;
        Ok((made?, ending.expect("where the reader stopped early, a listener failed")))
    })
}

/// Reads the master to its end and tells its length. `None` where a listener has gone away: joining
/// it tells why.
fn feed(
    source: &mut Source,
    meter: &SyncSender<Arc<Block>>,
    renditions: &[SyncSender<Message>],
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Samples>, PackageError> {
    let total = source.promised();
    let mut done = Samples::ZERO;
    progress(Progress { stage: Stage::Encode, done, total });
    while let Some(block) = source.next()? {
        done += Samples((block.float.len() / CHANNELS) as u64);
        let block = Arc::new(block);
        let measured = meter.send(Arc::clone(&block)).is_ok();
        if !measured || !send(renditions, &Message::Block(block)) {
            return Ok(None);
        }
        progress(Progress { stage: Stage::Encode, done, total });
    }
    Ok(Some(done))
}

/// Whether every rendition still listens.
fn send(renditions: &[SyncSender<Message>], message: &Message) -> bool {
    renditions.iter().all(|rendition| rendition.send(message.clone()).is_ok())
}

type Made = Result<Option<Vec<MuxedRendition>>, PackageError>;

/// Waits for all renditions; the first error in ladder order, else all of them: set by set, each in
/// ladder order.
fn join(threads: Vec<ScopedJoinHandle<'_, Made>>) -> Result<Vec<MuxedRendition>, PackageError> {
    let mut made = Vec::with_capacity(threads.len());
    let mut failure = None;
    for thread in threads {
        match thread.join() {
            Ok(Ok(renditions)) => made.extend(renditions.into_iter().flatten()),
            Ok(Err(error)) => failure = failure.or(Some(error)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    made.sort_by_key(|rendition| rendition.set);
    failure.map_or(Ok(made), Err)
}

#[cfg(test)]
mod tests;
