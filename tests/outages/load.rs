//! Senders that never rest, and the account of what they were promised.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::support::{DEADLINE, LocalApp, Post, Sender, eventually};

/// Senders at work, each posting one delivery after another.
pub(super) struct Load {
    over: Arc<AtomicBool>,
    promised: Arc<Mutex<BTreeSet<String>>>,
    senders: Vec<JoinHandle<()>>,
}

/// The pause of a sender between two deliveries, so that some processor is left to the others.
const PACE: Duration = Duration::from_millis(3);

impl Load {
    /// This many senders at one address. Each body is told apart by `name` and numbers.
    pub(super) fn on(sender: &Sender, name: &'static str, senders: usize) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let promised: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let senders = (0..senders).map(|number| {
            let (sender, over, promised) = (sender.clone(), over.clone(), promised.clone());
            tokio::spawn(async move {
                for count in 0.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    let body = format!("{name}-{number}-{count}");
                    if is_promised(&sender, &body).await {
                        promised.lock().unwrap().insert(body);
                    }
                    sleep(PACE).await;
                }
            })
        });
        let senders = senders.collect();
        Self {
            over,
            promised,
            senders,
        }
    }

    /// Waits until this many more deliveries have been acknowledged.
    pub(super) async fn goes_on(&self, more: usize) {
        let count = || self.promised.lock().unwrap().len();
        let goal = count() + more;
        eventually("deliveries are acknowledged again", DEADLINE, || {
            count() >= goal
        })
        .await;
    }

    /// Stops the senders; the bodies that were acknowledged with a 2xx.
    pub(super) async fn end(self) -> BTreeSet<String> {
        self.over.store(true, Ordering::Relaxed);
        for sender in self.senders {
            sender.await.unwrap();
        }
        std::mem::take(&mut self.promised.lock().unwrap())
    }
}

/// Posts a body; whether the answer says that it is safe.
async fn is_promised(sender: &Sender, body: &str) -> bool {
    let post = Post::new("POST", "/load").body(body);
    match timeout(DEADLINE, sender.try_send(post)).await {
        Ok(Ok(answer)) => (200..300).contains(&answer.status()),
        // Refused, or cut off before an answer: as far as the sender knows it is lost.
        Ok(Err(_)) => false,
        Err(_) => panic!("a sender was left without an answer for {DEADLINE:?}"),
    }
}

/// Waits until the app has each of these bodies, and checks that what it has twice came both
/// times under the same id.
pub(super) async fn all_arrive(app: &LocalApp, promised: &BTreeSet<String>) {
    let start = Instant::now();
    loop {
        let ids = ids_by_body(app);
        let missing: Vec<_> = promised
            .iter()
            .filter(|body| !ids.contains_key(*body))
            .collect();
        if missing.is_empty() {
            let mixed: Vec<_> = ids.iter().filter(|(_, ids)| ids.len() > 1).collect();
            assert!(
                mixed.is_empty(),
                "the same delivery under several ids: {mixed:?}"
            );
            return;
        }
        let (count, all) = (missing.len(), promised.len());
        assert!(
            start.elapsed() < DEADLINE,
            "{count} of {all} acknowledged are lost, as {:?}",
            missing[0]
        );
        sleep(Duration::from_millis(50)).await;
    }
}

fn ids_by_body(app: &LocalApp) -> BTreeMap<String, BTreeSet<String>> {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for received in app.received() {
        let body = String::from_utf8(received.body).unwrap();
        let id = received
            .head
            .value("kreel-delivery-id")
            .expect("each has an id");
        ids.entry(body).or_default().insert(id);
    }
    ids
}
