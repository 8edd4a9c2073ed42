//! The store as the relay uses it, on a real file.

mod damage;
mod full;
mod ring;

use std::fs;
use std::path::PathBuf;

use kreel_wire::{AnswerMode, Delivery, DeliveryId, Headers, Kind, Scheme};

use std::collections::HashSet;

use super::*;

/// As a relay with the usual limits has them.
const TERMS: Terms = Terms {
    may_be_new: true,
    most: 2,
    quarantine: std::time::Duration::from_secs(60),
};

/// A folder that is removed when dropped.
struct TestFolder(PathBuf);

impl TestFolder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kreel-store-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn store(&self) -> (Store, Vec<TunnelRow>) {
        self.store_with(&Limits::default())
    }

    fn store_with(&self, limits: &Limits) -> (Store, Vec<TunnelRow>) {
        Store::open(Folder::take(&self.0).unwrap(), limits).unwrap()
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The positions of what waits, in order.
async fn waiting(store: &Store, tunnel: i64) -> Vec<u64> {
    look(store, tunnel, Shelved::Waiting).await
}

async fn look(store: &Store, tunnel: i64, at: Shelved) -> Vec<u64> {
    let mut found = Vec::new();
    loop {
        let after = Seq(found.last().copied().unwrap_or_default());
        let batch = store.next(tunnel, Look { after, at }, 100).await.unwrap();
        if batch.is_empty() {
            return found;
        }
        found.extend(batch.iter().map(|(seq, _)| seq.0));
    }
}

fn record(seq: u64, body: &'static [u8]) -> Record {
    let delivery = Delivery {
        id: DeliveryId::generate(),
        seq: Seq(seq),
        received_at_us: 7,
        kind: Kind::Queued,
        method: "POST".into(),
        target: "/hook?a=%20b".into(),
        headers: Headers::default(),
        scheme: Scheme::Https,
        forwarded_for: "203.0.113.7".into(),
        body_bytes: Some(body.len() as u64),
        attempted: false,
        signature: None,
    };
    Record {
        delivery: Box::new(delivery),
        body_bytes: body.len() as u64,
        body: vec![Bytes::from_static(body)],
    }
}

async fn owned(store: &Store, name: &str) -> TunnelRow {
    let policy = Policy {
        answer: AnswerMode::Now(201),
        ..Policy::default()
    };
    match store
        .claim(name.parse().unwrap(), 1, policy, TERMS)
        .await
        .unwrap()
    {
        Claim::Owned(row) => *row,
        other => panic!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn what_was_kept_is_there_after_a_restart_and_in_order() {
    let folder = TestFolder::new("restart");
    let tokens = Tokens::open(&folder.0).unwrap();
    let token = tokens.create("a").unwrap();
    tokens.create("b").unwrap();
    let (store, none) = folder.store();
    assert!(none.is_empty());
    assert!(matches!(
        Folder::take(&folder.0),
        Err(RelayError::InUse { .. })
    ));
    assert_eq!(
        store.token(hash(&token)).await.unwrap(),
        Some(Bearer {
            token: 1,
            name: "a".to_owned(),
            scope: Scope::Listen
        })
    );
    assert_eq!(store.token(hash("kreel_other")).await.unwrap(), None);

    let tunnel = owned(&store, "mine").await.shelf;
    let foreign = store
        .claim("mine".parse().unwrap(), 2, Policy::default(), TERMS)
        .await
        .unwrap();
    assert!(matches!(foreign, Claim::Taken));
    store.reserve(tunnel.tunnel, Seq(4096)).await.unwrap();
    for seq in [3, 1, 2] {
        store.keep(&tunnel, record(seq, b"body")).await.unwrap();
    }
    store
        .put_piece(&tunnel, Seq(9), 0, vec!["left ".into(), "over".into()])
        .await
        .unwrap();
    store.close().await;
    drop(store);

    let (store, tunnels) = folder.store();
    assert_eq!(tunnels.len(), 1);
    let tunnel = tunnels[0].shelf.clone();
    assert_eq!((tunnels[0].reserved, tunnel.waiting()), (Seq(4096), 3));
    assert_eq!(tunnels[0].policy.answer, AnswerMode::Now(201));
    let each = record(1, b"body").head_bytes() + 4;
    assert_eq!(store.parts.books.bytes(), 3 * each);
    assert_eq!(
        store.load_piece(tunnel.tunnel, Seq(9), 0).await.unwrap(),
        None,
        "tidied up"
    );
    assert_eq!(waiting(&store, tunnel.tunnel).await, [1, 2, 3]);
    let kept = store.load(tunnel.tunnel, Seq(2)).await.unwrap().unwrap();
    assert_eq!(
        (&*kept.delivery.method, &kept.delivery.target[..]),
        ("POST", &b"/hook?a=%20b"[..])
    );
    assert_eq!(kept.body, ["body"]);
    store.settle(&tunnel, vec![Seq(1), Seq(2)]).await.unwrap();
    store.settle(&tunnel, vec![Seq(1), Seq(7)]).await.unwrap();
    assert_eq!(tunnel.waiting(), 1, "counted once, and only what was there");
    assert_eq!(waiting(&store, tunnel.tunnel).await, [3]);
    assert_eq!(store.parts.books.bytes(), each);
}

#[tokio::test]
async fn a_revocation_by_another_process_is_noticed() {
    let folder = TestFolder::new("revoked");
    let tokens = Tokens::open(&folder.0).unwrap();
    let token = tokens.create("a").unwrap();
    let (store, _) = folder.store();
    let before = store.standing(-1).await.unwrap().unwrap();
    assert_eq!(before.tokens, HashSet::from([1]));
    let version = before.version;
    assert!(store.standing(version).await.unwrap().is_none());
    tokens.revoke("a").unwrap();
    let after = store.standing(version).await.unwrap().unwrap();
    assert!(after.tokens.is_empty());
    assert_eq!(store.token(hash(&token)).await.unwrap(), None);
}
