//! Several processes on one file: no lock errors, and no delivery is written by halves.

use std::process::{Command, Stdio};

use kreel_wire::Kind;

use super::super::{Done, History, Job, Reader, Standing};
use super::support::{Desk, Folder, begin, counters, delivery, ended, receive};

const DELIVERIES: u64 = 3_000;

/// Not a test of its own: the other process.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn another_process() {
    if let Ok(file) = std::env::var("KREEL_TEST_HISTORY") {
        work(std::path::Path::new(&file));
    }
}

#[test]
fn processes_share_a_history() {
    let folder = Folder::new();
    let others: Vec<_> = (0..2)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "history::tests::crowd::another_process",
                    "--ignored",
                ])
                .env("KREEL_TEST_HISTORY", folder.file())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    std::thread::scope(|scope| {
        let ours = scope.spawn(|| work(&folder.file()));
        let mut lists = 0;
        while !ours.is_finished() {
            if let Some(reader) = Reader::open(&folder.file()).unwrap() {
                let rows = reader.page(None, None, 50).unwrap();
                assert!(rows.windows(2).all(|pair| pair[0].number > pair[1].number));
                reader.search("krea", None, 10).unwrap();
                lists += 1;
            }
        }
        assert!(lists > 0);
    });
    for mut other in others {
        assert!(other.wait().unwrap().success());
    }
    let all = 3 * DELIVERIES as i64;
    assert_eq!(counters(&folder.db()), [all, 0, 0, all, 0, 0, 0, 0, 0]);
    let rows = "SELECT count(*) FROM delivery WHERE standing = 2 AND number IN
        (SELECT key >> 20 FROM piece) AND number IN (SELECT key >> 20 FROM attempt)";
    assert_eq!(
        folder
            .db()
            .query_row(rows, [], |row| row.get::<_, i64>(0))
            .unwrap(),
        all
    );
    let check: String = folder
        .db()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

fn work(file: &std::path::Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut desk = Desk::new(&History::open(file).unwrap().history);
        for seq in 0..DELIVERIES {
            let came = delivery(seq, Kind::Live);
            if seq % 10 == 0 {
                desk.put(receive(&came, "kept", true));
                assert!(matches!(desk.told().await, Done::Received { .. }));
                desk.put(Job::Begun {
                    id: came.id,
                    attempt: 1,
                });
                assert!(matches!(desk.told().await, Done::Began { .. }));
            } else {
                desk.put(begin(&came, vec![b'x'; 600], true));
            }
            desk.put(ended(&came, Standing::Answered, 1));
        }
        desk.recorder.close().await;
    });
}
