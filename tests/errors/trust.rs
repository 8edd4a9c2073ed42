//! Tokens and certificates that one end does not accept of the other.

use super::{PATIENCE, fails, nobody_to_trust};
use crate::support::{Certificate, Finished, Home, Kreel, Listen, TestRelay};

#[tokio::test]
async fn a_token_the_relay_does_not_know() {
    let relay = TestRelay::start().await;
    let stranger = Listen::at(relay.url());
    fails(stranger).await.failed(
        3,
        "KR0201",
        &["does not know this token", "kreel token create"],
    );

    let revoked = relay.another_token("gone").await;
    Kreel::new(&["token", "revoke", "gone"])
        .path("--data", &relay.data())
        .run()
        .await
        .success();
    fails(Listen::on(&relay).token_file(Some(revoked)))
        .await
        .failed(3, "KR0201", &["kreel login"]);
}

#[tokio::test]
async fn a_token_that_is_missing_or_unreadable() {
    let home = Home::new();
    let listen = || {
        Listen::at("http://127.0.0.1:9")
            .home(&home)
            .env("KREEL_TOKEN", "")
    };
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let none = Kreel::new(&["listen", "--relay", "http://127.0.0.1:9"])
        .run()
        .await;
    none.failed(3, "KR0203", &["no token", "kreel login"]);
    assert_eq!(none.stdout, "");
    fails(listen()).await.failed(3, "KR0204", &["empty"]);
    let relay = TestRelay::start().await;
    for (path, code, why) in [
        (home.path().join("absent"), "KR0205", "absent"),
        (home.path().to_owned(), "KR0205", "directory"),
        (file("empty", ""), "KR0204", "empty"),
        (file("words", "two words\n"), "KR0204", "position 4"),
    ] {
        fails(Listen::on(&relay).token_file(Some(path)))
            .await
            .failed(3, code, &[why]);
    }
}

#[tokio::test]
async fn a_tunnel_that_belongs_to_another() {
    let relay = TestRelay::start().await;
    let _owner = Listen::on(&relay)
        .flags(&["--tunnel", "mine"])
        .start()
        .await;
    let token = relay.another_token("other").await;
    let other = Listen::on(&relay)
        .token_file(Some(token))
        .flags(&["--tunnel", "mine"]);
    fails(other)
        .await
        .failed(3, "KR0113", &["mine", "belongs to another token", "--new"]);
}

#[tokio::test]
async fn a_tunnel_that_another_client_takes_over() {
    let relay = TestRelay::start().await;
    let mut first = Listen::on(&relay)
        .flags(&["--tunnel", "mine"])
        .plain()
        .spawn();
    first.line("its ready line").await;
    let _second = Listen::on(&relay)
        .flags(&["--tunnel", "mine"])
        .start()
        .await;
    let finished = Finished::of(&mut first.process, PATIENCE).await;
    finished.failed(
        5,
        "KR0114",
        &["mine", "another client has taken", "--tunnel"],
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted() {
    let relay = TestRelay::secure().await;
    let other = nobody_to_trust();
    let system = Listen::on(&relay)
        .ca(None)
        .env("SSL_CERT_FILE", other.cert().to_str().unwrap());
    fails(system)
        .await
        .failed(5, "KR0106", &["not trusted", "--relay-ca cert.pem"]);
    fails(Listen::on(&relay).ca(Some(other.cert())))
        .await
        .failed(5, "KR0106", &["not trusted"]);
}

#[tokio::test]
async fn a_certificate_that_is_out_of_date_or_for_another_name() {
    for (certificate, why) in [
        (Certificate::expired(), "expired"),
        (Certificate::of(&["relay.example"]), "relay.example"),
    ] {
        let (cert, key) = (certificate.cert(), certificate.key());
        let [cert, key] = [&cert, &key].map(|path| path.to_str().unwrap());
        let relay = TestRelay::with(&["--tls-cert", cert, "--tls-key", key]).await;
        let listen = Listen::on(&relay).ca(Some(certificate.cert()));
        fails(listen)
            .await
            .failed(5, "KR0106", &["not trusted", why]);
    }
}

#[tokio::test]
async fn certificates_to_trust_that_are_none() {
    let relay = TestRelay::secure().await;
    let key = relay.data().join("key.pem");
    fails(Listen::on(&relay).ca(Some(key)))
        .await
        .failed(2, "KR0307", &["no certificate"]);
    let absent = relay.data().join("absent.pem");
    fails(Listen::on(&relay).ca(Some(absent)))
        .await
        .failed(2, "KR0307", &["absent.pem"]);
}
