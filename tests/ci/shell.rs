//! The shell example, run literally.

use super::{Project, block};
use crate::support::{LocalApp, programs};

#[tokio::test]
async fn the_shell_example_passes_as_it_stands() {
    let (Some(shell), Some(_)) = (programs::find("sh"), programs::find("jq")) else {
        return;
    };
    let app = LocalApp::answering(200).await;
    let mut project = Project::new();
    project.set("APP_PORT", &app.port().to_string());
    // In one folder as often as one likes.
    for round in 1..=2 {
        let ran = project.run(&shell, &[], block("sh")).await;
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        assert!(
            ran.stdout.contains("TAP version 14\n1..1\nok 1 - "),
            "{ran:#?}"
        );
        assert!(!ran.stderr.contains("error"), "{ran:#?}");
        // The fixture is answered as it was.
        assert!(
            ran.stdout.contains("as expected (recorded): 1 of 1"),
            "{ran:#?}"
        );
        let received = app.receives(2 * round).await;
        assert_eq!(received.len(), 2 * round);
        let (live, again) = (&received[2 * round - 2], &received[2 * round - 1]);
        assert!(live.text().contains("\"completed\""));
        assert_eq!((again.id(), &again.body), (live.id(), &live.body));
        let report = project.read("report.xml");
        assert!(
            report.contains("the app takes jobs") && report.contains("failures=\"0\""),
            "{report}"
        );
        // It leaves nothing of its own behind.
        assert_eq!(std::fs::read_dir(project.scratch()).unwrap().count(), 0);
    }
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
