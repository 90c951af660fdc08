//! `waveform.json`: peaks to draw the song by, in the JSON form, version 2, that audiowaveform writes
//! and its viewers read. Written as the song passes; the point count therefore comes last.

use std::io::{self, Write};

use media::units::{CHANNELS, SAMPLE_RATE};
use origin::SongFile;

use crate::work_folder::{WorkFile, WorkFolder};

/// Frames that become one point: about 47 points a second, 10,000 for three and a half minutes.
pub(crate) const FRAMES_PER_POINT: usize = 1_024;

/// Steps of a 16-bit sample in one of 8 bits.
const STEPS: i32 = 256;

/// The file being written.
#[derive(Debug)]
pub(super) struct Waveform {
    file: WorkFile,
    /// Frames of the point that is not whole yet.
    waiting: Vec<i16>,
    points: u64,
}

impl Waveform {
    /// Begins the file.
    pub(super) fn create(work: &WorkFolder) -> io::Result<Self> {
        let mut file = work.file(SongFile::Waveform)?;
        write!(
            file,
            "{{\"version\":2,\"channels\":1,\"sample_rate\":{SAMPLE_RATE},\
             \"samples_per_pixel\":{FRAMES_PER_POINT},\"bits\":8,\"data\":["
        )?;
        Ok(Self { file, waiting: Vec::new(), points: 0 })
    }

    /// Takes interleaved samples.
    pub(super) fn add(&mut self, samples: &[i16]) -> io::Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.extend_from_slice(samples);
        let mut points = waiting.chunks_exact(FRAMES_PER_POINT * CHANNELS);
        for frames in &mut points {
            self.point(frames)?;
        }
        let rest = points.remainder().len();
        waiting.drain(..waiting.len() - rest);
        self.waiting = waiting;
        Ok(())
    }

    /// Ends the file; frames that are too few for a point make a last one.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            self.point(&waiting)?;
        }
        writeln!(self.file, "],\"length\":{}}}", self.points)?;
        self.file.finish()
    }

    /// The lowest and the highest value of both channels' mean, rounded towards zero at both steps,
    /// as audiowaveform does.
    fn point(&mut self, samples: &[i16]) -> io::Result<()> {
        let (mut low, mut high) = (i16::MAX, i16::MIN);
        for [left, right] in samples.as_chunks::<CHANNELS>().0 {
            let mean = ((i32::from(*left) + i32::from(*right)) / 2) as i16;
            low = low.min(mean);
            high = high.max(mean);
        }
        let comma = if self.points == 0 { "" } else { "," };
        self.points += 1;
        write!(self.file, "{comma}{},{}", i32::from(low) / STEPS, i32::from(high) / STEPS)
    }
}
