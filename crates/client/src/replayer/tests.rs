//! Replays of what a history holds, with no relay anywhere.

use bytes::Bytes;
use futures_util::stream;
use kreel_wire::Kind;
use tokio::task::JoinHandle;

use super::*;
use crate::testing::{FakeApp, config, delivery, id, soon};
use crate::{Match, Reader};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A history with these deliveries, each with its body.
struct Past {
    folder: tempfile::TempDir,
    history: History,
}

impl Past {
    async fn of(bodies: &[(u64, Bytes)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let opened = History::open(&folder.path().join("history.db")).unwrap();
        let tunnel = "an-old-one".parse().unwrap();
        let (recorder, _done) = (opened.history)
            .recorder("https://elsewhere.example", &tunnel)
            .unwrap();
        for (number, body) in bodies {
            recorder.jobs().put(Job::Begin {
                delivery: Box::new(delivery(*number, Kind::Live)),
                first: body.clone(),
                is_complete: true,
            });
        }
        recorder.close().await;
        Self {
            folder,
            history: opened.history,
        }
    }

    fn replay(&self, target: Option<&str>, replays: Vec<Replay>) -> Run {
        let config = config("http://relay.example", target).of_app();
        let replayer = Replayer::new(config, self.history.clone()).unwrap();
        replayer.recorder.hurry();
        let (commands, orders) = mpsc::channel(4);
        let (told, updates) = mpsc::channel(1);
        let replays = stream::iter(replays);
        Run {
            task: tokio::spawn(replayer.run(replays, orders, told)),
            commands,
            updates,
        }
    }

    /// The numbers of the attempts at one that are kept, and their statuses.
    fn kept(&self, number: u64) -> Vec<(u32, Option<u16>)> {
        let file = self.folder.path().join("history.db");
        let reader = Reader::open(&file).unwrap().unwrap();
        let Match::One(row) = reader.find(&id(number).to_string()).unwrap() else {
            panic!("it is there");
        };
        let attempts = reader.get(row).unwrap().unwrap().attempts;
        assert!(attempts.iter().all(|attempt| attempt.is_replay));
        attempts.iter().map(|it| (it.number, it.status)).collect()
    }
}

struct Run {
    task: JoinHandle<ReplayCounts>,
    commands: mpsc::Sender<Command>,
    updates: mpsc::Receiver<Update>,
}

impl Run {
    /// All that is told, and what it came to.
    async fn end(mut self) -> (Vec<Update>, ReplayCounts) {
        let mut told = Vec::new();
        while let Some(update) = soon(self.updates.recv()).await {
            told.push(update);
        }
        (told, soon(self.task).await.unwrap())
    }
}

fn counts(answered: u64, failed: u64, not_replayed: u64) -> ReplayCounts {
    ReplayCounts {
        answered,
        failed,
        not_replayed,
        unwritten: 0,
    }
}

#[tokio::test]
async fn what_other_tunnels_brought_is_replayed_and_counted() {
    let many: Vec<_> = (1..=100).map(|number| (number, Bytes::from("x"))).collect();
    let past = Past::of(&many).await;
    let app = FakeApp::start().await;
    let target = app.target();
    let app = app.answering(OK);
    let replays = (1..=101).map(|number| Replay::once(id(number)));
    let replays = replays.chain([Replay {
        times: 50,
        at_once: 4,
        ..Replay::once(id(1))
    }]);
    let run = past.replay(Some(&target), replays.collect());
    let (told, ended) = run.end().await;
    assert_eq!(ended, counts(150, 0, 1), "one is not in the history");
    let attempts = told.iter().filter(|it| matches!(it, Update::Attempt(_)));
    assert_eq!(attempts.count(), 150, "none is left out for a slow reader");
    let kept = past.kept(1);
    let numbers = kept.iter().map(|(number, _)| *number);
    assert!(numbers.eq(2..=52), "{kept:?}");
    assert_eq!(past.kept(100), [(2, Some(200))]);
    app.abort();
}

#[tokio::test]
async fn as_many_run_at_once_as_asked_for() {
    let past = Past::of(&[(1, Bytes::from("x"))]).await;
    let app = FakeApp::start().await;
    let target = app.target();
    let connections = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let app = app.answering_counted(OK, connections.clone());
    let config = ReplayConfig {
        at_once: 50,
        ..config("http://relay.example", Some(&target)).of_app()
    };
    let replayer = Replayer::new(config, past.history.clone()).unwrap();
    let (_commands, orders) = mpsc::channel(4);
    let (told, updates) = mpsc::channel(1024);
    drop(updates);
    let replay = Replay {
        times: 1000,
        at_once: 50,
        ..Replay::once(id(1))
    };
    let ended = soon(replayer.run(stream::iter([replay]), orders, told)).await;
    assert_eq!(ended, counts(1000, 0, 0));
    let opened = connections.load(Ordering::Relaxed);
    assert!((17..=50).contains(&opened), "{opened} connections");
    app.abort();
}

#[tokio::test]
async fn a_large_body_comes_piece_by_piece_from_the_file() {
    let body = "0123456789abcdef".repeat(200_001);
    let past = Past::of(&[(7, Bytes::from(body.clone()))]).await;
    let app = FakeApp::start().await;
    let run = past.replay(Some(&app.target()), vec![Replay::once(id(7))]);
    let mut caller = app.accept().await;
    let request = caller.request().await;
    assert!(request.contains(&format!("content-length: {}\r\n", body.len())));
    let (_, came) = request.split_once("\r\n\r\n").unwrap();
    assert!(came == body, "{} bytes came", came.len());
    caller.write(OK).await;
    assert_eq!(run.end().await.1, counts(1, 0, 0));
}

#[tokio::test]
async fn a_stop_lets_those_that_run_end_and_begins_no_more() {
    let past = Past::of(&[(7, Bytes::from("x"))]).await;
    let app = FakeApp::start().await;
    let replay = Replay {
        times: 1000,
        ..Replay::once(id(7))
    };
    let mut run = past.replay(Some(&app.target()), vec![replay]);
    let mut caller = app.accept().await;
    caller.request().await;
    run.commands.send(Command::Stop).await.unwrap();
    let stopping = |update| matches!(update, Update::Stopping { running: 1, .. });
    while !stopping(soon(run.updates.recv()).await.unwrap()) {}
    caller.write(OK).await;
    let (told, ended) = run.end().await;
    assert_eq!(ended, counts(1, 0, 1), "{told:?}");
    assert_eq!(past.kept(7), [(2, Some(200))]);
}

#[tokio::test]
async fn a_second_stop_gives_up_those_that_hang_and_they_are_kept() {
    let past = Past::of(&[(7, Bytes::from("x"))]).await;
    let app = FakeApp::start().await;
    let replay = Replay {
        times: 2,
        at_once: 2,
        ..Replay::once(id(7))
    };
    let run = past.replay(Some(&app.target()), vec![replay]);
    let mut callers = [app.accept().await, app.accept().await];
    for caller in &mut callers {
        caller.request().await;
    }
    run.commands.send(Command::StopNow).await.unwrap();
    assert_eq!(run.end().await.1, counts(0, 2, 0));
    assert_eq!(past.kept(7), [(2, None), (3, None)]);
}

#[tokio::test]
async fn nobody_at_home_is_a_failure_at_once() {
    let past = Past::of(&[(7, Bytes::from("x"))]).await;
    let app = FakeApp::start().await;
    let target = app.target();
    drop(app);
    let run = past.replay(Some(&target), vec![Replay::once(id(7))]);
    assert_eq!(run.end().await.1, counts(0, 1, 0));
    assert_eq!(past.kept(7), [(2, None)]);
    let run = past.replay(None, vec![Replay::once(id(7))]);
    assert_eq!(run.end().await.1, counts(0, 0, 1), "there is no app at all");
}

/// Whoever asked must hear of it: what the app was sent is nowhere else.
#[tokio::test]
async fn attempts_that_could_not_be_written_are_counted() {
    let past = Past::of(&[(7, Bytes::from("x"))]).await;
    let app = FakeApp::start().await;
    let run = past.replay(Some(&app.target()), vec![Replay::once(id(7))]);
    let mut caller = app.accept().await;
    caller.request().await;
    // Nobody writes while another holds the file; that is as good as a full disk.
    let holder = rusqlite::Connection::open(past.folder.path().join("history.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    caller.write(OK).await;
    let (_, ended) = run.end().await;
    let lost = ReplayCounts {
        unwritten: 1,
        ..counts(1, 0, 0)
    };
    assert_eq!(ended, lost);
    holder.execute_batch("COMMIT").unwrap();
    assert_eq!(past.kept(7), []);
}
