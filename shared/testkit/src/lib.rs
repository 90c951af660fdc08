//! Dev-only: what tests listen with. Signals to package, judges that compare what came back, and
//! the decoders that are not ours.
//!
//! Reading order: [`signal`] (something to encode), [`wav`] (as a master), [`ffmpeg`] (decoded by
//! somebody else), [`judge`] (and compared); [`shell`] runs the real binary as
//! somebody at a shell does, [`server`] is it as a server, [`edge`](mod@edge) as an edge alone. For the edge
//! there are [`origin_store`] (it counts, stalls, fails and truncates) and [`manual_clock`], for the catalogue [`postgres`], for the bus [`nats`] and a
//! [`cable`] to it.

pub mod cable;
pub mod edge;
pub mod ffmpeg;
pub mod judge;
pub mod manual_clock;
pub mod nats;
pub mod origin_store;
pub mod postgres;
pub mod server;
pub mod shell;
pub mod signal;
pub mod wav;

/// One stereo sample frame: left, right; full scale is ±1.
pub type Frame = [f32; 2];
