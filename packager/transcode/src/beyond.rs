//! How a song may go on beyond its ends. What looks ahead and behind (a filter, a transform) would
//! otherwise see silence there, and a track that was cut out of a recording begin and end with a step
//! that was never in it.

use media::units::CHANNELS;

/// `reach` frames beyond a song's first frame or its last, `edge`, of which those further inside
/// follow: the nearest first, turned about the edge so that the value does not jump, and faded out. Its
/// mean is the song's: turned about the value at the edge as well, it would have an offset that encoders
/// filter away, and with it for a tenth of a second more. Silence stays silence. Fewer where the song is
/// shorter.
pub(crate) fn beyond(
    edge: impl Iterator<Item = [f32; CHANNELS]>,
    reach: usize,
) -> impl Iterator<Item = [f32; CHANNELS]> {
    edge.skip(1).take(reach).enumerate().map(move |(index, inside)| {
        let part = (index + 1) as f32 / (reach + 1) as f32;
        let fade = 0.5 + 0.5 * (std::f32::consts::PI * part).cos();
        inside.map(|sample| sample * fade)
    })
}
