//! Addresses where there is no relay, or not the one that is meant.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::{PATIENCE, deserted, fails, nobody_to_trust};
use crate::support::{Finished, Listen, LocalApp, Sender, TestRelay, within};

#[tokio::test]
async fn a_name_that_does_not_exist() {
    let listen = Listen::at("http://relay.invalid");
    fails(listen).await.failed(
        5,
        "KR0101",
        &["relay.invalid", "could not be resolved", "typing errors"],
    );
}

#[tokio::test]
async fn an_address_where_nobody_listens() {
    let address = deserted().await;
    let finished = fails(Listen::at(&format!("http://{address}"))).await;
    finished.failed(
        5,
        "KR0102",
        &[&address.to_string(), "was refused", "`kreel relay`"],
    );
    assert!(
        finished.stderr.contains("trying again"),
        "tries that fail are told: {finished}"
    );
}

#[tokio::test]
async fn an_address_where_something_else_answers() {
    for (app, why) in [
        (LocalApp::answering(200).await, "(it answered 200)"),
        (LocalApp::answering(404).await, "(it answered 404)"),
        (LocalApp::raw("SSH-2.0-OpenSSH_9.2\r\n\r\n").await, ""),
        (
            LocalApp::raw("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n").await,
            "",
        ),
    ] {
        let url = format!("http://{}", app.address());
        fails(Listen::at(&url))
            .await
            .failed(5, "KR0109", &[&url, "no kreel relay", why]);
    }
}

#[tokio::test]
async fn an_address_where_nothing_is_said() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let plain = fails(Listen::at(&format!("http://{address}")));
    let authorities = nobody_to_trust();
    let tls = fails(Listen::at(&format!("https://{address}")).ca(Some(authorities.cert())));
    for finished in <[_; 2]>::from(tokio::join!(plain, tls)) {
        finished.failed(
            5,
            "KR0108",
            &[
                "accepted the connection",
                "check that this is the relay's port",
            ],
        );
    }
}

#[tokio::test]
async fn a_scheme_that_is_not_the_relays() {
    let relay = TestRelay::start().await;
    let authorities = nobody_to_trust();
    let tls = Listen::at(&relay.url().replace("http:", "https:")).ca(Some(authorities.cert()));
    fails(tls)
        .await
        .failed(5, "KR0107", &["--tls off", "http://"]);

    let relay = TestRelay::secure().await;
    let plain = Listen::at(&relay.url().replace("https:", "http:"));
    let finished = fails(plain).await;
    assert_eq!(finished.code, Some(5), "{finished}");
    assert!(
        finished.stderr.contains("https://"),
        "it should say how to do better: {finished}"
    );
}

#[tokio::test]
async fn a_relay_of_another_version() {
    let newer = LocalApp::raw(
        "HTTP/1.1 426 Upgrade Required\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-protocol: kreel.v9\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let listen = Listen::at(&format!("http://{}", newer.address()));
    fails(listen)
        .await
        .failed(5, "KR0110", &["kreel.v1", "kreel.v9", "update the older"]);
    assert_eq!(newer.count(), 1, "it is asked once");
}

/// A relay and a client that are both real, of which each takes the other for one that speaks this
/// protocol alone: the name is changed on the way, in both directions.
async fn of_another_version(relay: &TestRelay, other: &'static [u8; 8]) -> SocketAddr {
    let (listener, relay) = (
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
        relay.address(),
    );
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(relay).await.unwrap();
            let ((read, write), (far_read, far_write)) = (near.into_split(), far.into_split());
            tokio::spawn(renaming(read, far_write, other));
            tokio::spawn(renaming(far_read, write, other));
        }
    });
    address
}

/// Copies bytes, with another name in the place of ours. Heads come whole over loopback.
async fn renaming(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, other: &[u8; 8]) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let read = &mut bytes[..count];
        if let Some(at) = read.windows(8).position(|word| word == b"kreel.v1") {
            read[at..at + 8].copy_from_slice(other);
        }
        if to.write_all(read).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_real_relay_and_a_real_client_of_different_versions() {
    let relay = TestRelay::start().await;
    let address = of_another_version(&relay, b"kreel.v9").await;
    let listen = Listen::on(&relay).relay(&format!("http://{address}"));
    let finished = fails(listen).await;
    finished.failed(5, "KR0110", &["kreel.v1", "kreel.v9", "update the older"]);
    // The same way is open to those who agree.
    let address = of_another_version(&relay, b"kreel.v1").await;
    let listen = Listen::on(&relay).relay(&format!("http://{address}"));
    listen.start().await;

    // What the relay itself says to a client of another version.
    let token = std::fs::read_to_string(relay.token_file()).unwrap();
    let mut connection = Sender::to(relay.url(), None).connect().await;
    let request = format!(
        "GET /_kreel/link HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         sec-websocket-protocol: kreel.v9\r\nauthorization: Bearer {}\r\n\r\n",
        token.trim()
    );
    connection.write(request.as_bytes()).await.unwrap();
    let answer = within("an answer", PATIENCE, connection.answer("GET")).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 426, "{}", answer.text());
    assert_eq!(
        answer.header("sec-websocket-protocol").as_deref(),
        Some("kreel.v1")
    );
}

#[tokio::test]
async fn scripts_are_told_as_well() {
    let url = format!("http://{}", deserted().await);
    let mut client = Listen::at(&url).spawn();
    let event = client.next_event("error", PATIENCE).await;
    assert_eq!(event["code"], "KR0102");
    assert!(event["message"].as_str().unwrap().contains(&url), "{event}");
    assert!(
        event["advice"].as_str().unwrap().contains("kreel relay"),
        "{event}"
    );
    let finished = Finished::of(&mut client.process, PATIENCE).await;
    finished.failed(5, "KR0102", &["refused"]);
    assert_eq!(finished.stdout, "", "the error comes last");
}
