//! Replays: given these wishes, expect these attempts.

use std::time::Duration;

use super::*;
use crate::limits::{
    EDITED_BYTES, EDITED_WAITING_BYTES, REPLAY_TIMES, REPLAYS, REPLAYS_AT_ONCE, TOLD_AGAIN,
};
use crate::{Edited, Replay};

impl Table {
    fn replay(&mut self, replay: Replay) -> Vec<String> {
        let (replay, now) = (Box::new(replay), self.now);
        self.on(Event::Replay { replay, now })
    }

    /// A replay of delivery 7 ends.
    fn replayed(&mut self, run: u64, attempt: u32, end: AttemptEnd) -> Vec<String> {
        let ended = Replayed {
            delivery: Arc::new(Summary::new(&delivery(7, Kind::Queued), None)),
            attempt,
            end,
            timings: Timings::default(),
        };
        let (run, now) = (Run(run), self.now);
        self.on(Event::Replayed { run, ended, now })
    }
}

fn ok() -> AttemptEnd {
    AttemptEnd::Answered {
        status: 200,
        body_bytes: 0,
    }
}

fn seven(times: u32, at_once: u32) -> Replay {
    Replay {
        times,
        at_once,
        ..Replay::once(id(7))
    }
}

fn edited(bytes: usize) -> Replay {
    Replay {
        edited: Some(Arc::new(Edited {
            method: "PUT".into(),
            target: "/".into(),
            headers: kreel_wire::Headers::default(),
            body: vec![0; bytes].into(),
            senders: None,
        })),
        ..Replay::once(id(7))
    }
}

#[test]
fn a_replay_is_an_attempt_and_changes_no_counter() {
    let mut table = Table::new();
    table.receive(7, 1, Kind::Live);
    table.ended(7, AttemptEnd::Failed(Failure::Died));
    let before = table.engine.counters();
    assert_eq!(table.replay(seven(1, 1)), ["replay 2"]);
    assert_eq!(table.engine.running(), 1);
    assert_eq!(
        table.replayed(2, 2, ok()),
        ["replay 7 #2", "1 of 1 replayed, 0 failed"]
    );
    assert_eq!(table.engine.counters(), before, "it failed, and that stays");
    assert_eq!(
        (table.engine.running(), table.engine.replays_waiting()),
        (0, 0)
    );
    assert_eq!(table.engine.deadline(), None);
}

#[test]
fn what_is_held_or_waits_for_the_app_is_replayed_beside_that() {
    let mut table = Table::new();
    table.on(Event::Hold { now: table.now });
    table.receive(7, 1, Kind::Queued);
    table.on(Event::LinkLost);
    assert_eq!(table.replay(seven(1, 1)), ["replay 1"]);
    table.replayed(1, 2, AttemptEnd::Failed(refusal()));
    assert_eq!(
        table.engine.counters().waiting,
        1,
        "its own attempt is to come"
    );
    let now = table.now;
    assert_eq!(
        table.on(Event::Release { now }),
        ["attempt 7 #1", "let go, 0 wait"],
        "the app is not said to be down"
    );
}

#[test]
fn replays_run_so_many_at_once_and_have_a_share_of_their_own() {
    let mut table = Table::new();
    assert_eq!(table.replay(seven(5, 2)), ["replay 1", "replay 2"]);
    assert_eq!(table.replayed(1, 2, ok()), ["replay 7 #2", "replay 3"]);
    assert_eq!(
        table.replay(seven(100, 100)).len(),
        REPLAYS_AT_ONCE - 2,
        "the others have theirs"
    );
    assert!(table.replay(Replay::once(id(8))).is_empty());
    assert_eq!(table.receive(9, 1, Kind::Live), ["row", "attempt 9 #1"]);
    // Those of different wishes take turns: the first again, then the one that waited longest.
    let mut begun = Vec::new();
    for run in [2, 3] {
        begun.extend(table.replayed(run, 3, ok()));
    }
    assert_eq!(
        begun.iter().filter(|it| it.starts_with("replay ")).count(),
        4
    );
    assert_eq!(table.engine.running(), REPLAYS_AT_ONCE + 1);
}

#[test]
fn progress_is_told_ten_times_a_second_and_at_the_end() {
    let mut table = Table::new();
    table.replay(seven(4, 4));
    assert_eq!(table.replayed(1, 2, ok()), ["replay 7 #2"], "too soon");
    assert_eq!(table.engine.deadline(), Some(table.now + TOLD_AGAIN));
    assert_eq!(table.wait(), ["1 of 4 replayed, 0 failed"]);
    assert_eq!(table.engine.deadline(), None);
    table.now += TOLD_AGAIN + Duration::from_millis(1);
    let died = AttemptEnd::Failed(Failure::Died);
    assert_eq!(
        table.replayed(2, 3, died),
        ["replay 7 #3", "2 of 4 replayed, 1 failed"]
    );
    table.replayed(3, 4, ok());
    assert_eq!(
        table.replayed(4, 5, ok()),
        ["replay 7 #5", "4 of 4 replayed, 1 failed"]
    );
}

