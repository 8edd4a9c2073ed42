//! Certificates from an authority: got, kept, renewed while links stay, and what happens when
//! there are none to be had. The authority is Pebble.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::time::sleep;

use crate::support::{
    Curl, DEADLINE, Listen, LocalApp, Pebble, Process, Proxy, Tls, eventually, free_port, programs,
};

/// The name certificates are for; it leads nowhere, so that everyone here is told where it is.
const NAME: &str = "relay.test";

/// A relay that wants a certificate.
struct Wanting {
    folder: TempDir,
    address: SocketAddr,
    options: Vec<String>,
    process: Process,
}

impl Wanting {
    fn start(pebble: &Pebble, domain: &str, more: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let path = |path: PathBuf| path.display().to_string();
        let mut options: Vec<String> = [
            "relay",
            "--json",
            "--tls",
            "acme",
            "--contact",
            "me@example.org",
        ]
        .map(str::to_owned)
        .into();
        for (option, value) in [
            ("--listen", address.to_string()),
            ("--domain", domain.to_owned()),
            ("--acme-directory", pebble.directory()),
            ("--acme-ca", path(pebble.ca())),
            ("--data", path(folder.path().join("data"))),
            ("--token-file", path(folder.path().join("token"))),
        ] {
            options.extend([option.to_owned(), value]);
        }
        options.extend_from_slice(more);
        let process = run(&options, &folder);
        Self {
            folder,
            address,
            options,
            process,
        }
    }

    fn again(&mut self) {
        self.process = run(&self.options, &self.folder);
    }

    async fn ready(&mut self) {
        let line = self.process.line("its ready line", DEADLINE).await;
        let line = line.unwrap_or_else(|| panic!("{}", self.process.trouble("is not ready")));
        assert!(line.contains(r#""type":"ready""#), "{line}");
        assert!(
            line.contains(&format!("https://{NAME}:{}", self.address.port())),
            "{line}"
        );
    }

    async fn says(&self, text: &str) {
        eventually(&format!("the relay says {text:?}"), DEADLINE, || {
            self.process.stderr().contains(text)
        })
        .await;
    }

    /// The certificate in use.
    async fn certificate(&self, root: &std::path::Path) -> Vec<u8> {
        let stream = Tls::trusting(root)
            .called(NAME)
            .connect(self.address)
            .await
            .unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }
}

fn run(options: &[String], folder: &TempDir) -> Process {
    Process::start(
        "kreel relay",
        &mut Process::kreel(options, folder.path(), folder.path(), &[]),
    )
}

#[tokio::test]
async fn a_certificate_is_got_renewed_while_links_stay_and_kept() {
    let Some(mut pebble) = Pebble::find() else {
        return;
    };
    let Some(_) = programs::find("curl") else {
        return;
    };
    let mut relay = Wanting::start(&pebble, NAME, &[]);
    relay.says("waiting for the certificate").await;
    let validity = Duration::from_secs(21);
    pebble
        .start(relay.address.port(), free_port(), validity, "blocked.test")
        .await;
    relay.ready().await;
    let root = relay.folder.path().join("root.pem");
    pebble.root(&root).await;
    let first = relay.certificate(&root).await;

    let (app, proxy) = (LocalApp::answering(200).await, Proxy::willing().await);
    let url = format!("https://{NAME}:{}", relay.address.port());
    let mut client = Listen::at(&url)
        .token_file(Some(relay.folder.path().join("token")))
        .ca(Some(root.clone()))
        .env("HTTPS_PROXY", &proxy.url())
        .to(&app)
        .start()
        .await;
    assert!(client.url().starts_with(&url), "{}", client.url());
    let curl = Curl::to(client.url(), Some(&root)).expect("curl is installed");
    let resolve = format!("{NAME}:{}:127.0.0.1", relay.address.port());
    let post = ["--resolve", &resolve, "--data", "over that certificate"];
    assert_eq!(curl.run("/hook", &post).await.status(), 200);

    let issued = Instant::now();
    while relay.certificate(&root).await == first {
        assert!(
            issued.elapsed() < validity + DEADLINE,
            "{}",
            relay.process.stderr()
        );
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(curl.run("/hook", &post).await.status(), 200);
    let events = client.events();
    assert!(
        events.iter().all(|event| event["type"] != "reconnecting"),
        "the link stays up"
    );

    // Without an authority the one that was kept serves; and what can't be reached is told of.
    let second = relay.certificate(&root).await;
    pebble.kill().await;
    relay.process.terminate().await;
    relay.again();
    relay.ready().await;
    assert_eq!(relay.certificate(&root).await, second);
    assert_eq!(app.received().len(), 2);
    relay.says("the directory can't be reached").await;
    relay.says("again_in_s=").await;
    relay.process.terminate().await;
}

#[tokio::test]
async fn a_directory_that_is_not_there_yet_is_asked_again() {
    let Some(mut pebble) = Pebble::find() else {
        return;
    };
    let mut relay = Wanting::start(&pebble, NAME, &[]);
    relay.says("the directory can't be reached").await;
    assert!(
        relay.process.line_at_hand().is_none(),
        "it is not ready without a certificate"
    );
    let no_certificate = Tls::trusting(&pebble.ca())
        .called(NAME)
        .connect(relay.address)
        .await;
    no_certificate.unwrap_err();
    let long = Duration::from_secs(3600);
    pebble
        .start(relay.address.port(), free_port(), long, "blocked.test")
        .await;
    relay.ready().await;
    for entry in std::fs::read_dir(relay.folder.path().join("data/acme")).unwrap() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(
            mode & 0o777,
            0o600,
            "account and key are their owner's alone"
        );
    }
}

#[tokio::test]
async fn a_refused_name_is_told_of_in_the_authoritys_words() {
    let Some(mut pebble) = Pebble::find() else {
        return;
    };
    let long = Duration::from_secs(3600);
    pebble
        .start(free_port(), free_port(), long, "blocked.test")
        .await;
    pebble.root(&pebble.ca().with_extension("root")).await;
    let blocked = Wanting::start(&pebble, "blocked.test", &[]);
    blocked.says("the authority refused").await;
    // The authority asks on a port where nobody is.
    let elsewhere = Wanting::start(&pebble, NAME, &[]);
    elsewhere
        .says("could not see that relay.test is this relay")
        .await;
}

#[tokio::test]
async fn a_name_is_proved_on_a_port_of_its_own() {
    let Some(mut pebble) = Pebble::find() else {
        return;
    };
    let http = free_port();
    let words = ["--acme-http".to_owned(), format!("127.0.0.1:{http}")];
    let mut relay = Wanting::start(&pebble, NAME, &words);
    pebble
        .start(free_port(), http, Duration::from_secs(3600), "blocked.test")
        .await;
    relay.ready().await;
    let Some(curl) = Curl::to(&format!("http://127.0.0.1:{http}"), None) else {
        return;
    };
    let sent_on = curl.run("/mine/x", &[]).await;
    assert_eq!(sent_on.status(), 308);
    assert_eq!(
        curl.run("/mine/x", &["--data", "secret"]).await.status(),
        403
    );
}
