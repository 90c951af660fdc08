//! `infra/cdn`: real nginx and Varnish nodes in front of the real binary. Viewers' tokens are checked by the nodes,
//! objects are read once, purges reach them, and what they play is whole.

mod nginx;
mod node;
mod playing;
mod purging;
mod refusing;
mod rotating;
mod varnish;
mod wire;
mod world;
