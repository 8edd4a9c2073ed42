//! Requests that rules look at beyond their heads: where signatures count, or a limit that only the
//! end of a body can tell, they are read to their end before anybody else has anything of them.

use bytes::Bytes;
use http::Response;
use kreel_signatures::Check;
use kreel_wire::rules::Mode;
use kreel_wire::{Delivery, Policy, Verdict};

use super::answer::Body;
use super::forward::{Arrived, Arriving, Begun, Forward, now_us};
use super::problem::Problem;
use super::retained::Retained;
use crate::rules::Rules;

/// A request that keeps its rules.
pub(super) enum Checked {
    /// It is all here, or need not be.
    Here(Box<Arrived>),
    /// It was too large for that, and is in the store's pieces.
    Aside(Box<(Box<Delivery>, Retained)>),
}

/// What is made of a signature.
enum Signed {
    /// Nothing.
    Ignored,
    /// It is of no use, whatever comes.
    Settled(Verdict),
    /// It depends on the body.
    Open(Box<Check>, Mode),
}

impl Signed {
    fn update(&mut self, run: &[u8]) {
        if let Self::Open(check, _) = self {
            check.update(run);
        }
    }

    /// What goes on to the app; what must not is refused.
    fn finish(self) -> Result<Option<Verdict>, Problem> {
        match self {
            Self::Ignored => Ok(None),
            Self::Settled(verdict) => Ok(Some(verdict)),
            Self::Open(check, mode) => allowed(check.finish(), mode).map(Some),
        }
    }
}

impl Forward<'_> {
    /// Takes a request in that has to keep these rules. It counts once it keeps them all.
    pub(super) async fn arrive_checked(
        &self,
        arriving: Arriving,
        rules: &Rules,
    ) -> Result<Checked, Problem> {
        let now = i64::try_from(now_us() / 1_000_000).unwrap_or(i64::MAX);
        let mut signed = match rules.signature() {
            None => Signed::Ignored,
            Some((key, mode)) => match key.check(&arriving.head.headers, now) {
                Ok(check) => Signed::Open(Box::new(check), mode),
                // Nothing in the body can change that.
                Err(verdict) => Signed::Settled(allowed(verdict, mode)?),
            },
        };
        let begun = Self::begin(arriving).await?;
        begun.beginning.iter().for_each(|run| signed.update(run));
        let is_open = matches!(signed, Signed::Open(..));
        let may_be_too_large = rules.max_body_bytes().is_some() && begun.body_bytes.is_none();
        if begun.body.is_complete() || !(is_open || may_be_too_large) {
            let verdict = signed.finish()?;
            rules.count_in()?;
            let arrived = self.number(begun, verdict).await?;
            return Ok(Checked::Here(Box::new(arrived)));
        }
        Box::pin(self.read_first(begun, signed, rules)).await
    }

    /// Reads the rest of it before it goes on.
    async fn read_first(
        &self,
        begun: Begun,
        mut signed: Signed,
        rules: &Rules,
    ) -> Result<Checked, Problem> {
        let mut arrived = self.number(begun, None).await?;
        let mut retained = self.retained(&arrived.delivery);
        for run in std::mem::take(&mut arrived.beginning) {
            push(&mut retained, run).await?;
        }
        while !arrived.body.is_complete()
            && let Some(run) = arrived.body.next().await?
        {
            signed.update(&run);
            push(&mut retained, run).await?;
        }
        arrived.delivery.signature = signed.finish()?;
        rules.count_in()?;
        Ok(match retained.in_memory() {
            Some(beginning) => Checked::Here(Box::new(Arrived {
                beginning,
                held: Some(retained),
                ..arrived
            })),
            None => Checked::Aside(Box::new((arrived.delivery, retained))),
        })
    }

    /// What was put aside is on disk already: it is kept, and handed over from there. Under
    /// `--strict` its sender would have to wait for that.
    pub(super) async fn keep_checked(
        &self,
        delivery: Box<Delivery>,
        retained: Retained,
        policy: Policy,
    ) -> Result<Response<Body>, Problem> {
        match policy.strict {
            false => self.queue_complete(delivery, retained, policy).await,
            true if retained.bytes() > self.memory.of_one() => {
                Err(Problem::TooLarge(self.memory.of_one()))
            }
            // Others' bodies have the memory that it would fit.
            true => Err(Problem::Full),
        }
    }
}

/// What goes on to the app, with its verdict.
fn allowed(verdict: Verdict, mode: Mode) -> Result<Verdict, Problem> {
    match mode {
        Mode::Verify if !verdict.is_good() => Err(Problem::Signature(verdict)),
        Mode::Verify | Mode::Mark => Ok(verdict),
    }
}

async fn push(retained: &mut Retained, run: Bytes) -> Result<(), Problem> {
    let pushed = retained.push(run).await;
    pushed.map_err(|error| Problem::store(&error))
}