#[test]
fn replays_that_are_stopped_let_those_run_out_that_run_unless_that_is_said_again() {
    let mut table = Table::new();
    table.replay(seven(10, 2));
    assert!(
        table.on(Event::StopReplaying(Some(id(8)))).is_empty(),
        "another's"
    );
    assert!(table.on(Event::StopReplaying(Some(id(7)))).is_empty());
    assert_eq!(table.replayed(1, 2, ok()), ["replay 7 #2"]);
    assert_eq!(table.on(Event::StopReplaying(Some(id(7)))), ["give up 2"]);
    let cause = "by hand".to_owned();
    let given_up = AttemptEnd::Failed(Failure::GivenUp { cause });
    assert_eq!(
        table.replayed(2, 3, given_up),
        ["replay 7 #3", "2 of 2 replayed, 1 failed"]
    );
    assert_eq!(table.engine.replays_waiting(), 0);
}

#[test]
fn what_can_not_be_replayed_is_said_once() {
    let mut table = Table::new();
    table.replay(seven(10, 2));
    let why = || "it is not in the history".to_owned();
    let run = Run(1);
    assert_eq!(
        table.on(Event::NotReplayed { run, why: why() }),
        ["not replayed: it is not in the history"]
    );
    let run = Run(2);
    assert!(table.on(Event::NotReplayed { run, why: why() }).is_empty());
    assert_eq!(
        (table.engine.running(), table.engine.replays_waiting()),
        (0, 0)
    );
}

#[test]
fn what_will_not_do_is_refused_in_words() {
    let mut table = Table::new();
    let wrong = [
        (seven(0, 1), "0 times is out of reach"),
        (seven(REPLAY_TIMES + 1, 1), "times is out of reach"),
        (edited(EDITED_BYTES + 1), "held in memory, at most 16 MiB"),
    ];
    for (replay, words) in wrong {
        let told = table.replay(replay);
        assert!(told[0].contains(words) && told.len() == 1, "{told:?}");
    }
    let many = EDITED_WAITING_BYTES / EDITED_BYTES;
    for _ in 0..many {
        assert_eq!(table.replay(edited(EDITED_BYTES)).len(), 1);
    }
    let told = table.replay(edited(1));
    assert_eq!(
        told,
        ["not replayed: too much that was edited waits already"]
    );
    for _ in many..REPLAYS {
        table.replay(Replay::once(id(8)));
    }
    let told = table.replay(Replay::once(id(8)));
    assert_eq!(
        told,
        [format!("not replayed: {REPLAYS} replays wait already")]
    );
}

#[test]
fn without_an_app_a_replay_needs_a_target() {
    let mut table = Table::with(Rules {
        capture: true,
        ..usual()
    });
    let told = table.replay(Replay::once(id(7)));
    assert!(
        told[0].starts_with("not replayed: there is no app"),
        "{told:?}"
    );
    let elsewhere = Replay {
        to: Some("4000".parse().unwrap()),
        ..Replay::once(id(7))
    };
    assert_eq!(table.replay(elsewhere), ["replay 1"]);
}

#[test]
fn a_stop_begins_no_further_replay_and_waits_for_those_that_run() {
    let mut table = Table::new();
    table.replay(seven(2, 1));
    table.replay(Replay::once(id(8)));
    let told = table.on(Event::Stop);
    assert_eq!(told, ["not replayed: the client is stopping"]);
    let told = table.replay(Replay::once(id(9)));
    assert_eq!(told, ["not replayed: the client is stopping"]);
    assert_eq!(table.engine.running(), 2);
    assert_eq!(table.on(Event::StopNow), ["give up 1", "give up 2"]);
    assert_eq!(
        table.replayed(1, 2, ok()),
        ["replay 7 #2", "1 of 1 replayed, 0 failed"]
    );
}

#[test]
fn an_attempt_whose_number_a_replay_has_gets_another() {
    let mut table = Table::new();
    table.receive(7, 1, Kind::Queued);
    table.ended(7, AttemptEnd::Failed(Failure::Died));
    let mut effects = Vec::new();
    let now = table.engine.deadline().unwrap();
    table.engine.on(Event::Tick { now }, &mut effects);
    assert!(
        matches!(effects[..], [Effect::Begin { attempt: 2, .. }]),
        "{effects:?}"
    );
    let (id, attempt, number) = (id(7), 2, 5);
    let began = Event::Began {
        id,
        attempt,
        number,
    };
    assert_eq!(table.on(began), ["attempt 7 #5"]);
    // An app that is down takes none of the numbers, nor of the patience.
    table.refused(7);
    assert_eq!(table.engine.deliveries[&id].tries, 1);
    table.wait();
    assert_eq!(table.probed(Ok(())), ["app up, 1 waiting", "attempt 7 #5"]);
    assert_eq!(table.answered(7, 200), ["said 200", "drop 7"]);
}
