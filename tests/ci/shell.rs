//! The shell example, run literally.

use super::{Project, block};
use crate::support::{AppAddress as _, Kreel, LocalApp, programs, schema};

#[tokio::test]
async fn the_shell_example_passes_as_it_stands() {
    let (Some(shell), Some(_)) = (programs::find("sh"), programs::find("jq")) else {
        return;
    };
    let app = LocalApp::answering(200).await;
    let mut project = Project::new();
    project.set("APP_PORT", &app.port().to_string());
    let ran = project.run(&shell, &[], block("sh")).await;
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(
        ran.stdout.contains("TAP version 14\n1..1\nok 1 - "),
        "{ran:#?}"
    );
    assert!(!ran.stderr.contains("error"), "{ran:#?}");
    let received = app.receives(1).await;
    assert_eq!(received.len(), 1);
    assert!(received[0].text().contains("\"completed\""));
    let report = project.read("report.xml");
    assert!(
        report.contains("the app takes jobs") && report.contains("failures=\"0\""),
        "{report}"
    );

    // What its last lines promise holds: the fixture is answered as it was.
    let lines = schema::lines(&project.read("webhooks.ndjson"));
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["request"]["url"], "https://webhook.invalid/hook");
    let cassette = project.file("webhooks.ndjson");
    let words = ["replay", "--to", &app.target(), "--expect", "recorded"];
    Kreel::new(&words)
        .path("--cassette", &cassette)
        .run()
        .await
        .success();

    // It leaves nothing of its own behind.
    assert_eq!(std::fs::read_dir(project.scratch()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_shell_example_fails_when_the_app_does_and_when_kreel_does() {
    let (Some(shell), Some(_)) = (programs::find("sh"), programs::find("jq")) else {
        return;
    };
    let app = LocalApp::answering(500).await;
    let mut project = Project::new();
    project.set("APP_PORT", &app.port().to_string());
    let ran = project.run(&shell, &[], block("sh")).await;
    assert_eq!(ran.code, Some(1), "the webhook was refused: {ran:#?}");
    assert!(ran.stderr.contains("KR0605"), "{ran:#?}");

    // A kreel that can't listen ends the loop, too.
    let mut project = Project::new();
    project.set("APP_PORT", "no:port:at:all");
    let ran = project.run(&shell, &[], block("sh")).await;
    assert_ne!(ran.code, Some(0), "{ran:#?}");
    assert!(!project.file("report.xml").exists());
}
