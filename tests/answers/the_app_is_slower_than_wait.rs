//! The app is still working after `--wait`, or after `--timeout`.

use super::*;

#[tokio::test]
async fn by_default_the_sender_has_202_and_the_attempt_goes_on() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut client = listen(&relay, &app, APP, SHORT_WAIT).await;
    let id = kept(&client.sender().post("/hook", "{}").await, 202, "pending");
    app.release(1);
    let attempt = attempt(&mut client, &id).await;
    assert_eq!(
        (&attempt["status"], &attempt["attempt"]),
        (&200.into(), &1.into())
    );
    assert_eq!(received_ids(&app, 1).await, [id]);
}

#[tokio::test]
async fn by_default_what_was_answered_late_is_never_sent_again() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut client = listen(&relay, &app, APP, SHORT_WAIT).await;
    let id = kept(&client.sender().post("/late", "{}").await, 202, "pending");
    app.release(1);
    attempt(&mut client, &id).await;
    assert_eq!(client.terminate().await, Some(143));
    // What comes next would come behind it, were it still kept.
    let next = kept(&client.sender().post("/next", "{}").await, 202, "queued");
    let _client = client.again().start().await;
    assert_eq!(received_ids(&app, 2).await, [id, next]);
}

#[tokio::test]
async fn with_answer_now_the_sender_has_200() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut client = listen(&relay, &app, NOW, SHORT_WAIT).await;
    let id = kept(&client.sender().post("/hook", "{}").await, 200, "pending");
    app.release(1);
    assert_eq!(attempt(&mut client, &id).await["status"], 200);
}

#[tokio::test]
async fn strictly_the_sender_has_504() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut client = listen(&relay, &app, STRICT, SHORT_WAIT).await;
    let answer = client.sender().post("/hook", "{}").await;
    assert_eq!(problem(&answer, 504), "no_answer");
    let answered = client.next_event("answered", DEADLINE).await;
    assert_eq!(
        (&answered["status"], &answered["by"]),
        (&504.into(), &"relay".into())
    );
    assert_eq!(app.count(), 1);
}

#[tokio::test]
async fn slower_than_timeout_the_app_is_given_up() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    for column in [APP, STRICT] {
        let flags = &["--timeout", SHORT_WAIT];
        let listen = Listen::on(&relay).to(&app).flags(column).flags(flags);
        let mut client = listen.start().await;
        let answer = client.sender().post("/hook", "{}").await;
        assert_eq!(problem(&answer, 504), "timed_out");
        let attempt = client.next_event("attempt", DEADLINE).await;
        assert_eq!(attempt["failure"], "timed_out");
    }
}
