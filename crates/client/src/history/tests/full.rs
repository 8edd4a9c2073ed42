//! A disk that is full for a while. SQLite says the same of a file that may not grow.

use kreel_wire::Kind;

use super::super::{Done, Job, Known, Standing};
use super::support::{Desk, Folder, begin, counters, delivery, ended, piece, receive};

#[tokio::test]
async fn a_full_disk_is_told_once_and_so_is_its_end() {
    let folder = Folder::new();
    let mut desk = Desk::new(&folder.open());
    let waits = delivery(1, Kind::Queued);
    desk.put(receive(&waits, "x", true));
    assert!(matches!(desk.told().await, Done::Received { .. }));
    let streams = delivery(2, Kind::Queued);
    desk.put(receive(&streams, "begins", false));
    desk.settle().await;

    // Nobody writes while another holds the file; that is as good as a full disk, and portable.
    let holder = folder.db();
    desk.recorder.hurry();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    desk.put(Job::Begun {
        id: waits.id,
        attempt: 1,
    });
    assert!(matches!(desk.told().await, Done::NotDone { id } if id == waits.id));
    assert!(matches!(desk.told().await, Done::Failing { .. }));
    desk.put(ended(&waits, Standing::Answered, 1));
    let unlucky = delivery(3, Kind::Live);
    desk.put(begin(&unlucky, "x", true));
    desk.put(piece(&streams, "goes on", true));
    assert!(matches!(desk.told().await, Done::NotDone { id } if id == streams.id));
    let promised = delivery(4, Kind::Live);
    desk.put(begin(&promised, "x", true));
    desk.put(Job::Promise {
        id: promised.id,
        attempts: 1,
    });
    assert!(matches!(desk.told().await, Done::NotDone { id } if id == promised.id));
    desk.put(ended(&promised, Standing::Answered, 1));
    // Reading goes on.
    assert_eq!(desk.backlog().await, [(1, 0)]);
    assert_eq!(desk.body(waits.id).await, b"x");

    holder.execute_batch("COMMIT").unwrap();
    assert!(matches!(desk.told().await, Done::Mended));
    assert_eq!(
        desk.backlog().await,
        [],
        "what was answered is not forgotten"
    );
    // It came, was promised by the relay and answered by the app, and left no trace here.
    desk.put(receive(&promised, "x", true));
    let again = desk.told().await;
    let known = matches!(&again, Done::Received { known, .. } if *known == Known::Finished);
    assert!(known, "{again:?}");
    // That one is so too, though it ended when there was room again.
    desk.put(ended(&unlucky, Standing::Answered, 1));
    desk.put(receive(&unlucky, "x", true));
    let again = desk.told().await;
    let known = matches!(&again, Done::Received { known, .. } if *known == Known::Finished);
    assert!(known, "{again:?}");
    desk.put(piece(&unlucky, "late", true));
    desk.put(receive(&streams, "begins", false));
    desk.put(piece(&streams, " anew", true));
    assert!(matches!(desk.told().await, Done::Received { .. }));
    assert_eq!(desk.body(streams.id).await, b"begins anew");
    desk.recorder.close().await;
    assert_eq!(counters(&folder.db()), [4, 0, 1, 3, 0, 0, 0, 0, 0]);
}
