//! A request whose body is still arriving while it is handed on.

use http::Response;
use kreel_wire::{Delivery, Policy};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Forward;
use super::waiting::Waiting;
use crate::ingress::answer::Body;
use crate::ingress::problem::Problem;
use crate::ingress::retained::Retained;
use crate::ingress::upload::{Progress, Rest, Upload, UploadTask};

impl Forward<'_> {
    /// The request's body is still arriving, while the app may answer already.
    pub(super) async fn stream_to_app(
        &self,
        mut waiting: Waiting,
        delivery: Box<Delivery>,
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
        delivery: Box<Delivery>,
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
        delivery: Box<Delivery>,
        retained: Option<Retained>,
        policy: Policy,
    ) -> Result<Response<Body>, Problem> {
        let retained = retained.ok_or(Problem::NoClient)?;
        self.queue_complete(delivery, retained, policy).await
    }
}
