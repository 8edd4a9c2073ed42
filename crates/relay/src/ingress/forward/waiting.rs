//! An exchange a sender waits on.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use kreel_wire::ExchangeId;
use tokio::sync::{Semaphore, oneshot};

use crate::answers::AnswerRoom;
use crate::ingress::answer::{Body, app_answer};
use crate::ingress::problem::Problem;
use crate::ingress::upload::UploadTask;
use crate::link::{Link, Opened};
use crate::replies::Reply;

/// An exchange a sender waits on. Dropped before its time, it tells the client that the sender
/// has left.
pub(super) struct Waiting {
    pub(super) link: Arc<Link>,
    pub(super) exchange: ExchangeId,
    pub(super) reply: oneshot::Receiver<Reply>,
    pub(super) credit: Option<Arc<Semaphore>>,
    /// The request's body, if it is small: larger ones that the app answers are not logged.
    pub(super) whole: Option<Bytes>,
    over: bool,
}

impl Waiting {
    pub(super) fn new(opened: Opened, link: Arc<Link>, whole: Option<Bytes>) -> Self {
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
    pub(super) fn replied(
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

    pub(super) fn answered(&mut self, status: u16) {
        self.over = true;
        self.link.answered(self.exchange, Some(status));
    }

    pub(super) fn cancel(&mut self) {
        self.over = true;
        self.link.cancel(self.exchange);
    }

    pub(super) fn gave_up(&mut self) -> Problem {
        self.answered(504);
        Problem::NoAnswer
    }

    pub(super) fn over(&mut self) {
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
