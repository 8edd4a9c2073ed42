//! Words, settings and relays that make no sense where they are.

use std::path::Path;

use crate::support::{Certificate, Finished, Home, Kreel, TestRelay};

#[tokio::test]
async fn words_that_make_no_sense() {
    for (words, named) in [
        (&[][..], "Usage"),
        (&["listn"], "listn"),
        (&["listen", "--frobnicate"], "--frobnicate"),
        (&["listen", "3000", "4000"], "4000"),
        (&["listen", "70000"], "65535"),
        (&["listen", "ftp://localhost"], "ftp"),
        (&["listen", "me@localhost:3000"], "user name"),
        (&["listen", "3000", "--forward-to", "4000"], "--forward-to"),
        (&["listen", "3000", "--wait", "10"], "10s"),
        (&["listen", "3000", "--timeout", "soon"], "10s"),
        (&["listen", "3000", "--answer", "later"], "later"),
        (&["listen", "3000", "--output", "xml"], "xml"),
        (&["listen", "3000", "-H", "no colon"], "Name: value"),
        (
            &["listen", "3000", "-H", "Content-Length: 5"],
            "content-length",
        ),
        (&["listen", "3000", "--host-header", "a b"], "--host-header"),
        (&["listen", "--tunnel", "Not A Name"], "Not A Name"),
        (&["listen", "--new", "--tunnel", "mine"], "--new"),
        (&["listen", "--json", "--print-url"], "--print-url"),
        (&["listen", "--json", "--output", "quiet"], "--output"),
        (&["listen", "--strict", "--answer", "now"], "strict"),
        (&["listen", "--relay", "relay.example"], "https://"),
        (&["listen", "--relay", "htps://relay.example"], "htps"),
        (&["listen", "--relay", "https://relay.example:port"], "port"),
        (&["listen", "--token-file", "somewhere"], "--relay"),
        (&["relay", "--listen", "nowhere"], "nowhere"),
        (&["relay", "--max-body", "huge"], "64MiB"),
        (&["relay", "--threads", "0"], "--threads"),
        (&["relay", "--tls-cert", "cert.pem"], "--tls-key"),
        (
            &["relay", "--tls", "off", "--tls-cert", "a", "--tls-key", "b"],
            "--tls-cert",
        ),
        (&["token"], "create"),
        (&["token", "revoke"], "NAME"),
        (&["completion", "tcsh"], "tcsh"),
        (
            &["login", "--token-stdin", "--token-file", "x"],
            "--token-stdin",
        ),
    ] {
        let finished = Kreel::new(words).run().await;
        assert_eq!(finished.code, Some(2), "{words:?}: {finished}");
        let says_so = finished.stderr.contains(named) && !finished.stderr.contains("panicked");
        let is_json = words.contains(&"--json");
        assert!(
            says_so && (finished.stdout.is_empty() || is_json),
            "{words:?}: {finished}"
        );
    }
}

#[tokio::test]
async fn settings_that_make_no_sense() {
    for (file, code, words) in [
        (
            "forward_to = \"3000\"\nforwardto = \"3000\"\n",
            "KR0303",
            &["kreel.toml:2", "forwardto"][..],
        ),
        ("wait = \"10\"\n", "KR0303", &["kreel.toml:1", "10s"]),
        ("wait = \n", "KR0303", &["kreel.toml:1"]),
        (
            "token = \"kreel_secret\"\n",
            "KR0304",
            &["holds a token", "kreel login"],
        ),
        (
            "token_file = \"/etc/hostname\"\n",
            "KR0304",
            &["token file outside"],
        ),
    ] {
        let home = Home::new();
        std::fs::write(home.project().join("kreel.toml"), file).unwrap();
        let finished = Kreel::new(&["listen"]).home(&home).run().await;
        finished.failed(2, code, words);
        assert!(
            finished.stdout.is_empty() && !finished.stderr.contains("kreel_secret"),
            "{finished}"
        );
    }
}

/// `kreel relay` that must fail.
async fn relay_fails(data: &Path, words: &[&str]) -> Finished {
    let relay = Kreel::new(&["relay", "--tls", "off", "--listen", "127.0.0.1:0"]);
    let relay = if words.is_empty() {
        relay
    } else {
        Kreel::new(&[&["relay"][..], words].concat())
    };
    let finished = relay.path("--data", data).run().await;
    assert_eq!(finished.stdout, "", "{finished}");
    finished
}

#[tokio::test]
async fn a_relay_that_cannot_start() {
    let running = TestRelay::secure().await;
    relay_fails(&running.data(), &[])
        .await
        .failed(1, "KR0403", &["another relay is running"]);

    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let address = running.address().to_string();
    let port_taken = relay_fails(&data, &["--tls", "off", "--listen", &address]).await;
    port_taken.failed(1, "KR0401", &[&address, "in use", "--listen"]);

    let (one, other) = (Certificate::of_loopback(), Certificate::of_loopback());
    let path = |path: std::path::PathBuf| path.display().to_string();
    let (cert, key, absent) = (
        path(one.cert()),
        path(other.key()),
        path(folder.path().join("absent")),
    );
    let mismatched = relay_fails(&data, &["--tls-cert", &cert, "--tls-key", &key]).await;
    mismatched.failed(1, "KR0404", &[&cert, "belong together"]);
    relay_fails(&data, &["--tls-cert", &absent, "--tls-key", &key])
        .await
        .failed(1, "KR0404", &["absent"]);

    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    relay_fails(&file.join("data"), &[])
        .await
        .failed(1, "KR0402", &["--data"]);
    let short = relay_fails(&data, &["--tls", "off", "--token-file", &path(file)]).await;
    short.failed(3, "KR0204", &["holds no token", "remove the file"]);
}
