//! Behind a proxy: who the sender is comes from listed peers only, and nginx and Caddy as the
//! manual sets them up.

use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::{JoinHandle, JoinSet};

use crate::support::{
    Curl, DEADLINE, Listen, LocalApp, Post, Process, Sender, TestClient, TestRelay, free_port,
    programs, within,
};

/// The address the app is told, for a request with these headers.
async fn told(client: &TestClient, app: &LocalApp, headers: &[(&str, &str)]) -> (String, String) {
    let mut post = Post::new("POST", "/hook").body("who is it");
    for (name, value) in headers {
        post = post.header(name, value);
    }
    let before = app.count();
    assert_eq!(client.sender().send(post).await.status(), 200);
    let received = app.receives(before + 1).await;
    let head = &received[before].head;
    let one = |name: &str| head.values(name).join(" | ");
    (one("x-forwarded-for"), one("x-forwarded-proto"))
}

#[tokio::test]
async fn only_a_listed_proxy_is_believed() {
    let forged = [
        ("X-Forwarded-For", "1.1.1.1, 203.0.113.7"),
        ("X-Forwarded-Proto", "https"),
    ];
    for (options, address, scheme) in [
        (&[][..], "127.0.0.1", "http"),
        (&["--behind-proxy"], "203.0.113.7", "https"),
        (&["--trusted-proxy", "127.0.0.1"], "203.0.113.7", "https"),
        (
            &["--trusted-proxy", "10.0.0.0/8,2001:db8::/32"],
            "127.0.0.1",
            "http",
        ),
    ] {
        let relay = TestRelay::with(options).await;
        let app = LocalApp::answering(200).await;
        let client = TestClient::listen(&relay, &app, &[]).await;
        assert_eq!(
            told(&client, &app, &forged).await,
            (address.into(), scheme.into()),
            "{options:?}"
        );
        let kreel = [("Kreel-Delivery-Id", "forged"), ("Kreel-Attempt", "99")];
        told(&client, &app, &kreel).await;
        let last = app.received().pop().unwrap();
        assert_eq!(last.head.values("kreel-delivery-id").len(), 1);
        assert_ne!(last.head.value("kreel-delivery-id").unwrap(), "forged");
        assert_eq!(last.head.values("kreel-attempt"), ["1"]);
    }
}

#[tokio::test]
async fn a_listed_proxy_may_speak_in_the_standards_words() {
    // RFC 7239, where the operator says that they do.
    let said = [
        ("for=203.0.113.7;proto=https", "203.0.113.7", "https"),
        (
            "for=\"[2001:db8::7]:4711\";proto=https;by=10.0.0.1",
            "2001:db8::7",
            "https",
        ),
        (
            "For=1.1.1.1, FOR=\"203.0.113.7:80\";Proto=HTTP",
            "203.0.113.7",
            "http",
        ),
        ("for=unknown;proto=https", "127.0.0.1", "http"),
        ("for=_hidden, for=203.0.113.7", "203.0.113.7", "http"),
    ];
    let listed = ["--behind-proxy", "--forwarded-header", "forwarded"];
    for (options, is_believed) in [
        (&listed[..], true),
        (&listed[..1], false),
        (&listed[1..], false),
    ] {
        let relay = TestRelay::with(options).await;
        let app = LocalApp::answering(200).await;
        let client = TestClient::listen(&relay, &app, &[]).await;
        for (line, address, scheme) in said {
            let expected = match is_believed {
                true => (address.to_owned(), scheme.to_owned()),
                false => ("127.0.0.1".to_owned(), "http".to_owned()),
            };
            let heard = told(&client, &app, &[("Forwarded", line)]).await;
            assert_eq!(heard, expected, "{line}, {options:?}");
            let last = app.received().pop().unwrap();
            assert!(last.head.values("forwarded").is_empty(), "{line}");
        }
    }
}

