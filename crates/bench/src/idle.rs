//! What an idle client costs the relay in memory: many links, opened from here without the rest
//! of a client, and left alone.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use kreel_socket::{Burst, MessageSocket, websocket_config};
use kreel_wire::limits::WINDOW_BYTES;
use kreel_wire::{Hello, Policy, ToClient, Version, WelcomeOrReject};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::aims::Verdict;
use crate::args::Args;
use crate::contender::{Relay, Stage};
use crate::figures::Spread;
use crate::load::Target;
use crate::process::Process;

/// Measures without TLS and, if wanted, with it.
pub(crate) async fn measure(stage: &Stage, args: &Args) -> Result<Vec<Verdict>> {
    let mut verdicts = vec![idle(stage, false).await?];
    if args.tls() {
        verdicts.push(idle(stage, true).await?);
    }
    Ok(verdicts)
}

async fn idle(stage: &Stage, tls: bool) -> Result<Verdict> {
    let (name, most) = if tls {
        ("idle-tls", 30.0)
    } else {
        ("idle", 12.0)
    };
    let dir = stage.folder(name)?;
    let relay = Relay::start(stage, &dir, tls).await?;
    let target = relay.target()?;
    let token = token(&relay.token)?;
    let mut links = JoinSet::new();
    // One beforehand: what the relay needs for links as such is not any one link's.
    open(&target, &token, 0, &mut links).await?;
    let before = settled(&relay.process).await;
    for number in 1..=LINKS {
        open(&target, &token, number, &mut links).await?;
    }
    let after = settled(&relay.process).await;
    if let Some(ended) = links.try_join_next() {
        bail!("an idle link ended: {}", ended?);
    }
    let each = after.saturating_sub(before) as f64 / f64::from(LINKS);
    let of = if tls {
        "relay memory per idle link, TLS"
    } else {
        "relay memory per idle link"
    };
    let got = Spread::of([each]).context("one value")?;
    Ok(Verdict::aim(of, most, got, "KiB"))
}

/// Makes a tunnel nobody listens on, and says where to post to it.
pub(crate) async fn deserted(relay: &Relay) -> Result<Target> {
    let (target, token) = (relay.target()?, token(&relay.token)?);
    let mut links = JoinSet::new();
    open(&target, &token, 0, &mut links).await?;
    links.shutdown().await;
    // The relay notices when it reads the end of the connection.
    tokio::time::sleep(SETTLE_POLL).await;
    relay.kept_at("idle-0")
}

/// Opens one link with a tunnel of its own, and a task that answers its heartbeat.
async fn open(
    target: &Target,
    token: &HeaderValue,
    number: u32,
    links: &mut JoinSet<String>,
) -> Result<()> {
    let stream = TcpStream::connect(target.addr).await?;
    stream.set_nodelay(true)?;
    let request = upgrade(&target.host, token)?;
    match &target.tls {
        None => links.spawn(stay(link(stream, request, number).await?)),
        Some(tls) => {
            let stream = tls.connector.connect(tls.name.clone(), stream).await?;
            links.spawn(stay(link(stream, request, number).await?))
        }
    };
    Ok(())
}

fn upgrade(host: &str, token: &HeaderValue) -> Result<Request<()>> {
    let mut request = format!("ws://{host}/_kreel/link").into_client_request()?;
    let protocol = HeaderValue::from_static(Version::V1.subprotocol());
    request
        .headers_mut()
        .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    request.headers_mut().insert(AUTHORIZATION, token.clone());
    Ok(request)
}

