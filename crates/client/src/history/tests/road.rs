//! The ways a delivery can take.

use kreel_wire::Kind;

use super::super::{Done, Job, Known, Standing};
use super::support::{
    Desk, Folder, RELAY, begin, counters, delivery, ended, piece, receive, tunnel,
};

#[tokio::test]
async fn a_live_delivery_is_kept_with_its_attempt() {
    let folder = Folder::new();
    let history = folder.open();
    let desk = Desk::new(&history);
    let came = delivery(1, Kind::Live);
    desk.put(begin(&came, "{}", true));
    desk.put(ended(&came, Standing::Answered, 1));
    assert_eq!(desk.body(came.id).await, b"{}");
    desk.recorder.close().await;
    let db = folder.db();
    assert_eq!(counters(&db), [1, 0, 0, 1, 0, 0, 0, 0, 0]);
    let row = "SELECT standing, attempts, last_status, last_us FROM delivery";
    let row = db.query_row(row, [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    });
    assert_eq!(row.unwrap(), (2, 1, 200, 420));
    let url = "SELECT delivery, number, url FROM attempts";
    let url = db.query_row(url, [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))
    });
    let expected = "http://localhost:3000/api/webhooks/krea?project=1".to_owned();
    assert_eq!(url.unwrap(), (1, 1, expected));
}

