//! Where blocks are read: the origin, and perhaps a shield before it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, ObjectStore};
use origin::Object;
use tokio::time::{Instant, timeout};

use crate::breaker::{Breaker, Passage};
use crate::facts::Facts;
use crate::fill_error::FillError;
use crate::latency::Latency;
use crate::settings::Settings;

/// How long somebody may say nothing whom we can do without.
const SHIELD_PATIENCE: Duration = Duration::from_secs(2);

/// Which of several upstreams, by preference.
pub(crate) type Rank = usize;

/// The stores that an object can be read from, the preferred one first.
#[derive(Debug)]
pub(crate) struct Upstreams(Vec<Upstream>);

#[derive(Debug)]
struct Upstream {
    store: Arc<dyn ObjectStore>,
    breaker: Arc<Breaker>,
    latency: Latency,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) object: &'a Object,
    /// Some bytes, or none but what is true of the object.
    pub(crate) range: Option<GetRange>,
    /// What an earlier read told: the rest must be of the same object.
    pub(crate) known: Option<&'a Facts>,
    /// Who just failed, and is asked last.
    pub(crate) avoid: Option<Rank>,
    /// Whether only the origin itself will do.
    pub(crate) straight: bool,
    /// How long one upstream may take to begin.
    pub(crate) patience: Duration,
}

/// An answer that has begun. Whoever reads its body says how that ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) result: GetResult,
    pub(crate) from: Rank,
    pub(crate) passage: Passage,
}

impl Answer {
    pub(crate) fn facts(&self) -> Facts {
        Facts::of(&self.result.meta, self.from)
    }
}

impl Upstreams {
    pub(crate) fn new(stores: Vec<Arc<dyn ObjectStore>>, settings: &Settings) -> Self {
        let upstreams = stores.into_iter().map(|store| Upstream {
            store,
            breaker: Breaker::new(settings.failures, settings.rest),
            latency: Latency::new(),
        });
        Self(upstreams.collect())
    }

    /// Whether reads of each pass, in order.
    pub(crate) fn well(&self) -> impl Iterator<Item = bool> {
        self.0.iter().map(|upstream| upstream.breaker.is_closed())
    }

    /// Asks one upstream after the other until one answers.
    ///
    /// # Errors
    /// [`FillError::NotFound`] and [`FillError::Changed`] as the first says that is well; otherwise
    /// the last one's failure, and [`FillError::Resting`] where all are left alone.
    pub(crate) async fn get(&self, wanted: &Wanted<'_>) -> Result<Answer, FillError> {
        let mut outcome = Err(FillError::Resting { retry_after: Duration::MAX });
        for rank in self.order(wanted) {
            match self.0[rank].breaker.admit() {
                Ok(passage) => {
                    let answer = self.ask_impatiently(rank, passage, wanted).await;
                    match answer {
                        Err(error) if self.is_failure(rank, &error) => outcome = Err(error),
                        final_one => return final_one,
                    }
                }
                Err(rest) => outcome = outcome.map_err(|error| error.or_rest(rest)),
            }
        }
        outcome
    }

    fn order(&self, wanted: &Wanted<'_>) -> impl Iterator<Item = Rank> {
        let (first, avoid) = (if wanted.straight { self.last() } else { 0 }, wanted.avoid);
        let others = (first..self.0.len()).filter(move |rank| Some(*rank) != avoid);
        others.chain(avoid.filter(move |rank| *rank >= first))
    }

    fn last(&self) -> Rank {
        self.0.len() - 1
    }

    /// Whether an error speaks of the upstream rather than of the object. A shield that refuses us has another
    /// secret; the origin may well mean that there is no such object.
    fn is_failure(&self, rank: Rank, error: &FillError) -> bool {
        error.is_passing() || (rank < self.last() && matches!(error, FillError::Refused(_)))
    }

    /// Asks a second time, another upstream if there is one, where the first is among the slowest.
    async fn ask_impatiently(
        &self,
        rank: Rank,
        passage: Passage,
        wanted: &Wanted<'_>,
    ) -> Result<Answer, FillError> {
        let latency = &self.0[rank].latency;
        let mut first = pin!(self.ask(rank, passage, wanted));
        let Some(patience) = latency.patience() else { return first.await };
        if let Ok(answer) = timeout(patience, &mut first).await {
            return answer;
        }
        let second = (rank + 1).min(self.last());
        match self.0[second].breaker.admit() {
            Ok(passage) if latency.may_hedge() => {
                let second = pin!(self.ask(second, passage, wanted));
                match select(first, second).await {
                    Either::Left((Err(error), other)) if self.is_failure(rank, &error) => {
                        other.await
                    }
                    Either::Right((Err(error), other)) if error.is_passing() => other.await,
                    Either::Left((answer, _)) | Either::Right((answer, _)) => answer,
                }
            }
            _ => first.await,
        }
    }

    async fn ask(
        &self,
        rank: Rank,
        passage: Passage,
        wanted: &Wanted<'_>,
    ) -> Result<Answer, FillError> {
        let (upstream, begun) = (&self.0[rank], Instant::now());
        // Entity tags are an upstream's own.
        let known = wanted.known.filter(|facts| facts.from == rank);
        let options = GetOptions {
            range: wanted.range.clone(),
            head: wanted.range.is_none(),
            if_match: known.and_then(Facts::strong_tag),
            ..GetOptions::default()
        };
        let path = Path::from(wanted.object.to_string());
        let patience = if rank == self.last() {
            wanted.patience
        } else {
            wanted.patience.min(SHIELD_PATIENCE)
        };
        let answer = timeout(patience, upstream.store.get_opts(&path, options)).await;
        let answer = answer.map_err(|_| FillError::TimedOut(patience));
        match answer.and_then(|result| result.map_err(FillError::from)) {
            Ok(result) => {
                upstream.latency.note(begun.elapsed());
                Ok(Answer { result, from: rank, passage })
            }
            Err(error) => {
                if self.is_failure(rank, &error) {
                    passage.failed(wanted.object)
                } else {
                    passage.succeeded()
                }
                Err(error)
            }
        }
    }
}