async fn link<S>(stream: S, request: Request<()>, number: u32) -> Result<MessageSocket<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = Burst::new(stream, Bytes::new());
    let config = Some(websocket_config());
    let (websocket, _) = client_async_with_config(request, stream, config).await?;
    let mut socket = MessageSocket::new(websocket);
    let hello = Hello {
        client: "kreel-bench".to_owned(),
        instance: number.into(),
        tunnel: format!("idle-{number}").parse()?,
        policy: Policy::default(),
        window_bytes: WINDOW_BYTES,
        since_us: None,
    };
    socket.send_now(hello).await?;
    match socket.receive().await? {
        WelcomeOrReject::Welcome(_) => Ok(socket),
        WelcomeOrReject::Reject(reject) => bail!("the relay refused a link: {}", reject.message),
    }
}

/// Keeps a link alive; ends only with it, and says why.
async fn stay<S: AsyncRead + AsyncWrite + Unpin>(mut socket: MessageSocket<S>) -> String {
    let received = std::future::poll_fn(|cx| {
        let received = socket.poll_receive::<ToClient>(cx);
        // Pongs are queued by the read; a flush that has to wait is polled again with it.
        let _ = socket.poll_flush(cx);
        received
    });
    match received.await {
        Ok(message) => format!("it got {message:?}"),
        Err(error) => error.to_string(),
    }
}

/// The resident memory of a process once it has stopped changing, in KiB.
async fn settled(process: &Process) -> u64 {
    let mut before = process.usage().resident_kib;
    let mut still = 0;
    for _ in 0..SETTLE_POLLS {
        tokio::time::sleep(SETTLE_POLL).await;
        let now = process.usage().resident_kib;
        still = if now == before { still + 1 } else { 0 };
        before = now;
        if still == 5 {
            break;
        }
    }
    before
}

fn token(file: &Path) -> Result<HeaderValue> {
    let token =
        std::fs::read_to_string(file).with_context(|| format!("no token in {}", file.display()))?;
    let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.trim()))?;
    bearer.set_sensitive(true);
    Ok(bearer)
}

/// Enough that pages do not blur the figure; few enough for the usual 1,024 open files.
const LINKS: u32 = 500;

const SETTLE_POLL: Duration = Duration::from_millis(100);

/// Three seconds: memory that still changes then changes for ever.
const SETTLE_POLLS: u32 = 30;

#[cfg(test)]
mod tests {
    use kreel_wire::{Seq, Welcome};
    use tokio_tungstenite::accept_hdr_async_with_config;
    use tokio_tungstenite::tungstenite::handshake::server::{
        ErrorResponse, Request as Asked, Response,
    };

    use super::*;

    #[expect(clippy::result_large_err, reason = "the library's signature")]
    fn agree(asked: &Asked, mut response: Response) -> Result<Response, ErrorResponse> {
        assert_eq!(asked.uri().path(), "/_kreel/link");
        assert_eq!(asked.headers()[AUTHORIZATION], "Bearer secret");
        let protocol = asked.headers()[SEC_WEBSOCKET_PROTOCOL].clone();
        response
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        Ok(response)
    }

    #[tokio::test]
    async fn a_link_opens_as_a_clients_would() {
        let (near, far) = tokio::io::duplex(4096);
        let relay = async {
            let far = Burst::new(far, Bytes::new());
            let config = Some(websocket_config());
            let websocket = accept_hdr_async_with_config(far, agree, config).await?;
            let mut socket = MessageSocket::new(websocket);
            let hello: Hello = socket.receive().await?;
            let welcome = Welcome {
                relay: "test".into(),
                url: "http://127.0.0.1/idle-7".into(),
                subdomain_url: None,
                window_bytes: WINDOW_BYTES,
                max_body_bytes: 1,
                waiting: 0,
                last_seq: Seq(0),
                now_us: 1,
            };
            socket.send_now(WelcomeOrReject::Welcome(welcome)).await?;
            anyhow::Ok(hello)
        };
        let request = upgrade("127.0.0.1:1", &"Bearer secret".parse().unwrap()).unwrap();
        let (hello, opened) = tokio::join!(relay, link(near, request, 7));
        assert_eq!(hello.unwrap().tunnel.as_str(), "idle-7");
        opened.unwrap();
    }
}