#[tokio::test]
async fn what_the_relay_kept_waits_here_whole_and_in_order() {
    let folder = Folder::new();
    let history = folder.open();
    let mut desk = Desk::new(&history);
    for seq in [3, 1, 2] {
        let came = delivery(seq, Kind::Queued);
        desk.put(receive(&came, vec![b'a'; 10], false));
        desk.put(piece(&came, vec![b'b'; 100_000], false));
        desk.put(piece(&came, "", true));
        match desk.told().await {
            Done::Received { row, known } => {
                let id = row.summary.id;
                assert_eq!((id, known), (came.id, Known::New { attempts: 0 }));
            }
            other => panic!("{other:?}"),
        }
        let body = desk.body(came.id).await;
        assert_eq!(body.len(), 100_010);
        assert!(body.starts_with(b"aaaaaaaaaab") && body.ends_with(b"bb"));
    }
    assert_eq!(desk.backlog().await, [(1, 0), (2, 0), (3, 0)]);
    let pieces = "SELECT max(length(bytes)), count(*) FROM piece";
    let pieces = folder
        .db()
        .query_row(pieces, [], |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(pieces.unwrap(), (65_536, 6), "small chunks are joined");
}

#[tokio::test]
async fn what_came_before_is_known() {
    let folder = Folder::new();
    let history = folder.open();
    let mut desk = Desk::new(&history);
    let mut came = delivery(1, Kind::Queued);
    let received = async |desk: &mut Desk| match desk.told().await {
        Done::Received { known, .. } => known,
        other => panic!("{other:?}"),
    };
    desk.put(receive(&came, "x", true));
    assert_eq!(received(&mut desk).await, Known::New { attempts: 0 });
    desk.put(receive(&came, "x", true));
    assert_eq!(received(&mut desk).await, Known::Waiting { attempts: 0 });
    desk.put(Job::Begun {
        id: came.id,
        attempt: 1,
    });
    assert!(matches!(desk.told().await, Done::Began { attempt: 1, .. }));
    desk.put(ended(&came, Standing::Failed, 1));
    desk.put(receive(&came, "x", true));
    assert_eq!(
        received(&mut desk).await,
        Known::Finished,
        "it had its turn"
    );
    desk.put(Job::Duplicate { id: came.id });
    // One that failed when nobody had promised it is promised now.
    came = delivery(3, Kind::Live);
    desk.put(begin(&came, "x", true));
    desk.put(ended(&came, Standing::Failed, 1));
    desk.put(receive(&came, "x", true));
    assert_eq!(received(&mut desk).await, Known::New { attempts: 1 });
    desk.put(ended(&came, Standing::Answered, 2));
    desk.put(receive(&came, "x", true));
    assert_eq!(received(&mut desk).await, Known::Finished);
    // One that went out before has had an attempt, for all anyone knows.
    came = delivery(2, Kind::Queued);
    came.attempted = true;
    desk.put(receive(&came, "x", true));
    assert_eq!(received(&mut desk).await, Known::New { attempts: 1 });
    assert_eq!(desk.backlog().await, [(2, 1)]);
    desk.recorder.close().await;
    assert_eq!(counters(&folder.db()), [3, 0, 1, 1, 1, 0, 0, 0, 1]);
}

#[tokio::test]
async fn what_is_not_complete_is_replaced_and_never_promised() {
    let folder = Folder::new();
    let history = folder.open();
    let mut desk = Desk::new(&history);
    let came = delivery(1, Kind::Live);
    desk.put(begin(&came, vec![1; 70_000], false));
    desk.put(Job::Promise {
        id: came.id,
        attempts: 0,
    });
    assert!(matches!(desk.told().await, Done::NotDone { id } if id == came.id));
    desk.put(Job::Stand {
        id: came.id,
        standing: Standing::BrokenOff,
    });
    // What is still on its way belongs to nothing.
    desk.put(piece(&came, "late", true));
    assert_eq!(desk.backlog().await, []);
    desk.put(receive(&came, vec![2; 65_536], false));
    desk.put(piece(&came, vec![2; 10], true));
    assert!(matches!(
        desk.told().await,
        Done::Received {
            known: Known::New { attempts: 0 },
            ..
        }
    ));
    assert_eq!(desk.body(came.id).await, vec![2; 65_546]);
    desk.put(Job::Promise {
        id: came.id,
        attempts: 0,
    });
    assert!(matches!(desk.told().await, Done::Promised { .. }));
    assert_eq!(desk.backlog().await, [(1, 0)]);
}

#[tokio::test]
async fn what_a_process_left_open_is_not_open_for_the_next() {
    let folder = Folder::new();
    let history = folder.open();
    let desk = Desk::new(&history);
    let whole = delivery(1, Kind::Live);
    desk.put(begin(&whole, "x", true));
    desk.put(begin(&delivery(2, Kind::Live), "x", false));
    desk.put(receive(&delivery(3, Kind::Queued), "x", false));
    desk.recorder.close().await;
    assert_eq!(counters(&folder.db()), [3, 2, 1, 0, 0, 0, 0, 0, 0]);

    // Not while another process works on the tunnel.
    let other = folder.open();
    let lock = other.worker_lock(RELAY, &tunnel()).unwrap().unwrap();
    assert!(
        folder
            .open()
            .worker_lock(RELAY, &tunnel())
            .unwrap()
            .is_none()
    );
    drop(Desk::new(&folder.open()));
    assert_eq!(counters(&folder.db()), [3, 2, 1, 0, 0, 0, 0, 0, 0]);
    drop(Desk::new(&other));
    assert_eq!(counters(&folder.db()), [3, 0, 0, 0, 1, 0, 2, 0, 0]);
    drop(lock);
    assert!(history.worker_lock(RELAY, &tunnel()).unwrap().is_some());

    let mut desk = Desk::new(&folder.open());
    desk.put(receive(&whole, "x", true));
    assert!(matches!(
        desk.told().await,
        Done::Received {
            known: Known::New { .. },
            ..
        }
    ));
    assert_eq!(desk.backlog().await, [(1, 0)]);
}

#[tokio::test]
async fn a_backlog_comes_in_pages() {
    let folder = Folder::new();
    let history = folder.open();
    let mut desk = Desk::new(&history);
    for seq in [1, 2, 2, 3] {
        desk.put(receive(&delivery(seq, Kind::Queued), "x", true));
        desk.told().await;
    }
    let mut after = None;
    let mut pages = Vec::new();
    loop {
        desk.put(Job::Backlog {
            after,
            since_us: None,
            limit: 2,
        });
        let Done::Backlog { rows, beyond } = desk.told().await else {
            panic!("no backlog");
        };
        after = rows.last().map(|row| row.summary.seq);
        pages.push(rows.iter().map(|row| row.summary.seq.0).collect::<Vec<_>>());
        if beyond == 0 {
            break;
        }
    }
    assert_eq!(
        pages,
        [vec![1, 2, 2], vec![3]],
        "positions that are the same stay together"
    );
}

#[tokio::test]
async fn a_head_comes_back_as_it_was() {
    let folder = Folder::new();
    let history = folder.open();
    let mut desk = Desk::new(&history);
    let came = delivery(7, Kind::Queued);
    desk.put(receive(&came, "body", true));
    desk.told().await;
    let head = async |id| {
        let (reply, answer) = tokio::sync::oneshot::channel();
        desk.put(Job::Head { id, reply });
        answer.await.unwrap().unwrap()
    };
    let mut expected = came.clone();
    expected.body_bytes = Some(4);
    assert_eq!(head(came.id).await, Some(expected));
    assert_eq!(head(kreel_wire::DeliveryId::generate()).await, None);
}

#[tokio::test]
async fn one_that_begins_twice_is_there_once() {
    let folder = Folder::new();
    let history = folder.open();
    let mut desk = Desk::new(&history);
    let mut came = delivery(1, Kind::Live);
    desk.put(begin(&came, "first", true));
    desk.put(begin(&came, "again", true));
    desk.settle().await;
    desk.put(begin(&came, vec![b'x'; 70_000], false));
    desk.settle().await;
    desk.put(piece(&came, "", true));
    desk.put(ended(&came, Standing::Failed, 1));
    // The relay knows that it went out before: what is here of it is kept.
    came.attempted = true;
    desk.put(begin(&came, "whatever", true));
    assert_eq!(desk.body(came.id).await.len(), 70_000);
    desk.recorder.close().await;
    assert_eq!(counters(&folder.db()), [1, 1, 0, 0, 0, 0, 0, 0, 0]);
    let pieces: i64 = folder
        .db()
        .query_row("SELECT count(*) FROM piece", [], |row| row.get(0))
        .unwrap();
    assert_eq!(pieces, 2);
}
