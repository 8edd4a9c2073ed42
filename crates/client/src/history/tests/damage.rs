//! Files that are damaged, newer, or none of ours: there is a history nevertheless.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};

use kreel_wire::Kind;

use super::super::{Done, History, HistoryError, Job, Reader, Standing};
use super::support::{Desk, Folder, begin, counters, delivery, ended, receive};

/// A history with so many deliveries, folded into its file.
async fn filled(folder: &Folder, count: u64) {
    let desk = Desk::new(&folder.open());
    for seq in 0..count {
        let came = delivery(seq, Kind::Live);
        desk.put(begin(&came, vec![b'x'; 600], true));
        desk.put(ended(&came, Standing::Answered, 1));
    }
    desk.recorder.close().await;
}

async fn works(folder: &Folder) {
    let desk = Desk::new(&folder.open());
    desk.put(begin(&delivery(1, Kind::Live), "x", true));
    desk.recorder.close().await;
    assert_eq!(counters(&folder.db())[0], 1);
}

#[tokio::test]
async fn a_file_that_lost_its_end_is_set_aside_untouched() {
    let folder = Folder::new();
    filled(&folder, 200).await;
    let length = fs::metadata(folder.file()).unwrap().len();
    OpenOptions::new()
        .write(true)
        .open(folder.file())
        .unwrap()
        .set_len(length / 2)
        .unwrap();
    let before = fs::read(folder.file()).unwrap();

    let read = Reader::open(&folder.file()).unwrap_err();
    assert!(matches!(read, HistoryError::Damaged { .. }), "{read}");
    let aside = History::open(&folder.file()).unwrap().set_aside.unwrap();
    assert_eq!(fs::read(&aside.to).unwrap(), before);
    let words = aside.to_string();
    assert!(words.contains("is damaged: it is cut off"), "{words}");
    assert!(words.contains("history.db.damaged-20"), "{words}");
    works(&folder).await;
}

#[tokio::test]
async fn what_is_no_sqlite_file_is_set_aside() {
    for content in [&b"short"[..], &[b'x'; 8192]] {
        let folder = Folder::new();
        fs::create_dir_all(folder.file().parent().unwrap()).unwrap();
        fs::write(folder.file(), content).unwrap();
        let aside = History::open(&folder.file()).unwrap().set_aside.unwrap();
        assert_eq!(fs::read(aside.to).unwrap(), content);
        works(&folder).await;
    }
}

#[tokio::test]
async fn damage_that_turns_up_later_is_said_and_a_new_file_goes_on() {
    let folder = Folder::new();
    filled(&folder, 400).await;
    let mut desk = Desk::new(&folder.open());
    let length = fs::metadata(folder.file()).unwrap().len();
    let file = OpenOptions::new().write(true).open(folder.file()).unwrap();
    for page in 1..length / 4096 {
        file.write_all_at(&[0xa5; 4096], page * 4096).unwrap();
    }
    let came = delivery(1, Kind::Queued);
    desk.put(receive(&came, "x", true));
    let mut words = None;
    // What fails is asked for again, as the relay does.
    loop {
        match desk.told().await {
            Done::Failing { cause } => {
                words = Some(cause);
                desk.put(receive(&came, "x", true));
            }
            Done::Received { .. } => break,
            Done::NotDone { .. } | Done::Mended => {}
            other => panic!("{other:?}"),
        }
    }
    let words = words.unwrap();
    assert!(
        words.contains("is damaged") && words.contains("history.db.damaged-"),
        "{words}"
    );
    assert_eq!(desk.backlog().await, [(1, 0)]);
    desk.recorder.close().await;
    assert_eq!(counters(&folder.db())[0], 1);
}

#[tokio::test]
async fn two_that_find_damage_at_once_set_it_aside_once() {
    for _ in 0..8 {
        let folder = Folder::new();
        fs::create_dir_all(folder.file().parent().unwrap()).unwrap();
        fs::write(folder.file(), [b'x'; 8192]).unwrap();
        let opened: Vec<_> = std::thread::scope(|scope| {
            let open = || History::open(&folder.file()).unwrap().set_aside.is_some();
            let openers: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            openers
                .into_iter()
                .map(|opener| opener.join().unwrap())
                .collect()
        });
        assert_eq!(opened.iter().filter(|aside| **aside).count(), 1);
        works(&folder).await;
    }
}

#[tokio::test]
async fn a_history_set_aside_by_another_process_is_left_for_the_new_one() {
    let folder = Folder::new();
    let mut desk = Desk::new(&folder.open());
    let parts = ["", "-wal", "-shm"];
    for part in parts {
        let name = format!("{}{part}", folder.file().display());
        fs::rename(&name, format!("{}.aside{part}", folder.file().display())).unwrap();
    }
    desk.put(receive(&delivery(1, Kind::Queued), "x", true));
    assert!(matches!(desk.told().await, Done::Received { .. }));
    desk.recorder.close().await;
    assert_eq!(counters(&folder.db())[0], 1);
}

#[tokio::test]
async fn a_newer_file_is_left_alone_and_another_used() {
    let folder = Folder::new();
    filled(&folder, 1).await;
    folder.db().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(folder.file()).unwrap();
    let opened = History::open(&folder.file()).unwrap();
    let newer = opened.newer.unwrap();
    let known = super::super::schema::VERSION;
    assert_eq!((newer.found, newer.known), (99, known));
    let words = newer.to_string();
    assert!(
        words.contains("newer kreel (version 99")
            && words.contains(&format!("history.v{known}.db")),
        "{words}"
    );

    let mut desk = Desk::new(&opened.history);
    desk.put(receive(&delivery(1, Kind::Queued), "x", true));
    assert!(matches!(desk.told().await, Done::Received { .. }));
    desk.put(Job::Duplicate {
        id: delivery(1, Kind::Queued).id,
    });
    desk.recorder.close().await;
    assert_eq!(fs::read(folder.file()).unwrap(), before);
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    assert_eq!(reader.page(None, None, 10).unwrap().len(), 1);
}

#[test]
fn files_are_their_owners_alone() {
    let folder = Folder::new();
    let _history = folder.open();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let inner = folder.file().parent().unwrap().to_owned();
    assert_eq!(mode(&inner), 0o700);
    for file in fs::read_dir(&inner).unwrap() {
        let path = file.unwrap().path();
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}

#[test]
fn a_folder_that_can_not_be_made_is_named() {
    let folder = Folder::new();
    fs::write(folder.0.join("kreel"), "in the way").unwrap();
    let error = History::open(&folder.file()).unwrap_err();
    assert!(
        error.to_string().contains("can't make the folder"),
        "{error}"
    );
    assert!(!error.advice().is_empty());
}
