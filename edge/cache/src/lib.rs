//! Blocks in memory, coalesced fills. No sockets.
