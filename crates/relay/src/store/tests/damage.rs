//! Files that are damaged: set aside as they are, and what can be read of them goes on.

use std::collections::BTreeMap;

use super::super::damage::{Damage, look as look_for};
use super::*;

/// A file with tokens, a tunnel, forty deliveries waiting and some settled.
async fn filled(folder: &TestFolder) -> String {
    let token = Tokens::open(&folder.0).unwrap().create("a").unwrap();
    let (store, _) = folder.store();
    let shelf = owned(&store, "mine").await.shelf;
    store.reserve(shelf.tunnel, Seq(4096)).await.unwrap();
    for seq in 1..=50 {
        let mut record = record(seq, b"");
        record.body = vec![vec![seq as u8; 700].into()];
        record.body_bytes = 700;
        store.keep(&shelf, record).await.unwrap();
    }
    store
        .settle(&shelf, (1..=10).map(Seq).collect())
        .await
        .unwrap();
    store.close().await;
    token
}

/// Every file in the folder that holds data, by its name.
fn files(folder: &TestFolder) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .filter(|(name, _)| !name.ends_with("-shm") && name != "relay.lock")
        .collect()
}

/// Starts on the file as it is. Whatever was there before is there afterwards, byte for byte.
fn start(folder: &TestFolder) -> Result<(Option<Damage>, Store, Vec<TunnelRow>), RelayError> {
    let before = files(folder);
    let taken = Folder::take(&folder.0).unwrap();
    let damage = look_for(&taken)?;
    if let Some(damage) = &damage {
        let after = files(folder);
        let aside = damage.set_aside.file_name().unwrap().to_str().unwrap();
        assert!(aside.starts_with("relay.db.damaged-20"), "{aside}");
        assert!(after[aside] == before["relay.db"], "every byte");
        let log = |files: &BTreeMap<_, Vec<u8>>, name: &str| {
            files
                .get(&format!("{name}-wal"))
                .cloned()
                .unwrap_or_default()
        };
        assert!(
            log(&after, aside) == log(&before, "relay.db"),
            "the log too"
        );
    }
    let (store, tunnels) = Store::open(taken, &Limits::default())?;
    Ok((damage, store, tunnels))
}

/// A store goes on: a name can be claimed by a token, and a delivery kept.
async fn works(folder: &TestFolder, store: &Store) {
    let tokens = Tokens::open(&folder.0).unwrap();
    let token = tokens.create("another").unwrap();
    let id = store.token(hash(&token)).await.unwrap().unwrap().token;
    let policy = Policy::default();
    let claimed = store
        .claim("another".parse().unwrap(), id, policy, TERMS)
        .await;
    let Claim::Owned(row) = claimed.unwrap() else {
        panic!("the name was free");
    };
    store.keep(&row.shelf, record(1, b"new")).await.unwrap();
    assert_eq!(waiting(store, row.shelf.tunnel).await, [1]);
}

#[tokio::test]
async fn a_truncated_file_is_set_aside_wherever_it_was_cut() {
    let folder = TestFolder::new("truncated");
    filled(&folder).await;
    let whole = fs::read(folder.0.join("relay.db")).unwrap();
    for cut in (0..whole.len()).step_by(whole.len() / 40 + 1).skip(1) {
        let folder = TestFolder::new("truncated-at");
        fs::create_dir_all(&folder.0).unwrap();
        fs::write(folder.0.join("relay.db"), &whole[..cut]).unwrap();
        let (damage, store, _) = start(&folder).unwrap();
        let damage = damage.unwrap_or_else(|| panic!("cut at {cut}"));
        assert!(
            damage.to_string().contains("set aside untouched"),
            "{damage}"
        );
        works(&folder, &store).await;
        store.close().await;
    }
}

