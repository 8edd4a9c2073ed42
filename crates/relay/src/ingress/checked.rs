//! Requests whose signature is looked at: read to their end before anybody else has anything of
//! them, and checked as they come.

use http::{Request, Response};
use hyper::body::Incoming;
use kreel_signatures::Key;
use kreel_wire::rules::Mode;
use kreel_wire::{Delivery, Policy, Verdict};

use super::answer::Body;
use super::forward::{Arrived, Arriving, Forward, now_us};
use super::problem::Problem;
use super::retained::Retained;

/// A request that has been looked at.
pub(super) enum Checked {
    /// It is all here.
    Here(Arrived),
    /// It was too large for that, and is in the store's pieces.
    Aside(Delivery, Retained),
}

impl Forward<'_> {
    /// Takes a request in whose signature is looked at.
    pub(super) async fn arrive_checked(
        &self,
        arriving: Arriving,
        request: Request<Incoming>,
        key: &Key,
        mode: Mode,
    ) -> Result<Checked, Problem> {
        let now = i64::try_from(now_us() / 1_000_000).unwrap_or(i64::MAX);
        let mut check = match key.check(request.headers(), now) {
            Ok(check) => check,
            Err(verdict) => {
                // Nothing in the body can change that.
                allowed(verdict, mode)?;
                let begun = Self::begin(arriving, request).await?;
                return self.number(begun, Some(verdict)).await.map(Checked::Here);
            }
        };
        let begun = Self::begin(arriving, request).await?;
        begun.beginning.iter().for_each(|run| check.update(run));
        if begun.body.is_complete() {
            let verdict = allowed(check.finish(), mode)?;
            return self.number(begun, Some(verdict)).await.map(Checked::Here);
        }
        let mut arrived = self.number(begun, None).await?;
        let mut retained = self.retained(&arrived.delivery);
        for run in std::mem::take(&mut arrived.beginning) {
            push(&mut retained, run).await?;
        }
        while !arrived.body.is_complete()
            && let Some(run) = arrived.body.next().await?
        {
            check.update(&run);
            push(&mut retained, run).await?;
        }
        arrived.delivery.signature = Some(allowed(check.finish(), mode)?);
        Ok(match retained.into_memory() {
            Ok(beginning) => Checked::Here(Arrived {
                beginning,
                ..arrived
            }),
            Err(retained) => Checked::Aside(arrived.delivery, retained),
        })
    }

    /// What was put aside is on disk already: it is kept, and handed over from there. Under
    /// `--strict` its sender would have to wait for that.
    pub(super) async fn keep_checked(
        &self,
        delivery: Delivery,
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

async fn push(retained: &mut Retained, run: bytes::Bytes) -> Result<(), Problem> {
    let pushed = retained.push(run).await;
    pushed.map_err(|error| Problem::store(&error))
}
