//! A connection that breaks: a proxy that lets a number of bytes through and then resets both sides.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::bench::Random;

/// Listens before `server` and cuts connections, one after the other, at bytes that `seed` decides, up to `longest`; what
/// it answers counts how many.
pub(crate) async fn cut(
    server: SocketAddr,
    seed: u64,
    cuts: u64,
    longest: u64,
) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, done) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&done);
    tokio::spawn(async move {
        let mut random = Random(seed);
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let limit = match done.load(Ordering::SeqCst) < cuts {
                true => random.below(longest),
                false => u64::MAX,
            };
            tokio::spawn(pass(client, server, limit, Arc::clone(&done)));
        }
    });
    (address, counted)
}

async fn pass(client: TcpStream, server: SocketAddr, limit: u64, done: Arc<AtomicU64>) {
    let server = TcpStream::connect(server).await.unwrap();
    // Closing with this resets the connection: what the other side has not read is lost.
    client.set_zero_linger().unwrap();
    server.set_zero_linger().unwrap();
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    let up = copy(from_client, to_server, limit);
    let down = copy(from_server, to_client, u64::MAX);
    tokio::select! {
        reached = up => {
            if reached {
                // What went through last has been read by then, most of the time.
                tokio::time::sleep(Duration::from_millis(20)).await;
                done.fetch_add(1, Ordering::SeqCst);
            }
        }
        _ = down => {}
    }
}

/// Answers whether the limit was reached.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, limit: u64) -> bool {
    let (mut left, mut bytes) = (limit, vec![0; 16_384]);
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let passed = left.min(read as u64);
        if to.write_all(&bytes[..passed as usize]).await.is_err() {
            return false;
        }
        left -= passed;
        if left == 0 {
            return true;
        }
    }
    false
}
