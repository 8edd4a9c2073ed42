//! One request to a tunnel, from its head to its answer: the table of how a sender is answered.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use kreel_wire::limits::CHUNK_BYTES;
use kreel_wire::{
    AnswerMode, Delivery, DeliveryId, ExchangeId, Headers, HeadersBuilder, Kind, Policy,
    Request as ToApp, Verdict,
};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::answer::{Body, app_answer};
use super::body::SenderBody;
use super::checked::Checked;
use super::keep::{State, accepted, keep, read_all};
use super::problem::Problem;
use super::retained::{Memory, Retained};
use super::upload::{Progress, Rest, Upload, UploadTask};
use crate::admission::Held;
use crate::answers::AnswerRoom;
use crate::framing::Order;
use crate::link::{Link, Opened};
use crate::proxies::Origin;
use crate::replies::Reply;
use crate::rules::Rules;
use crate::shared::Shared;
use crate::tunnels::Tunnel;

/// Delivers one request, and answers its sender.
pub(super) async fn forward(
    shared: &Arc<Shared>,
    tunnel: &Arc<Tunnel>,
    arriving: Arriving,
    request: Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    let memory = Memory::within(&arriving.held.limits);
    let forward = Forward {
        shared,
        tunnel,
        memory,
    };
    forward.answer(arriving, request).await
}

pub(super) struct Forward<'a> {
    shared: &'a Arc<Shared>,
    tunnel: &'a Arc<Tunnel>,
    pub(super) memory: Memory,
}

/// What is known of a request before it is read.
pub(super) struct Arriving {
    /// What it is called from now on.
    pub(super) id: DeliveryId,
    /// Who it comes from.
    pub(super) origin: Origin,
    /// The limits it is under.
    pub(super) held: Arc<Held>,
    /// Path and query behind the tunnel's name, and behind what is secret of its address.
    pub(super) target: Bytes,
    /// Who may post, if not everybody.
    pub(super) rules: Option<Arc<Rules>>,
}

/// A request whose beginning is here, before it has a position.
pub(super) struct Begun {
    id: DeliveryId,
    origin: Origin,
    target: Bytes,
    head: Parts,
    /// What the sender said it is.
    pub(super) body_bytes: Option<u64>,
    /// `Authorization` was for the relay.
    hides_authorization: bool,
    pub(super) beginning: Vec<Bytes>,
    pub(super) body: SenderBody,
}

/// A request whose beginning is here.
pub(super) struct Arrived {
    pub(super) delivery: Delivery,
    pub(super) beginning: Vec<Bytes>,
    pub(super) body: SenderBody,
    /// Where it was read to its end first, all of it: those bytes are in the beginning, too.
    pub(super) held: Option<Retained>,
}