#[tokio::test]
async fn flipped_bytes_never_end_it_and_never_change_what_was_there() {
    let folder = TestFolder::new("flips");
    filled(&folder).await;
    let whole = fs::read(folder.0.join("relay.db")).unwrap();
    let (mut noticed, mut salvaged) = (0, 0);
    for round in 0..120_u64 {
        let folder = TestFolder::new("flipped");
        fs::create_dir_all(&folder.0).unwrap();
        let mut bytes = whole.clone();
        let mut random = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for _ in 0..=(round % 8) {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = (random >> 33) as usize % if round % 5 == 0 { 4096 } else { bytes.len() };
            bytes[at] ^= 1 << (random % 8);
        }
        fs::write(folder.0.join("relay.db"), &bytes).unwrap();
        match start(&folder) {
            Ok((damage, store, _)) => {
                if let Some(damage) = damage {
                    noticed += 1;
                    salvaged += u32::from(damage.salvaged.deliveries > 20);
                }
                works(&folder, &store).await;
                store.close().await;
            }
            // The flip hit the version: it is left alone.
            Err(RelayError::Store(StoreError::Newer { .. })) => {
                assert!(fs::read(folder.0.join("relay.db")).unwrap() == bytes);
            }
            Err(error) => panic!("round {round}: {error:?}"),
        }
    }
    assert!(noticed > 30 && salvaged > 8, "{noticed}, {salvaged}");
}

#[tokio::test]
async fn tokens_tunnels_and_what_waits_are_salvaged() {
    let folder = TestFolder::new("salvaged");
    let token = filled(&folder).await;
    let path = folder.0.join("relay.db");
    let mut bytes = fs::read(&path).unwrap();
    // A page in the middle of the deliveries.
    let middle = bytes.len() / 4096 / 2 * 4096;
    bytes[middle..middle + 4096].fill(0xee);
    fs::write(&path, &bytes).unwrap();
    let (damage, store, tunnels) = start(&folder).unwrap();
    let salvaged = damage.unwrap().salvaged;
    assert_eq!((salvaged.tokens, salvaged.tunnels), (1, 1));
    assert!(salvaged.deliveries >= 40, "{salvaged:?}");
    let id = store.token(hash(&token)).await.unwrap().unwrap().token;
    let claimed = store
        .claim("mine".parse().unwrap(), id, Policy::default(), TERMS)
        .await;
    assert!(matches!(claimed.unwrap(), Claim::Owned(_)));
    assert!(
        tunnels[0].reserved > Seq(4096),
        "no position is given out twice"
    );
    let shelf = &tunnels[0].shelf;
    let found = waiting(&store, shelf.tunnel).await;
    assert!(
        found.len() >= 32 && found.iter().all(|seq| *seq > 10),
        "{found:?}"
    );
    assert_eq!(shelf.waiting(), found.len() as u64);
}

#[tokio::test]
async fn damage_in_mid_run_is_mended_and_the_rest_goes_on() {
    let folder = TestFolder::new("mid-run");
    let token = filled(&folder).await;
    let (_, store, tunnels) = start(&folder).unwrap();
    let shelf = tunnels[0].shelf.clone();
    let path = folder.0.join("relay.db");
    let whole = fs::read(&path).unwrap();
    // All but the first page, under the hands of the store.
    let mut bytes = whole.clone();
    bytes[4096..].fill(0xee);
    fs::write(&path, &bytes).unwrap();
    let mut kept = store.keep(&shelf, record(60, b"body")).await;
    for _ in 0..3 {
        kept = store.keep(&shelf, record(61, b"body")).await;
    }
    // Its tunnel may not be known any more, but the store works.
    drop(kept);
    works(&folder, &store).await;
    let aside = files(&folder)
        .into_iter()
        .find(|(name, _)| name.contains("damaged-"));
    let (_, aside) = aside.expect("it was set aside");
    assert_eq!(aside.len(), whole.len());
    assert!(store.token(hash(&token)).await.is_ok());
    store.close().await;
}

#[tokio::test]
async fn a_log_without_its_file_and_a_leftover_of_mending() {
    let folder = TestFolder::new("log-only");
    fs::create_dir_all(&folder.0).unwrap();
    fs::write(folder.0.join("relay.db"), b"").unwrap();
    fs::write(folder.0.join("relay.db-wal"), vec![1; 5000]).unwrap();
    let (damage, store, _) = start(&folder).unwrap();
    assert!(damage.is_some());
    works(&folder, &store).await;
    store.close().await;
    drop(store);
    // A crash between the two renames: the new file is there under its other name only.
    fs::rename(folder.0.join("relay.db"), folder.0.join("relay.db.new")).unwrap();
    let taken = Folder::take(&folder.0).unwrap();
    assert!(look_for(&taken).unwrap().is_none());
    let (_, tunnels) = Store::open(taken, &Limits::default()).unwrap();
    assert_eq!(tunnels.len(), 1);
}
