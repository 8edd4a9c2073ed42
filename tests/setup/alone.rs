//! Without any set-up: a relay inside, a demo, what a shell needs.

use std::path::PathBuf;

use serde_json::Value;
use tokio::process::Command;

use crate::support::{DEADLINE, Kreel, LocalApp, Process, Sender, eventually, programs, within};

/// A client that runs its own relay.
struct Alone {
    process: Process,
    url: String,
    /// What it tells its user to type.
    curl: String,
    /// The certificate in there.
    ca: PathBuf,
}

impl Alone {
    async fn start(kreel: Kreel) -> Self {
        let mut process = kreel.start();
        let line = process
            .line("its ready line", DEADLINE)
            .await
            .expect("it starts");
        let url = line.split_whitespace().last().unwrap().to_owned();
        eventually("it says how to use it", DEADLINE, || {
            process.stderr().contains("-d '{")
        })
        .await;
        let told = process.stderr();
        let curl = told
            .lines()
            .find(|line| line.trim().starts_with("curl "))
            .expect("a line to type");
        let mut words = curl
            .split_whitespace()
            .skip_while(|word| *word != "--cacert")
            .skip(1);
        let ca = words.next().expect("a certificate").into();
        assert_eq!(words.next(), Some(&*url), "{told}");
        Self {
            process,
            url,
            curl: curl.to_owned(),
            ca,
        }
    }

    fn sender(&self) -> Sender {
        Sender::to(&self.url, Some(&self.ca))
    }
}

#[tokio::test]
async fn a_port_is_all_that_is_needed() {
    let app = LocalApp::echo().await;
    let port = app.port().to_string();
    let listen = Kreel::new(&["listen", &port]);
    let mut first = Alone::start(listen.clone()).await;
    assert!(first.url.starts_with("https://127.0.0.1:"), "{}", first.url);
    assert!(
        first
            .process
            .stderr()
            .contains("only this machine can reach this address")
    );
    if programs::find("curl").is_some() {
        // As its user would: the line as it stands there.
        let typed = Command::new("sh").args(["-c", &first.curl]).output();
        let typed = within("curl", DEADLINE, typed).await.unwrap();
        let answer: Value = serde_json::from_slice(&typed.stdout).unwrap();
        assert_eq!(
            (&answer["target"], &answer["body_bytes"]),
            (&"/".into(), &17.into())
        );
    }
    assert_eq!(
        first.sender().post("/hook?a=1", "x").await.json()["target"],
        "/hook?a=1"
    );

    // A second one in the same folder has a relay and an address of its own.
    let second = Alone::start(listen.clone()).await;
    assert_ne!(first.url, second.url);
    for alone in [&first, &second] {
        assert_eq!(alone.sender().post("/hook", "both").await.status(), 200);
    }
    assert_eq!(first.process.terminate().await, Some(143));
    let again = Alone::start(listen.clone()).await;
    assert_eq!(
        (again.url.clone(), again.ca.clone()),
        (first.url, first.ca),
        "it stays the same"
    );
    assert_eq!(again.sender().post("/hook", "again").await.status(), 200);
}

#[tokio::test]
async fn a_shell_learns_our_words() {
    let version = Kreel::new(&["--version"]).run().await;
    assert_eq!(
        version.success().trim(),
        concat!("kreel ", env!("CARGO_PKG_VERSION"))
    );
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = Kreel::new(&["completion", shell]).run().await;
        assert!(
            script.success().contains("kreel") && script.stdout.contains("listen"),
            "{script}"
        );
        assert_eq!(script.stderr, "");
    }
    let Some(bash) = programs::find("bash") else {
        return;
    };
    let script = Kreel::new(&["completion", "bash"]).run().await.stdout;
    let words = format!(
        "{script}\nCOMP_WORDS=(kreel rel) COMP_CWORD=1; _kreel kreel rel kreel; echo ${{COMPREPLY[@]}}"
    );
    let completed = std::process::Command::new(bash)
        .args(["--norc", "-c", &words])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "relay");
}
