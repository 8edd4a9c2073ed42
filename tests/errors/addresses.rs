//! Addresses where there is no relay, or not the one that is meant.

use tokio::net::TcpListener;

use super::{PATIENCE, deserted, fails, nobody_to_trust};
use crate::support::{Finished, Listen, LocalApp, TestRelay};

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
