//! "Read your files again": asked for by SIGHUP.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Heard by all clones, each time that it is asked for.
#[derive(Debug, Clone)]
pub struct Reload(watch::Receiver<u64>);

/// Who asks for it.
#[derive(Debug)]
pub struct Reloader(watch::Sender<u64>);

impl Reload {
    /// One that is asked for by hand.
    #[must_use]
    pub fn by_hand() -> (Reloader, Self) {
        let (sender, receiver) = watch::channel(0);
        (Reloader(sender), Self(receiver))
    }

    /// One that SIGHUP asks for.
    ///
    /// # Errors
    /// The signal cannot be caught.
    pub fn on_hangup() -> io::Result<Self> {
        let mut hangup = signal(SignalKind::hangup())?;
        let (reloader, reload) = Self::by_hand();
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                reloader.ask();
            }
        });
        Ok(reload)
    }

    /// Waits until it is asked for once more; forever, where nobody is left to ask.
    pub async fn asked(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

impl Reloader {
    /// Asks for it.
    pub fn ask(&self) {
        self.0.send_modify(|times| *times += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_hears_every_asking() {
        let (reloader, mut one) = Reload::by_hand();
        let mut other = one.clone();
        for _ in 0..2 {
            reloader.ask();
            one.asked().await;
            other.asked().await;
        }
    }
}
