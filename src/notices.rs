//! How edges hear what they must forget, revoke and withdraw: the settings of the bus, and an edge that follows it.

use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use bus::{Bus, Follower, Name};
use delivery::Edge;
use invalidation::hearing::Hearing;
use invalidation::{Notice, hear};
use service::Shutdown;
use service::config::{ConfigError, Key, Said};
use service::health::{Condition, Health};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

const BUS: Key = Key::secret(
    "bus",
    "the URL of a NATS server with JetStream, such as nats://127.0.0.1:4222 or tls://USER:PASSWORD@HOST:4222",
);
pub(crate) const BUS_PREFIX: Key =
    Key::new("bus_prefix", "1 to 128 letters, digits, '-' and '_': what its streams begin with");
const NODE: Key =
    Key::new("node", "1 to 128 letters, digits, '-' and '_': a name that no other edge has");

/// What a role's list of keys must contain.
pub(crate) const KEYS: [Key; 3] = [BUS, BUS_PREFIX, NODE];

/// What the list of keys of a role must contain that says something on a bus, and hears nothing.
pub(crate) const SPEAKERS_KEYS: [Key; 2] = [BUS, BUS_PREFIX];

/// The flags of the bus. Its URL may hold a password: SEGUE_BUS alone carries it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct NoticeArgs {
    /// What the streams of the NATS server in SEGUE_BUS begin with [default: segue]
    #[arg(long, value_name = "NAME")]
    bus_prefix: Option<String>,
    /// What this edge is called in receipts [default: the name of the machine]
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
}

impl NoticeArgs {
    pub(crate) fn flags(self) -> [(&'static str, Option<String>); 2] {
        [(BUS_PREFIX.name, self.bus_prefix), (NODE.name, self.node)]
    }
}

/// Where notices come from, and who hears them.
#[derive(Debug)]
pub(crate) struct Notices {
    /// The URL of a NATS server.
    url: Option<BusUrl>,
    prefix: Name,
    node: Name,
}

/// Perhaps with a password in it.
#[derive(Clone)]
struct BusUrl(String);

impl FromStr for BusUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for BusUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BusUrl")
    }
}

impl Notices {
    /// Checks what was said.
    pub(crate) fn decide(said: &Said) -> Result<Self, ConfigError> {
        let default = |name: &str| name.parse().expect("a name");
        Ok(Self {
            url: said.get(&BUS)?,
            prefix: said.get(&BUS_PREFIX)?.unwrap_or_else(|| default("segue")),
            node: said.get(&NODE)?.or_else(machine).unwrap_or_else(|| default("edge")),
        })
    }

    /// The bus that was named.
    pub(crate) async fn bus(&self) -> anyhow::Result<Option<Bus>> {
        let Some(BusUrl(url)) = &self.url else { return Ok(None) };
        // The URL may hold a password: it is not repeated.
        let bus = Bus::connect(url, &self.prefix).await;
        bus.map(Some)
            .map_err(|_| anyhow::anyhow!("bus cannot be used; accepted is {}", BUS.accepts))
    }

    /// The bus that was named, or else one within this process that remembers in `journal`.
    pub(crate) async fn bus_or_own(&self, journal: &Path) -> anyhow::Result<Bus> {
        match self.bus().await? {
            Some(bus) => Ok(bus),
            None => {
                Bus::open(journal).with_context(|| format!("{} cannot be used", journal.display()))
            }
        }
    }

    /// The bus that carries what has happened, which edges do not hear: streams of its own on the server that was named,
    /// or else one within this process that remembers in `journal`.
    pub(crate) async fn event_bus(&self, journal: &Path) -> anyhow::Result<Bus> {
        self.about_events()?.bus_or_own(journal).await
    }

    /// The same, where a server was named.
    pub(crate) async fn shared_event_bus(&self) -> anyhow::Result<Option<Bus>> {
        self.about_events()?.bus().await
    }

    fn about_events(&self) -> anyhow::Result<Self> {
        let prefix = format!("{}-events", self.prefix).parse();
        let prefix = prefix.context("bus_prefix is too long")?;
        Ok(Self { url: self.url.clone(), prefix, node: self.node.clone() })
    }

    /// Hears what a bus carries, under this node's name.
    pub(crate) fn follow(&self, bus: &Bus) -> Follower {
        bus.follow(self.node.clone())
    }

    /// Lets `edge` take every notice to heart, until it leaves. Returns once the edge has heard all that stands: one that
    /// served before that could serve what was withdrawn while it was down. Or once `shutdown` begins.
    pub(crate) async fn heed(
        &self,
        bus: &Bus,
        edge: &Edge,
        health: &Health,
        shutdown: &Shutdown,
    ) -> Heeding {
        let (told, mut heard) = watch::channel(false);
        let (leaving, left) = oneshot::channel::<()>();
        let edge = edge.clone();
        let condition =
            health.condition("notices", "not yet caught up with what all edges were told");
        let mut follower = self.follow(bus);
        let task = tokio::spawn(async move {
            let note = |hearing| {
                note(&condition, hearing);
                told.send_replace(hearing == Hearing::CaughtUp);
            };
            tokio::select! {
                () = hear(&mut follower, |notice| heed(&edge, notice), note) => {}
                _ = left => {}
            }
            if let Err(error) = follower.leave().await {
                tracing::warn!(%error, "could not say goodbye: receipts will wait for this edge");
            }
        });
        tokio::select! {
            _ = heard.wait_for(|caught_up| *caught_up) => {}
            () = shutdown.begun() => {}
        }
        Heeding { leaving, task }
    }
}

/// An edge that hears what all edges are told.
#[derive(Debug)]
pub(crate) struct Heeding {
    leaving: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Heeding {
    /// Ends it, once nobody is served any more: whoever serves must hear.
    pub(crate) async fn leave(self) {
        drop(self.leaving);
        // A bus that does not answer is not waited for.
        let _ = timeout(GOODBYE, self.task).await;
    }
}

/// The name of the machine, where that is one.
fn machine() -> Option<Name> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    name.trim().replace('.', "-").parse().ok()
}

fn heed(edge: &Edge, notice: Notice) {
    tracing::info!(?notice, "heeded");
    match notice {
        Notice::Purge(purge) => edge.purge(&purge),
        Notice::Revoke(revocation) => edge.revoke(revocation),
        Notice::Withdraw(key) => edge.withdraw(key),
        Notice::Restore(key) => edge.restore(key),
    }
}

/// An edge that is cut off goes on serving, but says so: what it does not hear, it cannot refuse.
fn note(condition: &Condition, hearing: Hearing) {
    match hearing {
        Hearing::CaughtUp => condition.holds(),
        Hearing::CutOff => condition.fails("cut off from the bus"),
    }
}
