//! Header lines keep their places, also where lines of one name stand apart.

use crate::support::{DEADLINE, Head, LocalApp, Post, TestClient, TestRelay, within};

const APART: [(&str, &str); 7] = [
    ("X-A", "1"),
    ("X-B", "2"),
    ("x-a", "3"),
    ("X-C", "4"),
    ("X-A", "5"),
    ("X-B", "6"),
    ("X-B", "7"),
];

fn apart() -> Post {
    let post = Post::new("POST", "/apart");
    APART
        .iter()
        .fold(post, |post, (name, value)| post.header(name, *value))
}

/// The lines named `x-…` that the app got but those kreel adds.
fn odd(head: &Head) -> Vec<(String, String)> {
    let lines = head.lines().into_iter();
    let lines = lines.map(|(name, value)| (name, String::from_utf8(value).unwrap()));
    lines
        .filter(|(name, _)| name.starts_with("x-") && !name.starts_with("x-forwarded"))
        .collect()
}

fn sent() -> Vec<(String, String)> {
    let line = |(name, value): &(&str, &str)| (name.to_lowercase(), (*value).to_owned());
    APART.iter().map(line).collect()
}

#[tokio::test]
async fn lines_of_one_name_that_stand_apart_stay_apart() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    let sender = client.sender();
    // Among others, on one connection, and the second before the first is answered.
    let plain = Post::new("POST", "/plain").header("X-Z", "1").body("{}");
    let many = (0..60).fold(apart(), |post, number| {
        post.header(&format!("X-Many-{number}"), number.to_string())
    });
    let posts = [
        apart().body("one"),
        plain.clone(),
        apart().chunks(&[b"two"]),
        plain,
        many.body("three"),
    ];
    let bytes: Vec<Vec<u8>> = posts.iter().map(|post| sender.bytes(post)).collect();
    let mut connection = sender.connect().await;
    connection.write(&bytes.concat()).await.unwrap();
    for _ in &posts {
        let answer = within("an answer", DEADLINE, connection.answer("POST")).await;
        assert_eq!(answer.unwrap().status(), 200);
    }
    let received = app.receives(posts.len()).await;
    for (place, body) in [(0, "one"), (2, "two"), (4, "three")] {
        let lines = odd(&received[place].head);
        assert_eq!(lines[..APART.len()], sent(), "{place}");
        assert_eq!(received[place].text(), body);
        let rest: Vec<_> = lines[APART.len()..].iter().collect();
        let many: Vec<_> = rest.iter().map(|(_, value)| value.clone()).collect();
        let numbers: Vec<_> = (0..rest.len()).map(|number| number.to_string()).collect();
        assert_eq!(many, numbers);
    }
    assert_eq!(odd(&received[1].head), [("x-z".to_owned(), "1".to_owned())]);

    // What is kept has them so, and a replay sends them so.
    client.has_on_record("answered", posts.len()).await;
    let replay = client.beside(&["replay", "last"]);
    let replay = replay.path("--history", &client.history());
    replay.run().await.success();
    let received = app.receives(posts.len() + 1).await;
    assert_eq!(odd(&received[posts.len()].head)[..APART.len()], sent());
    let kept = &client.requests(&["get", "last"]).await[0];
    for headers in [
        &kept["headers"],
        &kept["attempts_ended"][0]["request_headers"],
    ] {
        let lines = headers.as_array().unwrap().iter();
        let lines: Vec<_> = lines
            .map(|line| (line[0].as_str().unwrap(), line[1].as_str().unwrap()))
            .filter(|(name, _)| ["x-a", "x-b", "x-c"].contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(lines, sent(), "{kept}");
    }
}
