//! The web player, built by Vite and embedded.
