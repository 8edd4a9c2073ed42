//! What a probe finds.

use super::*;
use crate::testing::{FakeApp, soon};

/// The answers of a relay to `health` and `whoami`, and what a probe makes of them.
async fn probed(
    health: &'static str,
    whoami: &'static str,
    token: Option<&str>,
) -> Result<Health, LinkError> {
    let relay = FakeApp::start().await;
    let config = ProbeConfig {
        relay: format!("http://{}/below", relay.address()).parse().unwrap(),
        relay_ca: None,
        token: token.map(|token| token.parse().unwrap()),
    };
    let shows_token = token.is_some();
    let served = tokio::spawn(async move {
        let mut caller = relay.accept().await;
        let asked = caller.request().await;
        assert!(
            asked.starts_with("GET /below/_kreel/health HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(
            !asked.contains("authorization"),
            "the token is for whoami only"
        );
        caller.write(health).await;
        if shows_token && health.contains(" 200 ") {
            let asked = caller.request().await;
            assert!(
                asked.starts_with("GET /below/_kreel/whoami HTTP/1.1\r\n"),
                "{asked}"
            );
            assert!(
                asked.contains("authorization: Bearer secret\r\n"),
                "{asked}"
            );
            caller.write(whoami).await;
        }
    });
    let found = soon(probe(config)).await;
    served.await.unwrap();
    found
}

const WELL: &str = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}";

#[tokio::test]
async fn a_relay_says_how_it_is_and_whose_the_token_is() {
    assert_eq!(probed(WELL, "", None).await.unwrap().token_name, None);
    let named = "HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{\"token\":\"laptop\"}";
    let found = probed(WELL, named, Some("secret")).await.unwrap();
    assert_eq!(found.token_name.as_deref(), Some("laptop"));
    assert!(found.latency > Duration::ZERO);
}

#[tokio::test]
async fn faults_are_told_apart() {
    let unauthorized = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
    let odd = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    for (health, whoami, code) in [
        (WELL, unauthorized, "unauthorized"),
        (WELL, odd, "not_a_relay"),
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "",
            "not_a_relay",
        ),
        (
            "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n",
            "",
            "unavailable",
        ),
        ("SSH-2.0-x\r\n\r\n", "", "not_a_relay"),
    ] {
        let error = probed(health, whoami, Some("secret")).await.unwrap_err();
        assert_eq!(error.code(), code, "{health}{whoami}");
    }
}

#[tokio::test]
async fn an_app_that_is_not_there_is_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let target: Target = port.to_string().parse().unwrap();
    assert_eq!(look_for_app(&target).await, Ok(()));
    drop(listener);
    let absent = look_for_app(&target).await.unwrap_err().to_string();
    assert_eq!(absent, format!("nothing listens at localhost:{port} yet"));
    let target: Target = "nothing.invalid:80".parse().unwrap();
    let absent = look_for_app(&target).await.unwrap_err().to_string();
    assert_eq!(absent, "the name nothing.invalid has no address");
}
