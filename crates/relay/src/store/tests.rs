//! The store as the relay uses it, on a real file.

use kreel_wire::{AnswerMode, Delivery, DeliveryId, Headers, Kind, Scheme};

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kreel-store-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
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
    };
    Record {
        delivery,
        body_bytes: body.len() as u64,
        body: vec![Bytes::from_static(body)],
    }
}

async fn owned(store: &Store, name: &str) -> TunnelRow {
    let policy = Policy {
        answer: AnswerMode::Now(201),
        ..Policy::default()
    };
    match store.claim(name.parse().unwrap(), 1, policy).await.unwrap() {
        Claim::Owned(row) => *row,
        Claim::Taken => panic!("{name} is taken"),
    }
}

#[tokio::test]
async fn what_was_kept_is_there_after_a_restart_and_in_order() {
    let folder = Folder::new("restart");
    let tokens = Tokens::open(&folder.0).unwrap();
    let token = tokens.create("a").unwrap();
    tokens.create("b").unwrap();
    let (store, none) = Store::open(&folder.0, 1 << 20).unwrap();
    assert!(none.is_empty());
    assert!(matches!(
        Store::open(&folder.0, 1 << 20),
        Err(RelayError::InUse { .. })
    ));
    assert_eq!(
        store.token(hash(&token)).await.unwrap(),
        Some((1, "a".to_owned()))
    );
    assert_eq!(store.token(hash("kreel_other")).await.unwrap(), None);

    let tunnel = Shelf::new(&owned(&store, "mine").await);
    let foreign = store
        .claim("mine".parse().unwrap(), 2, Policy::default())
        .await
        .unwrap();
    assert!(matches!(foreign, Claim::Taken));
    store.reserve(tunnel.tunnel, Seq(4096)).await.unwrap();
    for seq in [3, 1, 2] {
        store.keep(&tunnel, record(seq, b"body")).await.unwrap();
    }
    store
        .put_piece(&tunnel, Seq(9), 0, vec!["left ".into(), "over".into()], 9)
        .await
        .unwrap();
    store.close().await;
    drop(store);

    let (store, tunnels) = Store::open(&folder.0, 1 << 20).unwrap();
    assert_eq!(tunnels.len(), 1);
    assert_eq!((tunnels[0].reserved, tunnels[0].waiting), (Seq(4096), 3));
    assert_eq!(tunnels[0].policy.answer, AnswerMode::Now(201));
    assert_eq!(store.kept_bytes.load(Ordering::Relaxed), 12);
    assert_eq!(
        store.load_piece(tunnel.tunnel, Seq(9), 0).await.unwrap(),
        None,
        "tidied up"
    );
    assert_eq!(
        store.waiting(tunnel.tunnel, 2).await.unwrap(),
        [Seq(1), Seq(2)]
    );
    let kept = store.load(tunnel.tunnel, Seq(2)).await.unwrap().unwrap();
    assert_eq!(
        (&*kept.delivery.method, &kept.delivery.target[..]),
        ("POST", &b"/hook?a=%20b"[..])
    );
    assert_eq!(kept.body, ["body"]);
    let tunnel = Shelf::new(&tunnels[0]);
    store.settle(&tunnel, vec![Seq(1), Seq(2)]).await.unwrap();
    store.settle(&tunnel, vec![Seq(1), Seq(7)]).await.unwrap();
    assert_eq!(tunnel.waiting(), 1, "counted once, and only what was there");
    assert_eq!(store.waiting(tunnel.tunnel, 9).await.unwrap(), [Seq(3)]);
    assert_eq!(store.kept_bytes.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_revocation_by_another_process_is_noticed() {
    let folder = Folder::new("revoked");
    let tokens = Tokens::open(&folder.0).unwrap();
    let token = tokens.create("a").unwrap();
    let (store, _) = Store::open(&folder.0, 1 << 20).unwrap();
    let (version, valid) = store.valid_tokens(-1).await.unwrap().unwrap();
    assert_eq!(valid, HashSet::from([1]));
    assert!(store.valid_tokens(version).await.unwrap().is_none());
    tokens.revoke("a").unwrap();
    let (_, valid) = store.valid_tokens(version).await.unwrap().unwrap();
    assert!(valid.is_empty());
    assert_eq!(store.token(hash(&token)).await.unwrap(), None);
}
