//! What answers mean, and what is asked for at all.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::fixture::Fixture;
use crate::status::Status;

const ID: &str = "0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11";

/// What a server that answers like this makes of one question, and what it was asked.
async fn asked(answer: &str, id: &str, base: &str) -> (Result<ApiAnswer, AskError>, String) {
    let (result, head) = with_server(answer, base, async |asker| {
        asker
            .job(&JobId::new(id), &Key::bearer("s3cret").unwrap())
            .await
    })
    .await;
    (result, head)
}

async fn with_server<T>(
    answer: &str,
    base: &str,
    ask: impl AsyncFnOnce(Asker) -> T,
) -> (T, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}{base}", listener.local_addr().unwrap());
    let asker = Asker::new(upstream.parse().unwrap(), Vec::new()).unwrap();
    let serving = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let read = stream.read(&mut head).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    };
    tokio::join!(
        async {
            tokio::time::timeout(Duration::from_secs(20), ask(asker))
                .await
                .unwrap()
        },
        serving
    )
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_job_is_asked_for_by_one_part_of_the_path() {
    let body = Fixture::Image.body();
    let (answer, head) = asked(&answer("200 OK", "", &body), ID, "/base/").await;
    let answer = answer.unwrap();
    assert_eq!(answer.body, body);
    assert_eq!(
        answer.reading.unwrap().job().unwrap().status,
        Some(Status::Completed)
    );
    assert!(
        head.starts_with(&format!("GET /base/jobs/{ID} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        head.to_lowercase().contains("authorization: bearer s3cret"),
        "{head}"
    );
    assert!(head.to_lowercase().contains("user-agent: kreel/"), "{head}");
}

#[tokio::test]
async fn only_404_says_that_a_job_is_unknown() {
    let (unknown, _) = asked(&answer("404 Not Found", "", "{\"error\":\"no\"}"), ID, "").await;
    assert_eq!(unknown.unwrap().reading, None);
    for (status, headers, body) in [
        ("401 No", "", "{\"message\":\"Unauthorized\"}"),
        ("402 No", "", "{}"),
        ("403 No", "", "{}"),
        ("429 Slow", "Retry-After: 7\r\n", "{}"),
        ("500 Oh", "", "oh"),
        ("502 Oh", "", "<html>"),
        ("301 There", "Location: http://127.0.0.1:1/\r\n", ""),
        // The edge's page, not the API's word.
        ("404 Not Found", "", "<!DOCTYPE html><h1>404</h1>"),
    ] {
        let (answer, _) = asked(&answer(status, headers, body), ID, "").await;
        let error = answer.expect_err(status);
        let is_key = status.starts_with("40") && !status.starts_with("404");
        assert_eq!(error.is_passing(), !is_key, "{status}: {error}");
        let retry_after = status.starts_with("429").then(|| Duration::from_secs(7));
        assert_eq!(error.retry_after(), retry_after, "{status}");
    }
}

#[tokio::test]
async fn what_breaks_off_or_is_too_large_proves_nothing() {
    let (short, _) = asked("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", ID, "").await;
    assert!(matches!(short, Err(AskError::Unreadable)), "{short:?}");
    let large = answer("200 OK", "", &" ".repeat(JOB_MAX_BYTES + 1));
    let (large, _) = asked(&large, ID, "").await;
    assert!(matches!(large, Err(AskError::Unreadable)), "{large:?}");
}

#[tokio::test]
async fn nothing_but_uuids_is_asked_for() {
    let asker = Asker::new("http://127.0.0.1:1".parse().unwrap(), Vec::new()).unwrap();
    let key = Key::bearer("k").unwrap();
    for id in [
        "",
        "1",
        "../assets",
        "0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d1/",
        "{0f6f4c1e8a504f0e9a0d0c1f3a5b7d11}",
    ] {
        let error = asker.job(&JobId::new(id), &key).await.unwrap_err();
        assert!(
            matches!(error, AskError::NotAnId(_)) && !error.is_passing(),
            "{id}"
        );
    }
    let error = asker.job(&JobId::new(ID), &key).await.unwrap_err();
    assert!(matches!(error, AskError::Unreachable(_)) && error.is_passing());
}

#[tokio::test]
async fn lists_have_jobs_and_a_place_to_go_on() {
    let job = Fixture::Failed.body();
    for name in ["next_cursor", "nextCursor"] {
        let body =
            format!("{{\"items\":[{job},{{\"odd\":1}}],\"{name}\":\"2026-10-02T08:15:30Z\"}}");
        let ask = async |asker: Asker| {
            let key = Key::bearer("k").unwrap();
            asker.list(&key, 7, Some("2026-10-02T08:15:30+00:00")).await
        };
        let (listed, head) = with_server(&answer("200 OK", "", &body), "", ask).await;
        let listed = listed.unwrap();
        assert_eq!(
            (listed.jobs.len(), listed.next.as_deref()),
            (1, Some("2026-10-02T08:15:30Z"))
        );
        assert!(listed.jobs[0].0.is_uuid());
        assert_eq!(listed.jobs[0].1.body, job);
        assert!(
            head.contains("/jobs?limit=7&cursor=2026%2D10%2D02T08%3A15%3A30%2B00%3A00"),
            "{head}"
        );
    }
}

/// A server that answers whoever has one of these keys like this, one question after another.
async fn by_key(answers: &[(&str, String)], keys: &[&str]) -> (Result<ApiAnswer, AskError>, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}", listener.local_addr().unwrap());
    let asker = Asker::new(upstream.parse().unwrap(), Vec::new()).unwrap();
    let keys: Vec<Key> = keys.iter().map(|key| Key::bearer(key).unwrap()).collect();
    let mut asked = 0;
    let serving = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.unwrap();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let said = answers
                .iter()
                .find(|(key, _)| head.contains(&format!("Bearer {key}\r")));
            asked += 1;
            stream.write_all(said.unwrap().1.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    };
    let id = JobId::new(ID);
    let asking = tokio::time::timeout(Duration::from_secs(20), asker.job_by_any(&id, &keys));
    let answer = tokio::select! {
        answer = asking => answer.unwrap(),
        () = serving => unreachable!("it serves for ever"),
    };
    (answer, asked)
}

#[tokio::test]
async fn a_job_is_unknown_once_every_key_says_so() {
    let close = "Connection: close\r\n";
    let answers = [
        ("theirs", answer("404 Not Found", close, "{}")),
        ("ours", answer("200 OK", close, &Fixture::Image.body())),
        ("old", answer("401 No", close, "{}")),
        ("busy", answer("429 Slow", close, "{}")),
    ];
    let is_known = |answer: Result<ApiAnswer, AskError>| answer.unwrap().reading.is_some();
    let (known, asked) = by_key(&answers, &["theirs", "old", "ours", "busy"]).await;
    assert_eq!((is_known(known), asked), (true, 3));
    let (unknown, asked) = by_key(&answers, &["theirs", "old"]).await;
    assert_eq!((is_known(unknown), asked), (false, 2));
    let (refused, _) = by_key(&answers, &["old"]).await;
    assert!(
        matches!(refused, Err(AskError::KeyRefused { .. })),
        "{refused:?}"
    );
    let (busy, _) = by_key(&answers, &["theirs", "busy"]).await;
    assert!(matches!(busy, Err(AskError::TooOften { .. })), "{busy:?}");
    let (none, asked) = by_key(&answers, &[]).await;
    assert!(none.is_err_and(|error| !error.is_passing()) && asked == 0);
}
