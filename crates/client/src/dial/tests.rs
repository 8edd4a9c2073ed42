//! Whom to trust.

use super::*;
use crate::testing::{soon, tls as tls_server};

async fn connect(url: &str, ca: Option<&[CertificateDer<'static>]>) -> Result<Stream, LinkError> {
    let dialer = Dialer::new(url.parse().unwrap(), ca).unwrap();
    soon(dialer.connect()).await
}

#[tokio::test]
async fn a_certificate_is_trusted_if_it_was_given_and_says_the_name() {
    let (address, certificate) = tls_server::serve(&["localhost"], "").await;
    let right = format!("https://localhost:{}", address.port());
    let ca = [certificate];
    assert!(connect(&right, Some(&ca)).await.is_ok());
    let error = connect(&right, None).await.unwrap_err();
    assert!(
        matches!(error, LinkError::CertificateNotTrusted { .. }),
        "{error}"
    );
    let wrong_name = format!("https://{address}");
    let error = connect(&wrong_name, Some(&ca)).await.unwrap_err();
    assert!(
        matches!(error, LinkError::CertificateNotTrusted { .. }),
        "{error}"
    );
    let (other, _) = tls_server::serve(&["localhost"], "").await;
    let other = format!("https://localhost:{}", other.port());
    let error = connect(&other, Some(&ca)).await.unwrap_err();
    assert!(
        matches!(error, LinkError::CertificateNotTrusted { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_port_without_tls_is_another_fault() {
    let relay = crate::testing::FakeRelay::start().await;
    let url = relay.url().replace("http:", "https:");
    let spoken = tokio::spawn(async move { relay.speak("HTTP/1.1 400 Bad Request\r\n\r\n").await });
    let error = connect(&url, Some(&[some_certificate().await]))
        .await
        .unwrap_err();
    assert!(matches!(error, LinkError::NotTls { .. }), "{error}");
    spoken.await.unwrap();
}

async fn some_certificate() -> CertificateDer<'static> {
    tls_server::serve(&["localhost"], "").await.1
}

#[test]
fn a_file_without_a_certificate_is_refused() {
    let url: RelayUrl = "https://relay.example".parse().unwrap();
    let error = Dialer::new(url.clone(), Some(&[])).unwrap_err();
    assert!(matches!(error, ConfigError::RelayCaEmpty));
    let garbage = CertificateDer::from(vec![1, 2, 3]);
    let error = Dialer::new(url, Some(&[garbage])).unwrap_err();
    assert!(matches!(error, ConfigError::RelayCa(_)));
}