/// A proxy sets one of the two, and lets the other through as its sender wrote it.
#[tokio::test]
async fn the_header_that_no_proxy_sets_lets_nobody_in() {
    let words = ("Forwarded", "for=203.0.113.7");
    let list = ("X-Forwarded-For", "203.0.113.7");
    let elsewhere = [
        ("Forwarded", "for=198.51.100.1"),
        ("X-Forwarded-For", "198.51.100.1"),
    ];
    for (options, counts, forged) in [
        (&["--behind-proxy"][..], list, words),
        (
            &["--behind-proxy", "--forwarded-header", "x-forwarded-for"],
            list,
            words,
        ),
        (
            &["--behind-proxy", "--forwarded-header", "forwarded"],
            words,
            list,
        ),
    ] {
        let relay = TestRelay::with(options).await;
        let app = LocalApp::answering(200).await;
        let client = TestClient::listen(&relay, &app, &["--allow-ip", "203.0.113.0/24"]).await;
        let send = async |lines: &[(&str, &str)]| {
            let mut post = Post::new("POST", "/hook").body("who is it");
            for (name, value) in lines {
                post = post.header(name, value);
            }
            client.sender().send(post).await.status()
        };
        assert_eq!(send(&[forged]).await, 403, "{options:?}");
        for other in elsewhere.into_iter().filter(|other| other.0 == counts.0) {
            assert_eq!(send(&[other, forged]).await, 403, "{options:?}");
            assert_eq!(send(&[forged, other]).await, 403, "{options:?}");
        }
        assert_eq!(send(&[counts]).await, 200, "{options:?}");
    }
}

/// What comes back for these bytes.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = within("an answer", DEADLINE, stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_proxy_protocol_is_read_from_listed_peers_alone() {
    let four = [203, 0, 113, 9, 127, 0, 0, 1, 0x1f, 0x90, 1, 0xbb];
    let binary = [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[0x21, 0x11, 0, 12], &four].concat();
    let text = b"PROXY TCP4 203.0.113.9 127.0.0.1 8080 443\r\n".to_vec();
    let request = |tunnel: &str| {
        format!(
            "POST /{tunnel}/hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
        )
    };
    let port = free_port();
    let public = format!("http://127.0.0.1:{port}");
    let listed = TestRelay::with(&["--proxy-protocol", "--public-url", &public]).await;
    let app = LocalApp::answering(200).await;
    // The client comes by a proxy, too, which asks for nobody in particular.
    let _proxy = announcing(port, listed.address()).await;
    let client = Listen::at(&public)
        .token_file(Some(listed.token_file()))
        .to(&app)
        .start()
        .await;
    for (number, header) in [&binary, &text].into_iter().enumerate() {
        let bytes = [header, request(client.tunnel()).as_bytes()].concat();
        let answer = raw(listed.address(), &bytes).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let received = app.receives(number + 1).await;
        assert_eq!(
            received[number].head.values("x-forwarded-for"),
            ["203.0.113.9"]
        );
    }
    let bare = raw(listed.address(), request(client.tunnel()).as_bytes()).await;
    assert_eq!(bare, "", "a listed proxy must say");

    // Whoever is not listed is nobody's proxy: what it says is no HTTP.
    let strict = TestRelay::with(&["--proxy-protocol", "--trusted-proxy", "192.0.2.1"]).await;
    let straight = TestClient::listen(&strict, &app, &[]).await;
    for header in [&binary, &text] {
        let bytes = [header, request(straight.tunnel()).as_bytes()].concat();
        let answer = raw(strict.address(), &bytes).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
            "{answer}"
        );
    }
    assert_eq!(app.count(), 2);
    assert_eq!(
        straight.sender().post("/hook", "straight").await.status(),
        200
    );
}

/// A proxy on this port that begins each connection with the PROXY protocol.
async fn announcing(port: u16, relay: SocketAddr) -> AbortOnDrop {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    AbortOnDrop(tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            connections.spawn(async move {
                let mut far = TcpStream::connect(relay).await.unwrap();
                far.write_all(b"PROXY UNKNOWN\r\n").await.unwrap();
                let _ = copy_bidirectional(&mut near, &mut far).await;
            });
        }
    }))
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A program with a file of settings of its own.
fn run(program: &Path, words: &[&str], folder: &TempDir) -> Process {
    let mut command = Command::new(program);
    command
        .args(words)
        .current_dir(folder.path())
        .env("HOME", folder.path());
    Process::start(&program.display().to_string(), &mut command)
}

