//! The end beside the app.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use anyhow::Result;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::LocalSet;
use tokio_tungstenite::tungstenite::Message;

use super::message::{Reader, Writer};
use super::record::{Exchange, Record};

/// Connections to the app that are at rest.
type Pool = RefCell<Vec<SendRequest<Full<Bytes>>>>;

/// What attempts have to do with.
#[derive(Debug)]
struct Ends {
    /// Where requests go.
    app: SocketAddr,
    /// The connections there.
    pool: Pool,
    /// Where answers go.
    outgoing: UnboundedSender<Bytes>,
    /// Where both are kept, if they are.
    record: Option<Record>,
}

/// Hands what comes over the link to the app, until the relay has gone, and keeps it in a file if
/// one is named.
pub(crate) async fn serve(
    relay: SocketAddr,
    app: SocketAddr,
    kept_in: Option<&Path>,
) -> Result<()> {
    let record = kept_in.map(Record::start).transpose()?;
    LocalSet::new().run_until(run(relay, app, record)).await
}

async fn run(relay: SocketAddr, app: SocketAddr, record: Option<Record>) -> Result<()> {
    let stream = connect(relay).await?;
    let (link, _) = tokio_tungstenite::client_async(format!("ws://{relay}/"), stream).await?;
    let (sink, mut messages) = link.split();
    let (outgoing, written) = mpsc::unbounded_channel();
    tokio::task::spawn_local(told(super::write(sink, written)));
    let ends = Rc::new(Ends {
        app,
        pool: Pool::default(),
        outgoing,
        record,
    });
    while let Some(message) = messages.next().await {
        if let Message::Binary(message) = message? {
            tokio::task::spawn_local(told(attempt(message, ends.clone())));
        }
    }
    Ok(())
}

/// What went wrong goes to the end's log: its sender only sees that nothing comes.
async fn told(work: impl Future<Output = Result<()>>) {
    if let Err(error) = work.await {
        eprintln!("{error:#}");
    }
}

async fn attempt(message: Bytes, ends: Rc<Ends>) -> Result<()> {
    let began = Instant::now();
    let whole = message.clone();
    let (number, mut message) = Reader::new(message)?;
    let mut request = Request::new(Full::default());
    *request.method_mut() = Method::from_bytes(&message.take()?)?;
    *request.uri_mut() = Uri::from_maybe_shared(message.take()?)?;
    message.take_headers(request.headers_mut())?;
    let posted = message.finish();
    *request.body_mut() = Full::new(posted.clone());
    let pooled = ends.pool.borrow_mut().pop();
    let mut connection = match pooled {
        Some(connection) => connection,
        None => {
            let stream = TokioIo::new(connect(ends.app).await?);
            let (connection, driver) = http1::handshake(stream).await?;
            tokio::task::spawn_local(driver);
            connection
        }
    };
    connection.ready().await?;
    let (head, body) = connection.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut answer = Writer::new(number, &body);
    answer.put(head.status.as_str().as_bytes())?;
    answer.put_headers(&head.headers)?;
    let answer = answer.finish(&body);
    if let Some(record) = &ends.record {
        let exchange = Exchange {
            head: whole.slice(..whole.len() - posted.len()),
            body: posted,
            status: head.status.as_u16(),
            answer: answer.clone(),
            took: began.elapsed(),
        };
        record.put(exchange).await?;
    }
    ends.outgoing.send(answer)?;
    ends.pool.borrow_mut().push(connection);
    Ok(())
}

async fn connect(to: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
