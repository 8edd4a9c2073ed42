//! One request to a tunnel, from its head to its answer: the table of how a sender is answered.

mod arriving;
mod streaming;
mod waiting;

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use kreel_wire::{AnswerMode, Delivery, ExchangeId, Policy, Request as ToApp};
use tokio::time::{Instant, timeout_at};

pub(crate) use self::arriving::now_us;
pub(super) use self::arriving::{Arrived, Arriving, Begun, Sender};
use self::arriving::{join, take_first};
use self::waiting::Waiting;
use super::answer::Body;
use super::checked::Checked;
use super::keep::{State, accepted, keep, read_all};
use super::problem::Problem;
use super::retained::{Memory, Retained};
use super::upload::Rest;
use crate::link::{Link, Opened};
use crate::replies::Reply;
use crate::shared::Shared;
use crate::tunnels::Tunnel;

/// Delivers one request, and answers its sender.
pub(super) async fn forward(
    shared: &Arc<Shared>,
    tunnel: &Arc<Tunnel>,
    arriving: Arriving,
) -> Result<Response<Body>, Problem> {
    let memory = Memory::within(&arriving.held.limits);
    let forward = Forward {
        shared,
        tunnel,
        memory,
    };
    forward.answer(arriving).await
}

pub(super) struct Forward<'a> {
    shared: &'a Arc<Shared>,
    tunnel: &'a Arc<Tunnel>,
    pub(super) memory: Memory,
}

