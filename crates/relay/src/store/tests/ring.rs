//! What stays of settled deliveries, and how they come to be there.

use std::time::Duration;

use super::*;

/// All that is there of the past.
const EVERYTHING: Shelved = Shelved::Past {
    since_us: 0,
    until: Seq(1 << 40),
    settled_before: i64::MAX,
};

fn limits(retain_count: u64) -> Limits {
    Limits {
        retain_count,
        ..Limits::default()
    }
}

/// Looks until the ring is as it shall be.
async fn comes_to(store: &Store, tunnel: i64, expected: &[u64]) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        store.flush().await.unwrap();
        let found = look(store, tunnel, EVERYTHING).await;
        if found == expected {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_last_settled_stay_and_what_waits_always_does() {
    let folder = TestFolder::new("ring");
    Tokens::open(&folder.0).unwrap().create("a").unwrap();
    let (store, _) = folder.store_with(&limits(3));
    let shelf = owned(&store, "mine").await.shelf;
    for seq in 1..=8 {
        store.keep(&shelf, record(seq, b"body")).await.unwrap();
    }
    store
        .settle(&shelf, (2..=7).map(Seq).collect())
        .await
        .unwrap();
    assert_eq!(waiting(&store, shelf.tunnel).await, [1, 8]);
    assert_eq!(shelf.waiting(), 2);
    comes_to(&store, shelf.tunnel, &[1, 5, 6, 7, 8]).await;

    // Those the app answered come behind the answer; an acknowledgement of one changes nothing.
    for seq in 9..=12 {
        store.log(&shelf, &record(seq, b"").delivery, b"answered");
    }
    comes_to(&store, shelf.tunnel, &[1, 8, 10, 11, 12]).await;
    store.settle(&shelf, vec![Seq(11)]).await.unwrap();
    assert_eq!(shelf.waiting(), 2);
    let logged = store.load(shelf.tunnel, Seq(11)).await.unwrap().unwrap();
    assert!(logged.delivery.attempted);
    assert_eq!(
        (&logged.body[..], logged.body_bytes),
        (&["answered".into()][..], 8)
    );
    assert_eq!(&logged.delivery.target[..], b"/hook?a=%20b");
    let kept = store.load(shelf.tunnel, Seq(8)).await.unwrap().unwrap();
    assert!(!kept.delivery.attempted);

    // After a restart the same, and only what waits is counted as waiting.
    store.close().await;
    drop(store);
    let (store, tunnels) = folder.store_with(&limits(3));
    let shelf = &tunnels[0].shelf;
    assert_eq!(shelf.waiting(), 2);
    comes_to(&store, shelf.tunnel, &[1, 8, 10, 11, 12]).await;
    let past = store.count_past(shelf.tunnel, 0, Seq(11), i64::MAX);
    assert_eq!(past.await.unwrap(), 4);
    let later = store.count_past(shelf.tunnel, 8, Seq(11), i64::MAX);
    assert_eq!(later.await.unwrap(), 0, "received at 7");
    let before = store.count_past(shelf.tunnel, 0, Seq(11), 0);
    assert_eq!(before.await.unwrap(), 2, "none was settled by then");
}

#[tokio::test]
async fn bytes_and_age_have_an_end_too() {
    let folder = TestFolder::new("ring-bytes");
    Tokens::open(&folder.0).unwrap().create("a").unwrap();
    let three = 3 * (record(1, b"body").head_bytes() + 4);
    let (store, _) = folder.store_with(&Limits {
        retain_bytes: three + 3,
        ..Limits::default()
    });
    let (one, other) = (owned(&store, "one").await, owned(&store, "other").await);
    for (shelf, seq) in [
        (&one.shelf, 1),
        (&other.shelf, 2),
        (&one.shelf, 3),
        (&one.shelf, 4),
    ] {
        store.keep(shelf, record(seq, b"body")).await.unwrap();
        store.settle(shelf, vec![Seq(seq)]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    store.keep(&one.shelf, record(5, b"body")).await.unwrap();
    comes_to(&store, one.shelf.tunnel, &[3, 4, 5]).await;
    comes_to(&store, other.shelf.tunnel, &[2]).await;
    store.close().await;
    drop(store);

    let (store, _) = folder.store_with(&Limits {
        retain_age: Duration::from_millis(1),
        ..Limits::default()
    });
    comes_to(&store, one.shelf.tunnel, &[5]).await;
    comes_to(&store, other.shelf.tunnel, &[]).await;
}

#[tokio::test]
async fn without_a_ring_what_is_settled_is_forgotten() {
    let folder = TestFolder::new("no-ring");
    Tokens::open(&folder.0).unwrap().create("a").unwrap();
    let (store, _) = folder.store_with(&limits(0));
    let shelf = owned(&store, "mine").await.shelf;
    store.keep(&shelf, record(1, b"body")).await.unwrap();
    store.log(&shelf, &record(2, b"").delivery, b"answered");
    store.settle(&shelf, vec![Seq(1)]).await.unwrap();
    store.flush().await.unwrap();
    assert_eq!(look(&store, shelf.tunnel, EVERYTHING).await, [0; 0]);
}

#[tokio::test]
async fn a_flood_of_answers_leaves_the_last_of_them() {
    let folder = TestFolder::new("flood");
    Tokens::open(&folder.0).unwrap().create("a").unwrap();
    let (store, _) = folder.store_with(&limits(50));
    let shelf = owned(&store, "mine").await.shelf;
    for seq in 1..=5_000 {
        store.log(&shelf, &record(seq, b"").delivery, &[b'x'; 600]);
    }
    let last: Vec<u64> = (4_951..=5_000).collect();
    comes_to(&store, shelf.tunnel, &last).await;
    // Bodies too large for the buffer push out older ones, and nobody waits.
    let large = vec![b'y'; 64 * 1024];
    for seq in 5_001..=5_100 {
        store.log(&shelf, &record(seq, b"").delivery, &large);
    }
    store.flush().await.unwrap();
    let found = look(&store, shelf.tunnel, EVERYTHING).await;
    assert_eq!(found.last(), Some(&5_100));
    assert!(found.len() >= 15, "{found:?}");
}
