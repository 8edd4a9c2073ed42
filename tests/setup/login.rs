//! A relay and a token that are kept: login, status, logout.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{DEADLINE, Finished, Home, Kreel, LocalApp, Sender, TestRelay};

fn status(home: &Home) -> Kreel {
    Kreel::new(&["status", "--json"]).home(home)
}

fn object(finished: &Finished) -> Value {
    let line = finished
        .stdout
        .lines()
        .next()
        .unwrap_or_else(|| panic!("{finished}"));
    serde_json::from_str(line).unwrap()
}

#[tokio::test]
async fn a_login_is_tried_kept_used_and_forgotten() {
    let mut relay = TestRelay::secure().await;
    let app = LocalApp::answering(200).await;
    let home = Home::new();
    let login = || {
        Kreel::new(&["login", "--relay", relay.url()])
            .path("--relay-ca", &relay.ca().unwrap())
            .home(&home)
    };
    let token = std::fs::read_to_string(relay.token_file())
        .unwrap()
        .trim()
        .to_owned();

    assert_eq!(object(&status(&home).run().await)["relay"], Value::Null);
    login()
        .run()
        .await
        .failed(2, "KR0309", &["--token-file", "--token-stdin"]);
    let wrong = login()
        .args(&["--token-stdin"])
        .input("kreel_of_somebody_else_entirely")
        .run()
        .await;
    wrong.failed(3, "KR0201", &["does not know this token"]);
    let file = home.path().join("config/kreel/config.toml");
    assert!(!file.exists(), "what does not work is not kept");

    let told = login()
        .args(&["--token-stdin"])
        .input(&format!("{token}\n"))
        .run()
        .await;
    assert_eq!(told.success(), "", "{told}");
    assert!(!told.stderr.contains(&token), "{told}");
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let folder = file.parent().unwrap();
    assert_eq!(
        std::fs::metadata(folder).unwrap().permissions().mode() & 0o077,
        0,
        "its folder, too"
    );

    let good = status(&home).run().await;
    good.success();
    let found = &object(&good)["relay"];
    assert_eq!(
        (&found["url"]["value"], &found["reachable"]),
        (&relay.url().into(), &true.into()),
        "{good}"
    );
    assert_eq!(found["token_name"], "first", "{good}");
    assert!(!good.stdout.contains(&token), "{good}");
    let port = app.port().to_string();
    let mut listening = Kreel::new(&["listen", &port, "--print-url"])
        .home(&home)
        .start();
    let url = listening.line("the address", DEADLINE).await.unwrap();
    assert!(url.starts_with(relay.url()), "{url}");
    assert_eq!(
        Sender::to(&url, Some(&relay.ca().unwrap()))
            .post("/hook", "x")
            .await
            .status(),
        200
    );
    listening.terminate().await;
    let tunnel = &object(&status(&home).run().await)["tunnel"];
    assert_eq!(tunnel["url"], *url, "the project's address is known");

    relay.kill().await;
    let gone = status(&home).run().await;
    gone.failed(5, "KR0102", &["refused"]);
    assert_eq!(object(&gone)["relay"]["reachable"], false);
    relay.restart_same_port().await;
    let data = relay.data();
    Kreel::new(&["token", "revoke", "first"])
        .path("--data", &data)
        .run()
        .await
        .success();
    status(&home).run().await.failed(3, "KR0201", &[]);

    Kreel::new(&["logout"]).home(&home).run().await.success();
    assert!(
        !std::fs::read_to_string(&file)
            .unwrap_or_default()
            .contains(&token)
    );
    let nothing = status(&home).run().await;
    nothing.success();
    assert_eq!(object(&nothing)["relay"], Value::Null);
    Kreel::new(&["logout"]).home(&home).run().await.success();
}