impl Forward<'_> {
    async fn answer(&self, arriving: Arriving) -> Result<Response<Body>, Problem> {
        let address = arriving.sender.origin.address;
        let arrived = match arriving.rules.clone() {
            None => {
                let begun = Self::begin(arriving).await?;
                self.number(begun, None).await?
            }
            Some(rules) => match Box::pin(self.arrive_checked(arriving, &rules)).await? {
                Checked::Here(arrived) => *arrived,
                Checked::Aside(aside) => {
                    let (delivery, retained) = *aside;
                    let (policy, _) = self.tunnel.live();
                    return Box::pin(self.keep_checked(delivery, retained, policy)).await;
                }
            },
        };
        let (policy, link) = self.tunnel.live();
        let Some(link) = link else {
            return match policy.strict {
                true => Err(Problem::NoClient),
                // Boxed, as all that is rare: each request has room for the rest.
                false => Box::pin(self.queue(arrived, policy, None)).await,
            };
        };
        let number = self.tunnel.shelf.tunnel;
        let place = match self.shared.admission.request(address, number) {
            Ok(place) => place,
            Err(too_many) if policy.strict => return Err(too_many.into()),
            // Others have their turn; it has its own when the app gets to what waits.
            Err(_) => {
                self.shared.held_back(address, arrived.delivery.id);
                return Box::pin(self.queue(arrived, policy, None)).await;
            }
        };
        let mut answer = match policy.answer {
            // Under `strict` no answer is the relay's own.
            AnswerMode::Now(_) if !policy.strict => {
                Box::pin(self.answer_now(arrived, policy, link)).await
            }
            AnswerMode::Now(_) | AnswerMode::App => self.answer_as_app(arrived, policy, link).await,
        };
        if let (Ok(response), Some(place)) = (&mut answer, place) {
            // It is under way until its answer is read.
            response.body_mut().hold_place(place);
        }
        answer
    }

    /// Keeps the delivery for a client to come, then says so.
    async fn queue(
        &self,
        arrived: Arrived,
        policy: Policy,
        retained: Option<Retained>,
    ) -> Result<Response<Body>, Problem> {
        let Arrived {
            delivery,
            beginning,
            mut body,
            held,
        } = arrived;
        if let Some(held) = held {
            return self.queue_complete(delivery, held, policy).await;
        }
        let mut retained = retained.unwrap_or_else(|| self.retained(&delivery));
        read_all(&mut retained, beginning, &mut body).await?;
        self.queue_complete(delivery, retained, policy).await
    }

    pub(super) async fn queue_complete(
        &self,
        delivery: Box<Delivery>,
        retained: Retained,
        policy: Policy,
    ) -> Result<Response<Body>, Problem> {
        let id = delivery.id;
        keep(self.shared, self.tunnel, delivery, retained, None).await?;
        Ok(accepted(kept_status(policy), id, State::Queued))
    }

    /// `--answer now`: on disk, then 200; the app gets it meanwhile.
    async fn answer_now(
        &self,
        arrived: Arrived,
        policy: Policy,
        link: Arc<Link>,
    ) -> Result<Response<Body>, Problem> {
        let whole = arrived
            .body
            .is_complete()
            .then(|| join(&arrived.beginning))
            .flatten();
        let Some(whole) = whole else {
            return self.queue(arrived, policy, None).await;
        };
        let mut delivery = arrived.delivery;
        let (id, status) = (delivery.id, kept_status(policy));
        let retained = match arrived.held {
            Some(held) => held,
            None => self.retained_from(&delivery, &whole).await?,
        };
        // Before it is sent: the client may answer for it before it is on disk.
        link.keeping(delivery.seq);
        let deadline = Instant::now() + policy.wait;
        let Ok(opened) = self.open(&link, &delivery, whole, true, deadline).await else {
            link.not_kept(delivery.seq);
            return self.queue_complete(delivery, retained, policy).await;
        };
        delivery.attempted = true;
        keep(self.shared, self.tunnel, delivery, retained, Some(&link)).await?;
        link.answered(opened.exchange, Some(status));
        Ok(accepted(status, id, State::Pending))
    }

    /// The app's own answer, or what stands in for it.
    async fn answer_as_app(
        &self,
        arrived: Arrived,
        policy: Policy,
        link: Arc<Link>,
    ) -> Result<Response<Body>, Problem> {
        let Arrived {
            mut delivery,
            mut beginning,
            body,
            held,
        } = arrived;
        let complete = body.is_complete();
        let first = take_first(&mut beginning);
        let end = complete && beginning.is_empty();
        let is_held = held.is_some();
        let (retained, counted) = match held {
            // Not to be kept, but to count while it is here.
            held if policy.strict => (None, held),
            Some(held) => (Some(held), None),
            None => (Some(self.retained_from(&delivery, &first).await?), None),
        };
        let whole = end.then(|| first.clone());
        let deadline = Instant::now() + policy.wait;
        let opened = match self.open(&link, &delivery, first, end, deadline).await {
            Ok(opened) => opened,
            Err(problem) if policy.strict => return Err(problem),
            Err(_) => {
                if is_held {
                    beginning.clear();
                }
                let arrived = Arrived {
                    delivery,
                    beginning,
                    body,
                    held: None,
                };
                return Box::pin(self.queue(arrived, policy, retained)).await;
            }
        };
        // Should it be kept after all.
        delivery.attempted = true;
        let waiting = Waiting::new(opened, link, whole);
        if end {
            self.wait_for_app(waiting, delivery, retained, policy, deadline)
                .await
        } else {
            let rest = Rest {
                ahead: beginning,
                body,
                retained,
                is_retained: is_held,
                counted,
            };
            Box::pin(self.stream_to_app(waiting, delivery, rest, policy)).await
        }
    }

    /// The whole request is with the client: its answer, until `--wait` is over.
    async fn wait_for_app(
        &self,
        mut waiting: Waiting,
        delivery: Box<Delivery>,
        retained: Option<Retained>,
        policy: Policy,
        deadline: Instant,
    ) -> Result<Response<Body>, Problem> {
        match timeout_at(deadline, &mut waiting.reply).await {
            Ok(Ok(reply)) => {
                if let (Reply::Answered(..), Some(whole)) = (&reply, &waiting.whole) {
                    self.shared.store.log(&self.tunnel.shelf, &delivery, whole);
                }
                waiting.replied(reply, None, &self.shared.answers)
            }
            Ok(Err(_)) => match retained {
                Some(retained) => Box::pin(self.queue_complete(delivery, retained, policy)).await,
                None => Err(Problem::NoClient),
            },
            Err(_) => match retained {
                Some(retained) => {
                    Box::pin(self.leave_pending(waiting, delivery, retained, policy)).await
                }
                None => Err(waiting.gave_up()),
            },
        }
    }

    /// The app is still at work: the delivery is kept, the sender told, the attempt goes on.
    async fn leave_pending(
        &self,
        mut waiting: Waiting,
        delivery: Box<Delivery>,
        retained: Retained,
        policy: Policy,
    ) -> Result<Response<Body>, Problem> {
        let (id, status) = (delivery.id, kept_status(policy));
        waiting.link.keeping(delivery.seq);
        keep(
            self.shared,
            self.tunnel,
            delivery,
            retained,
            Some(&waiting.link),
        )
        .await?;
        waiting.answered(status);
        Ok(accepted(status, id, State::Pending))
    }

    async fn open(
        &self,
        link: &Link,
        delivery: &Delivery,
        body: Bytes,
        end: bool,
        deadline: Instant,
    ) -> Result<Opened, Problem> {
        let delivery = Box::new(delivery.clone());
        let request = ToApp {
            exchange: ExchangeId(0),
            delivery,
            body,
            end,
        };
        let opened = timeout_at(deadline, link.open(request)).await;
        opened
            .map_err(|_| Problem::NoAnswer)?
            .map_err(|_| Problem::NoClient)
    }

    pub(super) fn retained(&self, delivery: &Delivery) -> Retained {
        Retained::new(self.shared, &self.tunnel.shelf, delivery.seq, self.memory)
    }

    /// The same, with its beginning.
    async fn retained_from(&self, delivery: &Delivery, first: &Bytes) -> Result<Retained, Problem> {
        let mut retained = self.retained(delivery);
        let pushed = retained.push(first.clone()).await;
        pushed.map_err(|error| Problem::store(&error))?;
        Ok(retained)
    }
}

fn kept_status(policy: Policy) -> u16 {
    match policy.answer {
        AnswerMode::App => 202,
        AnswerMode::Now(status) => status,
    }
}
