//! Certificates and what is negotiated under them.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};
use rustls::{NamedGroup, ProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::{
    Certificate, Curl, DEADLINE, Listen, LocalApp, Sender, TestClient, TestRelay, Tls, within,
};

/// How soon a certificate that was replaced must be in use.
const RENEWED: Duration = Duration::from_secs(3);

/// A relay with this certificate.
async fn relay_with(certificate: &Certificate) -> TestRelay {
    let [cert, key] =
        [certificate.cert(), certificate.key()].map(|path| path.display().to_string());
    TestRelay::with(&["--tls-cert", &cert, "--tls-key", &key]).await
}

/// Waits until new connections get the certificate in this file.
async fn in_use(cert: &Path, address: SocketAddr) {
    let start = Instant::now();
    while let Err(error) = Tls::trusting(cert).connect(address).await {
        assert!(
            start.elapsed() < RENEWED,
            "not within {RENEWED:?}: the new certificate is used: {error}"
        );
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_certificate_of_its_own_is_kept_for_good() {
    let mut relay = TestRelay::secure().await;
    let app = LocalApp::answering(200).await;
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let files = ["cert.pem", "key.pem"].map(|name| relay.data().join(name));
    let before = files.clone().map(|file| std::fs::read(file).unwrap());
    let mode = std::fs::metadata(&files[1]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "the key is its owner's alone");

    relay.terminate().await;
    relay.restart_same_port().await;
    assert_eq!(files.map(|file| std::fs::read(file).unwrap()), before);
    client.next_event("reconnecting", DEADLINE).await;
    client.next_event("ready", DEADLINE).await;
    assert_eq!(
        client
            .sender()
            .post("/hook", "trusted as before")
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn a_replaced_certificate_is_taken_into_use_while_links_stay() {
    let certificate = Certificate::of_loopback();
    let relay = relay_with(&certificate).await;
    let app = LocalApp::answering(200).await;
    let mut client = Listen::on(&relay)
        .ca(Some(certificate.cert()))
        .to(&app)
        .start()
        .await;
    let first = Tls::trusting(&certificate.cert());
    first.connect(relay.address()).await.unwrap();

    certificate.renew(&["127.0.0.1"]);
    in_use(&certificate.cert(), relay.address()).await;
    let error = first.connect(relay.address()).await.unwrap_err();
    assert!(
        error.to_string().contains("invalid peer certificate"),
        "{error}"
    );
    let renewed = client.sender().post("/hook", "renewed").await;
    assert_eq!(renewed.status(), 200);
    assert!(
        client
            .events()
            .iter()
            .all(|event| event["type"] != "reconnecting"),
        "the link stays up"
    );
}

#[tokio::test]
async fn a_bad_replacement_is_told_of_and_the_last_good_certificate_stays() {
    let certificate = Certificate::of_loopback();
    let relay = relay_with(&certificate).await;
    let trusted = Tls::trusting(&certificate.cert());
    let good = std::fs::read(certificate.cert()).unwrap();
    // Both halves of a renewal that went wrong, and one that never was a certificate.
    for (number, bad) in [Certificate::of_loopback().cert(), certificate.key()]
        .into_iter()
        .enumerate()
    {
        std::fs::copy(bad, certificate.cert()).unwrap();
        let told = || relay.process.stderr().matches("the last one stays").count();
        crate::support::eventually("the relay says so", DEADLINE, || told() > number).await;
        trusted.connect(relay.address()).await.unwrap();
    }
    std::fs::remove_file(certificate.key()).unwrap();
    trusted.connect(relay.address()).await.unwrap();

    std::fs::write(certificate.cert(), good).unwrap();
    certificate.renew(&["127.0.0.1"]);
    in_use(&certificate.cert(), relay.address()).await;
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let relay = TestRelay::secure().await;
    let ca = relay.ca().unwrap();
    for (version, named) in [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let stream = Tls::trusting(&ca)
            .version(version)
            .connect(relay.address())
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(named));
    }
    let Some(curl) = Curl::to(relay.url(), Some(&ca)) else {
        return;
    };
    for version in [
        ["--tlsv1.2", "--tls-max", "1.2"],
        ["--tlsv1.3", "--tls-max", "1.3"],
    ] {
        assert_eq!(
            curl.run("/_kreel/health", &version).await.json()["status"],
            "ok"
        );
    }
}

#[tokio::test]
async fn tls_1_1_is_not_spoken() {
    let relay = TestRelay::secure().await;
    // RFC 4346, section 7.4.1.2: version 1.1 and a suite every server had then; in extensions the
    // curve and the signatures that both would agree on.
    let extensions = [
        &[0, 10, 0, 4, 0, 2, 0, 29][..],
        &[0, 11, 0, 2, 1, 0],
        &[0, 13, 0, 4, 0, 2, 4, 3],
    ]
    .concat();
    let length = [0, u8::try_from(extensions.len()).unwrap()];
    let suites = [0, 2, 0xc0, 0x13];
    let hello = [
        &[3, 2][..],
        &[7; 32],
        &[0],
        &suites,
        &[1, 0],
        &length,
        &extensions,
    ]
    .concat();
    let [.., high, low] = hello.len().to_be_bytes();
    let message = [&[1, 0, high, low], &hello[..]].concat();
    let [.., high, low] = message.len().to_be_bytes();
    let record = [&[22, 3, 1, high, low], &message[..]].concat();
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    within("the end", DEADLINE, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    // A fatal alert: protocol_version.
    assert!(matches!(answer[..], [21, 3, _, 0, 2, 2, 70]), "{answer:?}");
}

#[tokio::test]
async fn keys_are_exchanged_so_that_nobody_reads_them_later() {
    let relay = TestRelay::secure().await;
    let stream = Tls::trusting(&relay.ca().unwrap())
        .connect(relay.address())
        .await
        .unwrap();
    let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), NamedGroup::X25519MLKEM768);
}

#[tokio::test]
async fn http_2_and_1_1_are_offered() {
    let relay = TestRelay::secure().await;
    let ca = relay.ca().unwrap();
    for (offered, chosen) in [
        (&["h2", "http/1.1"][..], Some(&b"h2"[..])),
        (&["http/1.1", "h2"], Some(b"h2")),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let stream = Tls::trusting(&ca)
            .offering(offered)
            .connect(relay.address())
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen, "{offered:?}");
    }
    let Some(curl) = Curl::to(relay.url(), Some(&ca)) else {
        return;
    };
    for (version, line) in [("--http2", "HTTP/2 200"), ("--http1.1", "HTTP/1.1 200 OK")] {
        let answer = curl.run("/_kreel/health", &[version]).await;
        assert_eq!(
            String::from_utf8_lossy(answer.head.first_line()).trim(),
            line
        );
    }
}

#[tokio::test]
async fn the_certificate_is_for_the_relays_domain_and_its_tunnels() {
    let relay = TestRelay::with(&["--tls", "self-signed", "--domain", "relay.test"]).await;
    let certificate = CertificateDer::from_pem_file(relay.data().join("cert.pem")).unwrap();
    for name in ["relay.test", "*.relay.test", "localhost"] {
        let found = certificate
            .windows(name.len())
            .any(|part| part == name.as_bytes());
        assert!(found, "{name} is not in the certificate");
    }
    let url = format!("https://{}", relay.address());
    let health = Sender::to(&url, Some(&relay.data().join("cert.pem")))
        .get("/_kreel/health")
        .await;
    assert_eq!(health.status(), 200);
}

#[tokio::test]
async fn a_wildcard_certificate_from_files_serves_tunnels_as_subdomains() {
    let names = ["127.0.0.1", "relay.test", "*.relay.test"];
    let certificate = Certificate::of(&names);
    let files = [certificate.cert(), certificate.key()].map(|path| path.display().to_string());
    let relay = TestRelay::with(&[
        "--domain",
        "relay.test",
        "--tls-cert",
        &files[0],
        "--tls-key",
        &files[1],
    ])
    .await;
    let app = LocalApp::answering(200).await;
    let mut client = TestClient::listen(&relay, &app, &["--tunnel", "mine"]).await;
    let post = async |text: &str| {
        let url = format!("https://mine.relay.test:{}", relay.address().port());
        let curl = Curl::to(&url, Some(&certificate.cert()))?;
        let resolve = format!("mine.relay.test:{}:127.0.0.1", relay.address().port());
        let options = ["--resolve", &resolve, "--data", text];
        Some(curl.run("/hook", &options).await.status())
    };
    let Some(status) = post("by its own name").await else {
        return;
    };
    assert_eq!(status, 200);
    let got = &app.received()[0];
    assert_eq!(got.head.target(), b"/hook");

    // Replaced as certbot does, and checked by whoever posts from then on.
    certificate.renew(&names);
    in_use(&certificate.cert(), relay.address()).await;
    assert_eq!(post("after its renewal").await, Some(200));
    let events = client.events();
    assert!(events.iter().all(|event| event["type"] != "reconnecting"));
}
