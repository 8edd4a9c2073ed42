//! The relay's side: `relay.db`.

use std::path::PathBuf;

use crate::damage::{noise, set_aside};
use crate::support::{DEADLINE, Finished, Listen, LocalApp, TestClient, TestRelay};

/// A relay that has ended, with tokens, a tunnel and deliveries that wait.
struct Scene {
    relay: TestRelay,
    app: LocalApp,
    client: TestClient,
    stranger: PathBuf,
}

impl Scene {
    async fn new() -> Self {
        let (mut relay, app) = (TestRelay::start().await, LocalApp::echo().await);
        let stranger = relay.another_token("stranger").await;
        let listen = Listen::on(&relay).to(&app).flags(&["--tunnel", "mine"]);
        let mut client = listen.start().await;
        client.terminate().await;
        for number in 0..50 {
            let body = format!("{number} {}", "x".repeat(8000));
            assert_eq!(client.sender().post("/kept", body).await.status(), 202);
        }
        assert_eq!(relay.terminate().await, Some(143));
        Self {
            relay,
            app,
            client,
            stranger,
        }
    }

    fn file(&self) -> PathBuf {
        self.relay.data().join("relay.db")
    }

    /// Starts with these bytes in place of the file, which stay as they are.
    async fn starts_with(&mut self, bytes: &[u8]) {
        std::fs::write(self.file(), bytes).unwrap();
        self.relay.restart_same_port().await;
        let aside = set_aside(&self.file());
        assert_eq!(std::fs::read(&aside).unwrap(), bytes);
        let said = self.relay.process.stderr();
        assert!(
            said.contains("damaged") && said.contains(&aside.display().to_string()),
            "{said}"
        );
    }

    /// The token works, the tunnel is its owner's, and what comes is handed over.
    async fn goes_on(&mut self) {
        let mut client = self.client.again().start().await;
        assert_eq!(client.url(), self.client.url());
        assert_eq!(client.sender().post("/now", "live").await.status(), 200);
        if client.waited() > 0 {
            client.next_event("drained", DEADLINE).await;
        }
        client.terminate().await;
        let thief = self.client.again().token_file(Some(self.stranger.clone()));
        let mut thief = thief.home(&crate::support::Home::new()).spawn();
        let refused = Finished::of(&mut thief.process, DEADLINE).await;
        assert!([Some(3), Some(1)].contains(&refused.code), "{refused}");
        assert!(!refused.stdout.contains("\"ready\""), "{refused}");
    }
}

#[tokio::test]
async fn damage_among_the_deliveries_costs_no_more_than_those() {
    let mut scene = Scene::new().await;
    let mut bytes = std::fs::read(scene.file()).unwrap();
    let (from, until) = (bytes.len() / 2, bytes.len() * 3 / 4);
    bytes[from..until].copy_from_slice(&noise(until - from));
    scene.starts_with(&bytes).await;
    scene.goes_on().await;
    let kept = scene
        .app
        .texts()
        .iter()
        .filter(|text| *text != "live")
        .count();
    assert!((1..50).contains(&kept), "{kept}");
    let whole = |text: &String| text == "live" || text.len() > 8000;
    assert!(scene.app.texts().iter().all(whole));
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_read_as_far_as_it_goes() {
    let mut scene = Scene::new().await;
    let bytes = std::fs::read(scene.file()).unwrap();
    scene.starts_with(&bytes[..bytes.len() / 2]).await;
    scene.goes_on().await;
}

/// Nothing is left: whoever has the relay's own token begins anew.
#[tokio::test]
async fn noise_in_place_of_the_file_leaves_a_relay_that_works() {
    let mut scene = Scene::new().await;
    let bytes = std::fs::metadata(scene.file()).unwrap().len();
    scene.starts_with(&noise(bytes.try_into().unwrap())).await;
    scene.goes_on().await;
}

#[tokio::test]
async fn a_file_of_a_newer_kreel_is_left_alone() {
    let scene = Scene::new().await;
    let mut bytes = std::fs::read(scene.file()).unwrap();
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(scene.file(), &bytes).unwrap();
    let data = scene.relay.data();
    let relay = crate::support::Kreel::new(&["relay", "--listen", "127.0.0.1:0", "--tls", "off"])
        .path("--data", &data)
        .path("--token-file", &scene.relay.token_file());
    let refused = relay.run().await;
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(
        refused.stderr.contains("newer") && refused.stderr.contains("99"),
        "{refused}"
    );
    assert_eq!(std::fs::read(scene.file()).unwrap(), bytes);
}
