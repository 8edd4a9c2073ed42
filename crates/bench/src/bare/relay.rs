//! The public end.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::rc::Rc;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use tokio_tungstenite::tungstenite::Message;

use super::message::{Reader, Writer};

/// Waits for one client and carries whatever is posted to it. Prints two ports: the client's, and
/// the public one.
pub(crate) async fn serve() -> Result<()> {
    LocalSet::new().run_until(run()).await
}

async fn run() -> Result<()> {
    let links = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let public = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!(
        "{} {}",
        links.local_addr()?.port(),
        public.local_addr()?.port()
    );
    let (stream, _) = links.accept().await?;
    stream.set_nodelay(true)?;
    let link = tokio_tungstenite::accept_async(stream).await?;
    let (sink, mut messages) = link.split();
    let (outgoing, written) = mpsc::unbounded_channel();
    let open = Rc::new(Open {
        outgoing,
        waiting: RefCell::default(),
        next: Cell::default(),
    });
    let mut writer = tokio::task::spawn_local(super::write(sink, written));
    loop {
        tokio::select! {
            message = messages.next() => {
                if let Message::Binary(message) = message.context("the client has gone")?? {
                    open.answered(message)?;
                }
            }
            accepted = public.accept() => {
                let stream = accepted?.0;
                stream.set_nodelay(true)?;
                tokio::task::spawn_local(converse(TokioIo::new(stream), open.clone()));
            }
            ended = &mut writer => return ended?,
        }
    }
}

async fn converse(stream: TokioIo<tokio::net::TcpStream>, open: Rc<Open>) {
    let service = service_fn(|request| open.carry(request));
    // A connection that breaks is its sender's to report.
    let _ = http1::Builder::new()
        .serve_connection(stream, service)
        .await;
}

/// What waits for an answer.
#[derive(Debug)]
struct Open {
    outgoing: mpsc::UnboundedSender<Bytes>,
    waiting: RefCell<HashMap<u64, oneshot::Sender<Reader>>>,
    next: Cell<u64>,
}

impl Open {
    async fn carry(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let number = self.next.get();
        self.next.set(number + 1);
        let mut message = Writer::new(number, &body);
        message.put(head.method.as_str().as_bytes())?;
        message.put(head.uri.to_string().as_bytes())?;
        message.put_headers(&head.headers)?;
        let (answer, answered) = oneshot::channel();
        self.waiting.borrow_mut().insert(number, answer);
        self.outgoing.send(message.finish(&body))?;
        let mut answer = answered.await?;
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::from_bytes(&answer.take()?)?;
        answer.take_headers(response.headers_mut())?;
        *response.body_mut() = Full::new(answer.finish());
        Ok(response)
    }

    fn answered(&self, message: Bytes) -> Result<()> {
        let (number, answer) = Reader::new(message)?;
        if let Some(waiting) = self.waiting.borrow_mut().remove(&number) {
            // The sender may have gone.
            let _ = waiting.send(answer);
        }
        Ok(())
    }
}