/// Through this proxy a link opens and a delivery travels, and the app is told who sent it.
async fn works_behind(port: u16, start: impl FnOnce(u16, &TempDir) -> Process) {
    let public = format!("http://127.0.0.1:{port}");
    let relay = TestRelay::with(&["--trusted-proxy", "127.0.0.1", "--public-url", &public]).await;
    let folder = tempfile::tempdir().unwrap();
    let proxy = start(relay.address().port(), &folder);
    let app = LocalApp::answering(200).await;
    let up = Sender::direct(SocketAddr::from(([127, 0, 0, 1], port)));
    let begun = std::time::Instant::now();
    while up.try_connect().await.is_err() {
        assert!(begun.elapsed() < DEADLINE, "{}", proxy.stderr());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let client = Listen::at(&public)
        .token_file(Some(relay.token_file()))
        .to(&app)
        .start()
        .await;
    let Some(curl) = Curl::to(client.url(), None) else {
        return;
    };
    // From an address of its own, so that it is no proxy of ours.
    let forged = [
        "--interface",
        "127.0.0.9",
        "--header",
        "X-Forwarded-For: 1.1.1.1",
        "--header",
        "Forwarded: for=1.1.1.1",
        "--data",
        "hello",
    ];
    assert_eq!(
        curl.run("/hook", &forged).await.status(),
        200,
        "{}",
        proxy.stderr()
    );
    let received = app.receives(1).await;
    assert_eq!(received[0].head.values("x-forwarded-for"), ["127.0.0.9"]);
    let large = vec![b'x'; 3_000_000];
    let file = curl.folder().join("large");
    std::fs::write(&file, &large).unwrap();
    let data = format!("@{}", file.display());
    assert_eq!(
        curl.run("/large", &["--data-binary", &data]).await.status(),
        200
    );
    assert_eq!(app.receives(2).await[1].digest.bytes, 3_000_000);
}

#[tokio::test]
async fn nginx_stands_in_front_as_the_manual_says() {
    let Some(nginx) = programs::find("nginx") else {
        return;
    };
    let port = free_port();
    works_behind(port, |relay, folder| {
        let server = recipe("nginx").replace("listen 443 ssl;", &format!("listen 127.0.0.1:{port};"));
        let server: String = server.lines().filter(|line| !line.contains("ssl_") && !line.contains("http2 on")).map(|line| format!("{line}\n")).collect();
        let server = server.replace("127.0.0.1:4433", &format!("127.0.0.1:{relay}"));
        let path = folder.path().display();
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].iter().map(|name| format!("{name}_temp_path {path}/{name};\n")).collect();
        let text = format!("daemon off;\npid {path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temp}{server}\n}}\n");
        std::fs::write(folder.path().join("nginx.conf"), text).unwrap();
        let conf = folder.path().join("nginx.conf").display().to_string();
        run(&nginx, &["-e", "stderr", "-c", &conf], folder)
    })
    .await;
}

#[tokio::test]
async fn caddy_stands_in_front_as_the_manual_says() {
    let Some(caddy) = programs::find("caddy") else {
        return;
    };
    let port = free_port();
    works_behind(port, |relay, folder| {
        let site =
            recipe("caddy").replace("relay.example {", &format!("http://127.0.0.1:{port} {{"));
        let site = site.replace("127.0.0.1:4433", &format!("127.0.0.1:{relay}"));
        let text = format!("{{\n    admin off\n}}\n{site}");
        std::fs::write(folder.path().join("Caddyfile"), text).unwrap();
        run(
            &caddy,
            &["run", "--adapter", "caddyfile", "--config", "Caddyfile"],
            folder,
        )
    })
    .await;
}

/// What the manual has in a block of this language.
fn recipe(language: &str) -> String {
    let manual = include_str!("../docs/operating.md");
    let begin = format!("```{language}\n");
    let (_, behind) = manual.split_once(&begin).expect("the manual has a recipe");
    let (recipe, _) = behind.split_once("```").expect("it ends");
    recipe.to_owned()
}
