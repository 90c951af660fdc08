//! `infra/cdn`: real nginx and Varnish nodes in front of the real binary. Viewers' tokens are checked by the nodes,
//! objects are read once, purges reach them, and what they play is whole.

mod encrypted;
mod fake_edge;
mod hooks;
mod nginx;
mod node;
mod overtaking;
mod playing;
mod pulling;
mod purging;
mod refusing;
mod rotating;
mod smuggling;
mod tls;
mod vanishing;
mod varnish;
mod wire;
mod world;
