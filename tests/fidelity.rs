//! What the app sees is what the sender sent, and what the sender sees is what the app said: each
//! request is made twice, to the app itself and through the tunnel, and both are compared.
//!
//! The apps are Node's http server and Python's http.server as processes, and one in this process
//! that remembers every byte. Relay and client are processes, with TLS between all of them.
//!
//! What differs, and is meant to: lines of the hop (`Connection`, `Transfer-Encoding`, …) are each
//! connection's own; the app gets `X-Forwarded-*` and `Kreel-*` besides, at the end; and names are
//! written in lower case, which HTTP gives no meaning to. Requests are compared line by line and to
//! the byte. In answers hyper puts lines of one name together, and HTTP gives no meaning to the order
//! of lines of different names: compared are the names in the order of their first appearance, and
//! under each its values, in order and to the byte.

mod against;
mod curl;
mod large;
mod meant;
mod order;
mod posts;

use self::against::Against;
use self::posts::{all_answers, all_requests};
use crate::support::{LocalApp, NodeApp, Post, PythonApp, TestClient, TestRelay};

#[tokio::test]
async fn a_node_server_behind_the_tunnel_is_as_without() {
    let Some(app) = NodeApp::start().await else {
        return;
    };
    let against = Against::real(&app, app.address()).await;
    for post in all_answers().into_iter().chain(all_requests()) {
        against.same(&post).await;
    }
}

#[tokio::test]
async fn a_python_server_behind_the_tunnel_is_as_without() {
    let Some(app) = PythonApp::start().await else {
        return;
    };
    let against = Against::real(&app, app.address()).await;
    for post in all_answers().into_iter().chain(all_requests()) {
        against.same(&post).await;
    }
}

/// The same against an app whose record of each head is the very bytes it has read.
#[tokio::test]
async fn every_byte_of_a_request_reaches_the_app() {
    let app = LocalApp::echo().await;
    let against = Against::real(&app, app.address()).await;
    // Node refuses this one itself.
    let unencoded = Post::new("GET", "/caf\u{e9}?\u{20ac}=\u{1f980}");
    for post in all_requests().into_iter().chain([unencoded]) {
        against.same(&post).await;
        let received = app.received();
        let [direct, tunnelled] = &received[received.len() - 2..] else {
            panic!("two requests")
        };
        assert_eq!(direct.head.first_line(), tunnelled.head.first_line());
        assert_eq!(direct.body, tunnelled.body);
        against::requests_are_equal(&direct.head, &tunnelled.head);
    }
}

/// What is no request target (RFC 3986 leaves these out, and hyper refuses them) reaches nobody.
#[tokio::test]
async fn a_target_that_cannot_be_passed_on_is_refused() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    for target in ["/<a>", "/a`b", "/?<a>", "/a b", "/tab\tbed"] {
        let answer = client.sender().get(target).await;
        assert_eq!(answer.status(), 400, "{target:?}");
    }
    assert_eq!(app.count(), 0);
}

/// Answers as only a socket can write them.
#[tokio::test]
async fn every_byte_of_an_answer_reaches_the_sender() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"[..],
        b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 299 It Is Fine, \"Really\"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 599 Beyond\r\nX-A: 1\r\nContent-Length: 3\r\nX-B: 2\r\nX-A: 3\r\n\r\n599",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2; Path=/\r\nX: y\r\nSET-COOKIE: a=3\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Bytes: \x80\xff\xc3\x28\r\nX-Empty:\r\nX-Tab: a\tb\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n\x1f\x8bno!",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n",
        b"HTTP/1.1 301 Moved Permanently\r\nLocation: http://elsewhere.example/%2f?a#b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nETag: \"x\"\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ] {
        let app = LocalApp::raw(answer).await;
        let against = Against::real(&app, app.address()).await;
        against.same(&Post::new("POST", "/").body("{}")).await;
    }
}

/// As HTTP/1.0 apps and careless ones do: the body ends with the connection.
#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_whole() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\n",
    ] {
        let app = LocalApp::raw_then_close(format!("{head}until the end")).await;
        let relay = TestRelay::secure().await;
        let client = TestClient::listen(&relay, &app, &[]).await;
        let answer = client.sender().get("/").await;
        assert_eq!(
            (answer.status(), answer.text().as_str(), answer.complete),
            (200, "until the end", true)
        );
    }
}