impl Forward<'_> {
    async fn answer(
        &self,
        arriving: Arriving,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Problem> {
        let address = arriving.origin.address;
        let arrived = match arriving.rules.clone() {
            None => {
                let begun = Self::begin(arriving, request).await?;
                self.number(begun, None).await?
            }
            Some(rules) => match Box::pin(self.arrive_checked(arriving, request, &rules)).await? {
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
        let place = match self.shared.admission.request(address) {
            Ok(place) => place,
            Err(too_many) if policy.strict => return Err(too_many.into()),
            // Others have their turn; it has its own when the app gets to what waits.
            Err(_) => return Box::pin(self.queue(arrived, policy, None)).await,
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

    /// Waits for a request's beginning.
    pub(super) async fn begin(
        arriving: Arriving,
        request: Request<Incoming>,
    ) -> Result<Begun, Problem> {
        let Arriving {
            id,
            origin,
            held,
            target,
            rules,
        } = arriving;
        let limits = &held.limits;
        let (head, incoming) = request.into_parts();
        let of_rules = rules.as_ref().and_then(|rules| rules.max_body_bytes());
        let most = of_rules.map_or(limits.max_body_bytes, |most| {
            most.min(limits.max_body_bytes)
        });
        let mut body = SenderBody::new(incoming, most, limits)?;
        let body_bytes = body.told_bytes();
        let beginning = body.beginning().await?;
        Ok(Begun {
            id,
            origin,
            target,
            head,
            body_bytes,
            hides_authorization: rules.is_some_and(|rules| rules.takes_authorization()),
            beginning,
            body,
        })
    }

    /// Makes a delivery of it, at its position.
    pub(super) async fn number(
        &self,
        begun: Begun,
        signature: Option<Verdict>,
    ) -> Result<Arrived, Problem> {
        let Begun {
            id,
            origin,
            target,
            head,
            body_bytes,
            hides_authorization,
            beginning,
            body,
        } = begun;
        let seq = self
            .tunnel
            .next_seq(&self.shared.store)
            .await
            .map_err(|error| Problem::store(&error))?;
        let delivery = Delivery {
            id,
            seq,
            received_at_us: now_us(),
            kind: Kind::Live,
            method: head.method.as_str().into(),
            target,
            headers: lines(&head, hides_authorization),
            scheme: origin.scheme,
            forwarded_for: origin.address.to_string().into(),
            body_bytes,
            attempted: false,
            signature,
        };
        Ok(Arrived {
            delivery,
            beginning,
            body,
            held: None,
        })
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
        delivery: Delivery,
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
        delivery: Delivery,
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
        delivery: Delivery,
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

    /// The request's body is still arriving, while the app may answer already.
    async fn stream_to_app(
        &self,
        mut waiting: Waiting,
        delivery: Delivery,
        rest: Rest,
        policy: Policy,
    ) -> Result<Response<Body>, Problem> {
        let (progress, no_sending) = (Progress::new(), CancellationToken::new());
        let upload = Upload {
            rest,
            link: waiting.link.clone(),
            exchange: waiting.exchange,
            credit: waiting.credit.take(),
            progress: progress.clone(),
            no_sending: no_sending.clone(),
        };
        let mut upload = upload.start();
        let mut deadline = Instant::now() + policy.wait;
        loop {
            tokio::select! {
                // An answer that is there counts, however late it is noticed.
                biased;
                reply = &mut waiting.reply => return match reply {
                    Ok(reply) => waiting.replied(reply, Some(upload), &self.shared.answers),
                    Err(_) => self.keep_upload(upload, delivery, policy, Problem::NoClient).await,
                },
                uploaded = upload.done() => {
                    let retained = uploaded.inspect_err(|_| waiting.over())?;
                    return if no_sending.is_cancelled() {
                        self.keep_rest(delivery, retained, policy).await
                    } else {
                        let deadline = Instant::now() + policy.wait;
                        self.wait_for_app(waiting, delivery, retained, policy, deadline).await
                    };
                }
                () = sleep_until(deadline) => {
                    deadline = progress.moved_at() + policy.wait;
                    if deadline <= Instant::now() {
                        waiting.cancel();
                        no_sending.cancel();
                        return self.keep_upload(upload, delivery, policy, Problem::NoAnswer).await;
                    }
                }
            }
        }
    }

    /// The client can't have the rest now: the delivery is kept whole, for later.
    async fn keep_upload(
        &self,
        mut upload: UploadTask,
        delivery: Delivery,
        policy: Policy,
        strictly: Problem,
    ) -> Result<Response<Body>, Problem> {
        if policy.strict {
            return Err(strictly);
        }
        let retained = upload.done().await?;
        self.keep_rest(delivery, retained, policy).await
    }

    async fn keep_rest(
        &self,
        delivery: Delivery,
        retained: Option<Retained>,
        policy: Policy,
    ) -> Result<Response<Body>, Problem> {
        let retained = retained.ok_or(Problem::NoClient)?;
        self.queue_complete(delivery, retained, policy).await
    }

    async fn open(
        &self,
        link: &Link,
        delivery: &Delivery,
        body: Bytes,
        end: bool,
        deadline: Instant,
    ) -> Result<Opened, Problem> {
        let delivery = delivery.clone();
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

/// An exchange a sender waits on. Dropped before its time, it tells the client that the sender
/// has left.
struct Waiting {
    link: Arc<Link>,
    exchange: ExchangeId,
    reply: tokio::sync::oneshot::Receiver<Reply>,
    credit: Option<Arc<tokio::sync::Semaphore>>,
    /// The request's body, if it is small: larger ones that the app answers are not logged.
    whole: Option<Bytes>,
    over: bool,
}

impl Waiting {
    fn new(opened: Opened, link: Arc<Link>, whole: Option<Bytes>) -> Self {
        let Opened {
            exchange,
            reply,
            credit,
        } = opened;
        Self {
            link,
            exchange,
            reply,
            credit,
            whole,
            over: false,
        }
    }

    /// Hands the app's answer on. The upload goes on beside it if it is not complete.
    fn replied(
        mut self,
        reply: Reply,
        upload: Option<UploadTask>,
        room: &AnswerRoom,
    ) -> Result<Response<Body>, Problem> {
        self.over = true;
        match reply {
            Reply::Answered(head, body) => Ok(app_answer(
                head,
                body,
                &self.link,
                self.exchange,
                upload,
                room,
            )),
            Reply::Failed(failure) => Err(Problem::Failed(failure)),
        }
    }

    fn answered(&mut self, status: u16) {
        self.over = true;
        self.link.answered(self.exchange, Some(status));
    }

    fn cancel(&mut self) {
        self.over = true;
        self.link.cancel(self.exchange);
    }

    fn gave_up(&mut self) -> Problem {
        self.answered(504);
        Problem::NoAnswer
    }

    fn over(&mut self) {
        self.over = true;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.over {
            self.link.answered(self.exchange, None);
        }
    }
}

fn kept_status(policy: Policy) -> u16 {
    match policy.answer {
        AnswerMode::App => 202,
        AnswerMode::Now(status) => status,
    }
}

/// What fits the first message: the first run, or all runs joined if they are small.
fn take_first(runs: &mut Vec<Bytes>) -> Bytes {
    if let Some(whole) = join(runs) {
        runs.clear();
        return whole;
    }
    let mut first = runs.remove(0);
    let head = first.split_to(first.len().min(CHUNK_BYTES));
    if !first.is_empty() {
        runs.insert(0, first);
    }
    head
}

/// All runs as one, if together they fit a message.
fn join(runs: &[Bytes]) -> Option<Bytes> {
    match runs {
        [] => Some(Bytes::new()),
        [one] if one.len() <= CHUNK_BYTES => Some(one.clone()),
        several if several.iter().map(Bytes::len).sum::<usize>() <= CHUNK_BYTES => {
            let mut whole = BytesMut::with_capacity(CHUNK_BYTES);
            several.iter().for_each(|run| whole.extend_from_slice(run));
            Some(whole.freeze())
        }
        _ => None,
    }
}

/// The header lines as sent, in their order (over HTTP/2, lines of one name together, since that is
/// how they are handed over). HTTP/2 says the host elsewhere; it is a header line like others for an
/// app (RFC 9113, section 8.3.1). What was shown to the relay alone is left out: nobody shall keep it.
fn lines(head: &Parts, hides_authorization: bool) -> Headers {
    let authority = head
        .uri
        .authority()
        .filter(|_| !head.headers.contains_key(HOST));
    let order = head.extensions.get::<Order>();
    let in_order = order.and_then(|order| order.of(&head.headers));
    if authority.is_none() && in_order.is_none() && !hides_authorization {
        return Headers::from_map(&head.headers);
    }
    let mut builder = HeadersBuilder::with_capacity(head.headers.len() + 1);
    if let Some(authority) = authority {
        builder.push(b"host", authority.as_str().as_bytes());
    }
    let mut push = |(name, value): (&HeaderName, &HeaderValue)| {
        if !(hides_authorization && *name == AUTHORIZATION) {
            builder.push(name.as_str().as_bytes(), value.as_bytes());
        }
    };
    match in_order {
        Some(lines) => lines.into_iter().for_each(&mut push),
        None => head.headers.iter().for_each(&mut push),
    }
    builder.build()
}

/// Microseconds since 1970.
pub(crate) fn now_us() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
