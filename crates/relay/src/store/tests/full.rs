//! Where there is no room: by budget, and on a disk that is full.

use std::process::Command;

use super::*;

#[tokio::test]
async fn a_budget_is_exact_and_what_was_refused_takes_no_room() {
    let folder = TestFolder::new("budget");
    Tokens::open(&folder.0).unwrap().create("a").unwrap();
    let each = record(1, b"body").head_bytes() + 4;
    let (store, _) = folder.store_with(&Limits {
        max_waiting: 2,
        max_waiting_bytes_of_one: 2 * each + 300,
        max_waiting_bytes: 3 * each,
        ..Limits::default()
    });
    let (one, other) = (
        owned(&store, "one").await.shelf,
        owned(&store, "other").await.shelf,
    );
    for seq in [1, 2] {
        store.keep(&one, record(seq, b"body")).await.unwrap();
    }
    for _ in 0..3 {
        let refused = store.keep(&one, record(3, b"body")).await;
        assert!(
            matches!(refused, Err(StoreError::TunnelFull)),
            "{refused:?}"
        );
    }
    // Pieces of a body that is still arriving take room as well.
    store
        .put_piece(&other, Seq(1), 0, vec![vec![0; 40].into()])
        .await
        .unwrap();
    let refused = store.keep(&other, record(1, b"body")).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    store.discard(&other, Seq(1)).await;
    store.keep(&other, record(1, b"body")).await.unwrap();
    let refused = store.keep(&other, record(2, b"body")).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    store.settle(&one, vec![Seq(1)]).await.unwrap();
    store.keep(&one, record(3, b"body")).await.unwrap();
    assert_eq!(store.parts.books.bytes(), 3 * each);
}

#[tokio::test]
async fn one_job_that_fails_takes_no_other_with_it() {
    let folder = TestFolder::new("alone");
    Tokens::open(&folder.0).unwrap().create("a").unwrap();
    let (store, _) = folder.store();
    let shelf = owned(&store, "mine").await.shelf;
    store
        .keep(&shelf, record(5, b"there already"))
        .await
        .unwrap();
    // Asked for at once, so that they share a transaction.
    let kept = (1..=9).map(|seq| store.keep(&shelf, record(seq, b"body")));
    for (seq, kept) in (1..=9).zip(futures_util::future::join_all(kept).await) {
        assert_eq!(kept.is_ok(), seq != 5, "{seq}: {kept:?}");
    }
    assert_eq!(
        waiting(&store, shelf.tunnel).await,
        [1, 2, 3, 4, 5, 6, 7, 8, 9]
    );
    assert_eq!(shelf.waiting(), 9);
}

/// A disk of a few MiB. Unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it; nothing where that is not allowed, which has been said then.
    fn mount(name: &str) -> Option<Self> {
        let path = std::env::temp_dir().join(format!("kreel-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs"])
            .arg(&path)
            .output();
        match mount {
            Ok(done) if done.status.success() => Some(Self(path)),
            other => {
                eprintln!("SKIPPED: a small disk can't be mounted here: {other:?}");
                None
            }
        }
    }

    fn remount(&self, how: &str) {
        let done = Command::new("mount")
            .args(["-o", &format!("remount,{how}")])
            .arg(&self.0)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
        let _ = fs::remove_dir(&self.0);
    }
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_claimed_and_all_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount("full") else {
        return;
    };
    let folder = TestFolder(disk.0.join("data"));
    Tokens::open(&folder.0).unwrap().create("a").unwrap();
    let (store, _) = folder.store();
    let shelf = owned(&store, "mine").await.shelf;
    store.keep(&shelf, record(1, b"before")).await.unwrap();
    let ballast = disk.0.join("ballast");
    fs::write(&ballast, vec![0; 8 << 20]).unwrap_err();
    for seq in 2..=5 {
        let mut record = record(seq, b"");
        record.body = vec![vec![7; 64 * 1024].into()];
        record.body_bytes = 64 * 1024;
        let refused = store.keep(&shelf, record).await;
        assert!(
            matches!(refused, Err(StoreError::Sqlite(_))),
            "{seq}: {refused:?}"
        );
    }
    assert_eq!(shelf.waiting(), 1, "nothing is counted that is not there");
    // The client may come and take what there is all the same.
    assert_eq!(owned(&store, "mine").await.shelf.tunnel, shelf.tunnel);
    assert_eq!(waiting(&store, shelf.tunnel).await, [1]);
    store.log(&shelf, &record(6, b"").delivery, &[0; 60_000]);
    fs::remove_file(&ballast).unwrap();
    store.keep(&shelf, record(7, b"after")).await.unwrap();
    store.settle(&shelf, vec![Seq(1)]).await.unwrap();
    assert_eq!(waiting(&store, shelf.tunnel).await, [7]);
    store.close().await;
}

#[tokio::test]
async fn on_a_disk_that_turns_read_only_nothing_is_claimed() {
    let Some(disk) = SmallDisk::mount("read-only") else {
        return;
    };
    let folder = TestFolder(disk.0.join("data"));
    Tokens::open(&folder.0).unwrap().create("a").unwrap();
    let (store, _) = folder.store();
    let shelf = owned(&store, "mine").await.shelf;
    store.keep(&shelf, record(1, b"before")).await.unwrap();
    store.close().await;
    drop(store);
    disk.remount("ro");
    let refused = Folder::take(&folder.0).map(drop).unwrap_err();
    assert!(matches!(refused, RelayError::File { .. }), "{refused}");
    disk.remount("rw");
    let (store, tunnels) = folder.store();
    assert_eq!(tunnels[0].shelf.waiting(), 1);
    store.close().await;
}
