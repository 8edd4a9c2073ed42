//! Attempts the user asks for: whose number is whose, and what stays as it was.

use std::collections::BTreeSet;

use bytes::Bytes;
use kreel_wire::{DeliveryId, Kind};
use tokio::sync::oneshot;

use super::super::{Allotted, Changed, Job, Reader, Refused, Standing};
use super::support::{Desk, Folder, attempt_of, begin, counters, delivery, ended, piece, receive};

impl Desk {
    fn ask(&self, id: DeliveryId) -> oneshot::Receiver<Result<Allotted, Refused>> {
        let (reply, asked) = oneshot::channel();
        self.put(Job::Allot { id, reply });
        asked
    }

    async fn number(&self, id: DeliveryId) -> Result<u32, Refused> {
        self.ask(id).await.unwrap().map(|allotted| allotted.attempt)
    }
}

#[tokio::test]
async fn no_two_attempts_have_the_same_number_whoever_makes_them() {
    let folder = Folder::new();
    let (one, other) = (folder.open(), folder.open());
    let desks = [Desk::new(&one), Desk::new(&other)];
    let webhook = delivery(1, Kind::Live);
    desks[0].put(begin(&webhook, "body", true));
    assert_eq!(
        desks[0].number(webhook.id).await,
        Ok(2),
        "the first is its own"
    );
    let asked: Vec<_> = (0..100).map(|nth| desks[nth % 2].ask(webhook.id)).collect();
    let mut numbers = BTreeSet::new();
    for asked in asked {
        let allotted = asked.await.unwrap().unwrap();
        assert_eq!(allotted.delivery.id, webhook.id);
        assert!(numbers.insert(allotted.attempt), "{}", allotted.attempt);
    }
    assert!(numbers.into_iter().eq(3..103));
}

#[tokio::test]
async fn only_what_is_whole_can_be_replayed() {
    let folder = Folder::new();
    let history = folder.open();
    let desk = Desk::new(&history);
    let (part, broken) = (delivery(1, Kind::Live), delivery(2, Kind::Live));
    assert_eq!(desk.number(part.id).await, Err(Refused::Unknown));
    desk.put(begin(&part, "some", false));
    desk.put(begin(&broken, "some", false));
    desk.put(Job::Stand {
        id: broken.id,
        standing: Standing::BrokenOff,
    });
    assert_eq!(desk.number(part.id).await, Err(Refused::Arriving));
    assert_eq!(desk.number(broken.id).await, Err(Refused::BrokenOff));
    desk.put(piece(&part, " more", true));
    assert_eq!(desk.number(part.id).await, Ok(2));
    folder
        .db()
        .execute("UPDATE delivery SET attempts = 1048575", [])
        .unwrap();
    assert_eq!(desk.number(part.id).await, Err(Refused::WornOut));
}

#[tokio::test]
async fn a_replay_is_kept_beside_what_was_and_shown_as_the_last() {
    let folder = Folder::new();
    let history = folder.open();
    let mut desk = Desk::new(&history);
    let webhook = delivery(1, Kind::Live);
    desk.put(begin(&webhook, "body", true));
    desk.put(ended(&webhook, Standing::Failed, 1));
    let attempt = desk.number(webhook.id).await.unwrap();
    let before = counters(&folder.db());
    let mut replayed = attempt_of(&webhook, Standing::Answered, attempt);
    replayed.is_replay = true;
    replayed.changed = Changed {
        is_edited: true,
        method: Some("PUT".into()),
        body: Some(Bytes::from_static(b"edited")),
        to: Some("http://localhost:4000".into()),
    };
    desk.put(Job::Replayed {
        id: webhook.id,
        attempt: Box::new(replayed),
    });
    desk.settle().await;
    assert_eq!(counters(&folder.db()), before);
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    let whole = reader.get(1).unwrap().unwrap();
    assert_eq!(whole.row.standing, Standing::Failed);
    assert_eq!(whole.row.last.unwrap().status, Some(200));
    assert_eq!((whole.row.attempts, whole.attempts.len()), (2, 2));
    let [own, replay] = &whole.attempts[..] else {
        panic!("two are kept");
    };
    assert_eq!(
        (own.method.as_str(), own.is_replay, own.is_edited),
        ("POST", false, false)
    );
    assert_eq!((&own.body, &own.other_target), (&None, &None));
    assert_eq!(
        (replay.method.as_str(), replay.is_replay, replay.is_edited),
        ("PUT", true, true)
    );
    assert_eq!(replay.body.as_deref(), Some(&b"edited"[..]));
    assert_eq!(
        replay.other_target.as_deref(),
        Some("http://localhost:4000")
    );
    assert_eq!(
        whole.delivery.headers, webhook.headers,
        "it stays as it came"
    );
}

#[tokio::test]
async fn an_attempt_of_the_deliverys_own_never_takes_the_place_of_a_replay() {
    let folder = Folder::new();
    let history = folder.open();
    let mut desk = Desk::new(&history);
    let webhook = delivery(1, Kind::Queued);
    desk.put(receive(&webhook, "body", true));
    for number in [2, 3] {
        assert_eq!(desk.number(webhook.id).await, Ok(number));
        let mut replayed = attempt_of(&webhook, Standing::Failed, number);
        replayed.is_replay = true;
        desk.put(Job::Replayed {
            id: webhook.id,
            attempt: Box::new(replayed),
        });
    }
    let replays = folder
        .db()
        .query_row("SELECT replays FROM delivery", [], |row| row.get(0));
    assert_eq!(replays, Ok(2));
    // Its begin could not be noted, as while the disk was full.
    desk.put(ended(&webhook, Standing::Waiting, 2));
    // And one whose begin is noted hears of its number.
    desk.put(Job::Begun {
        id: webhook.id,
        attempt: 3,
    });
    desk.settle().await;
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    let whole = reader.get(1).unwrap().unwrap();
    let kept = whole.attempts.iter().map(|it| (it.number, it.is_replay));
    assert_eq!(kept.collect::<Vec<_>>(), [(2, true), (3, true), (4, false)]);
    assert_eq!(whole.row.attempts, 5);
}

#[tokio::test]
async fn of_many_answers_one_is_read() {
    let folder = Folder::new();
    let mut desk = Desk::new(&folder.open());
    let webhook = delivery(1, Kind::Queued);
    desk.put(receive(&webhook, "body", true));
    for number in [2, 3] {
        assert_eq!(desk.number(webhook.id).await, Ok(number));
        let mut replayed = attempt_of(&webhook, Standing::Answered, number);
        replayed.is_replay = true;
        replayed.changed.body = Some("edited".into());
        desk.put(Job::Replayed {
            id: webhook.id,
            attempt: Box::new(replayed),
        });
    }
    desk.settle().await;
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    for (wanted, read) in [(None, 3), (Some(2), 2), (Some(9), 0)] {
        let whole = reader.get_with_answer(1, wanted).unwrap().unwrap();
        for attempt in &whole.attempts {
            let is_read = attempt.number == read;
            assert_eq!(attempt.answer.is_some(), is_read, "{wanted:?}");
            assert_eq!(attempt.body.is_some(), is_read);
            assert_eq!(
                (attempt.status, attempt.answer_bytes.is_some()),
                (Some(200), true)
            );
        }
    }
    let all = reader.get(1).unwrap().unwrap();
    assert!(all.attempts.iter().all(|attempt| attempt.answer.is_some()));
    assert_eq!(all.row.replays.count, 2);
}
