//! The sockets of an app.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::{Behaviour, Received, Visit};
use crate::support::certificate::Certificate;
use crate::support::http::Connection;

pub(super) async fn bind(address: SocketAddr) -> TcpListener {
    loop {
        match bound(address).and_then(|socket| socket.listen(1024)) {
            Ok(listener) => return listener,
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// A socket that has this address, and on which nobody listens yet.
pub(super) fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    behaviour: Arc<Behaviour>,
    received: Arc<Mutex<Vec<Received>>>,
) {
    // Aborted together with this task, since it owns them.
    let mut connections = JoinSet::new();
    for number in 0.. {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let _ = stream.set_nodelay(true);
        let (tls, behaviour, received) = (tls.clone(), behaviour.clone(), received.clone());
        connections.spawn(async move {
            let mut connection = match tls {
                None => Connection::new(stream),
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => Connection::new(stream),
                    Err(_) => return,
                },
            };
            while let Ok(Some(head)) = connection.head().await {
                let visit = Visit {
                    head,
                    connection,
                    number,
                    received: received.clone(),
                };
                match behaviour(visit).await {
                    Some(rest) => connection = rest,
                    None => return,
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

pub(super) fn acceptor(certificate: &Certificate) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(certificate.cert()).unwrap();
    let key = PrivateKeyDer::from_pem_file(certificate.key()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
