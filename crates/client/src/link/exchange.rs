//! The answering half of an exchange, shared by the link and the attempt that answers.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use kreel_wire::ExchangeId;
use kreel_wire::limits::MESSAGE_COST_BYTES;

use super::LinkNumber;

/// Where an answer goes, and how much of it the relay takes at the moment.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) id: ExchangeId,
    pub(crate) link: LinkNumber,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    over: bool,
    credit_bytes: u64,
    waiting: Option<Waker>,
}

/// Nobody waits for this answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unwanted;

impl Exchange {
    pub(crate) fn new(id: ExchangeId, link: LinkNumber, credit_bytes: u32) -> Self {
        Self {
            id,
            link,
            state: Mutex::new(State {
                over: false,
                credit_bytes: credit_bytes.into(),
                waiting: None,
            }),
        }
    }

    /// Whether nobody waits for the answer any more.
    pub(crate) fn is_over(&self) -> bool {
        self.state().over
    }

    /// Waits until a piece of body may be sent, and takes the credit for as much of
    /// `wanted_bytes` as there is credit for: at least one byte, or none if none is wanted.
    pub(crate) async fn take_credit(&self, wanted_bytes: usize) -> Result<usize, Unwanted> {
        let cost = u64::from(MESSAGE_COST_BYTES);
        poll_fn(|cx| {
            let mut state = self.state();
            if state.over {
                return Poll::Ready(Err(Unwanted));
            }
            if state.credit_bytes < cost + u64::from(wanted_bytes > 0) {
                state.waiting = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let affordable = usize::try_from(state.credit_bytes - cost).unwrap_or(usize::MAX);
            let taken = wanted_bytes.min(affordable);
            state.credit_bytes -= cost + taken as u64;
            Poll::Ready(Ok(taken))
        })
        .await
    }

    /// Waits until nobody waits for the answer any more.
    pub(crate) async fn ended(&self) {
        poll_fn(|cx| {
            let mut state = self.state();
            if state.over {
                return Poll::Ready(());
            }
            state.waiting = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub(super) fn add_credit(&self, bytes: u32) {
        let mut state = self.state();
        state.credit_bytes = state.credit_bytes.saturating_add(bytes.into());
        wake(state);
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.over = true;
        wake(state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let waiting = state.waiting.take();
    drop(state);
    if let Some(waker) = waiting {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn credit_is_taken_waited_for_and_ended() {
        let exchange = Arc::new(Exchange::new(ExchangeId(1), LinkNumber(1), 200));
        assert_eq!(exchange.take_credit(100).await, Ok(100));
        let waiting = tokio::spawn({
            let exchange = exchange.clone();
            async move { exchange.take_credit(100).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        exchange.add_credit(40);
        assert_eq!(waiting.await.unwrap(), Ok(12), "200 - 164 + 40 - 64");
        exchange.add_credit(64);
        assert_eq!(exchange.take_credit(0).await, Ok(0));
        exchange.end();
        assert_eq!(exchange.take_credit(1).await, Err(Unwanted));
    }
}
