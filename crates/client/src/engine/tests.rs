//! Given these events, expect these effects.

mod gate;
mod random;
mod replays;
mod shelf;

use std::collections::VecDeque;

use kreel_wire::{ExchangeId, Kind, Seq};

use self::shelf::Shelf;
use super::*;
use crate::testing::{delivery, id};
use crate::{AttemptEnd, Timings};

/// An engine, a history that answers at once, the time, and what was said last.
struct Table {
    engine: Engine,
    shelf: Shelf,
    now: Instant,
    effects: Vec<Effect>,
}

impl Table {
    fn new() -> Self {
        Self::with(usual())
    }

    fn with(rules: Rules) -> Self {
        Self::beside(Shelf::default(), rules)
    }

    /// A new process with this history.
    fn beside(shelf: Shelf, rules: Rules) -> Self {
        let mut table = Self {
            engine: Engine::new(rules),
            shelf,
            now: Instant::now(),
            effects: Vec::new(),
        };
        table.on(Event::BacklogIsOurs);
        table
    }

    /// What is done about an event, in short, without what only the history is told.
    fn on(&mut self, event: Event<'_>) -> Vec<String> {
        self.effects.clear();
        let mut effects = Vec::new();
        self.engine.on(event, &mut effects);
        let mut to_do = VecDeque::from(effects);
        while let Some(effect) = to_do.pop_front() {
            if let Some(answer) = self.shelf.take(&effect) {
                let mut effects = Vec::new();
                self.engine.on(answer, &mut effects);
                effects
                    .into_iter()
                    .rev()
                    .for_each(|it| to_do.push_front(it));
            }
            self.effects.push(effect);
        }
        let told = self.effects.iter().filter(|effect| !is_for_history(effect));
        told.map(short).collect()
    }

    fn receive(&mut self, number: u64, exchange: u32, kind: Kind) -> Vec<String> {
        self.receive_part(number, exchange, kind, true)
    }

    fn receive_part(
        &mut self,
        number: u64,
        exchange: u32,
        kind: Kind,
        is_complete: bool,
    ) -> Vec<String> {
        let delivery = delivery(number, kind);
        self.shelf.arrives(&delivery, is_complete);
        self.on(Event::Received {
            exchange: ExchangeId(exchange),
            delivery: &delivery,
            size_bytes: None,
            is_complete,
        })
    }

    fn run_of(&self, number: u64) -> Run {
        match self.engine.deliveries[&id(number)].stage {
            Stage::Running(run) => run,
            _ => panic!("{number} is waiting"),
        }
    }

    fn answered(&mut self, number: u64, status: u16) -> Vec<String> {
        let body_bytes = 0;
        self.ended(number, AttemptEnd::Answered { status, body_bytes })
    }

    fn ended(&mut self, number: u64, end: AttemptEnd) -> Vec<String> {
        let (run, now) = (self.run_of(number), self.now);
        self.on(Event::Finished {
            id: id(number),
            run,
            end,
            timings: Timings::default(),
            now,
        })
    }

    fn refused(&mut self, number: u64) -> Vec<String> {
        let (run, now) = (self.run_of(number), self.now);
        self.on(Event::NoConnection {
            id: id(number),
            run,
            failure: refusal(),
            now,
        })
    }

    fn probed(&mut self, found: Result<(), Failure>) -> Vec<String> {
        let now = self.now;
        self.on(Event::Probed { found, now })
    }

    /// Lets the time pass until the engine wants to know.
    fn wait(&mut self) -> Vec<String> {
        self.now = self.engine.deadline().expect("nothing is waited for");
        let now = self.now;
        self.on(Event::Tick { now })
    }
}

fn usual() -> Rules {
    Rules {
        strict: false,
        capture: false,
        asks_for_past: false,
        gated: false,
        retries: 0,
        replays_at_once: crate::limits::REPLAYS_AT_ONCE,
    }
}

fn is_for_history(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Take { .. }
            | Effect::Store { .. }
            | Effect::Promise { .. }
            | Effect::Whole { .. }
            | Effect::Begin { .. }
            | Effect::Ended { .. }
            | Effect::Stand { .. }
            | Effect::Replayed { .. }
            | Effect::Duplicate { .. }
            | Effect::Backlog { .. }
    )
}

fn refusal() -> Failure {
    Failure::Refused {
        address: "localhost:3000".into(),
    }
}

/// An effect in a word or two; numbers are positions and exchanges.
fn short(effect: &Effect) -> String {
    let number = |id: &DeliveryId| id.as_bytes()[15];
    match effect {
        effect if is_for_history(effect) => format!("{effect:?}"),
        Effect::Attempt {
            id,
            attempt,
            withheld: Some(why),
            ..
        } => format!("withhold {} #{attempt}: {why}", number(id)),
        Effect::Attempt { id, attempt, .. } => format!("attempt {} #{attempt}", number(id)),
        Effect::Replay { run, .. } => format!("replay {}", run.0),
        Effect::GiveUpReplay { run } => format!("give up {}", run.0),
        Effect::Drop { id } => format!("drop {}", number(id)),
        Effect::Probe => "probe".into(),
        Effect::Ack(Seq(seq)) => format!("ack {seq}"),
        Effect::Fail { exchange, failure } => format!("fail @{} {}", exchange.0, failure.code()),
        Effect::Close { exchange } => format!("close @{}", exchange.0),
        Effect::Update(update) => match update {
            Update::Delivery(_) => "row".into(),
            Update::Attempt(attempt) if attempt.replay => {
                let edited = if attempt.is_edited { ", edited" } else { "" };
                format!(
                    "replay {} #{}{edited}",
                    number(&attempt.delivery.id),
                    attempt.attempt
                )
            }
            Update::Attempt(attempt) => match &attempt.end {
                AttemptEnd::Answered { status, .. } => format!("said {status}"),
                AttemptEnd::Failed(failure) => format!("said {}", failure.code()),
            },
            Update::Answered { status, by, .. } => {
                format!("answered {} by {}", status.unwrap_or(0), by.as_str())
            }
            Update::Captured(_) => "captured".into(),
            Update::Gated(delivery) => format!("gated {}", delivery.seq.0),
            Update::Withheld { why, .. } => format!("withheld: {why}"),
            Update::AppDown { .. } => "app down".into(),
            Update::AppUp { waiting } => format!("app up, {waiting} waiting"),
            Update::Counters(_) => "counters".into(),
            Update::Held { on, waiting, .. } => {
                let how = if *on { "held" } else { "let go" };
                format!("{how}, {waiting} wait")
            }
            Update::Replaying {
                done,
                failed,
                total,
                ..
            } => format!("{done} of {total} replayed, {failed} failed"),
            Update::NotReplayed { why, .. } => format!("not replayed: {why}"),
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    }
}

#[test]
fn a_live_delivery_is_attempted_at_once() {
    let mut table = Table::new();
    assert_eq!(table.receive(1, 1, Kind::Live), ["row", "attempt 1 #1"]);
    assert_eq!(
        table.answered(1, 500),
        ["said 500", "answered 500 by app", "close @1", "drop 1"]
    );
    let counters = table.engine.counters();
    assert_eq!(
        (counters.received, counters.delivered, counters.waiting),
        (1, 1, 0)
    );
}

#[test]
fn an_attempt_that_failed_is_finished_too() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    assert_eq!(
        table.ended(1, AttemptEnd::Failed(Failure::Died)),
        ["said died", "close @1", "drop 1"]
    );
    assert_eq!(table.engine.counters().failed, 1);
}

#[test]
fn a_finished_delivery_is_only_acknowledged_when_it_comes_again() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    table.answered(1, 200);
    assert_eq!(table.receive(1, 2, Kind::Queued), ["ack 1", "close @2"]);
    let counters = table.engine.counters();
    assert_eq!((counters.received, counters.duplicates), (1, 1));
}

#[test]
fn kept_deliveries_take_turns_whatever_happens_beside_them() {
    let mut table = Table::new();
    assert_eq!(
        table.receive(1, 1, Kind::Queued),
        ["ack 1", "close @1", "row", "attempt 1 #1"]
    );
    let taken = table.receive(2, 2, Kind::Queued);
    assert_eq!(taken, ["ack 2", "close @2", "row"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row", "attempt 3 #1"]);
    let taken = table.receive(4, 4, Kind::Queued);
    assert_eq!(taken, ["ack 4", "close @4", "row"]);
    table.answered(3, 200);
    assert_eq!(
        table.answered(1, 200),
        ["said 200", "drop 1", "attempt 2 #1"]
    );
}

#[test]
fn a_delivery_under_way_is_attached_to_its_new_link() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    assert_eq!(table.on(Event::LinkLost), ["counters"]);
    assert_eq!(table.receive(1, 9, Kind::Queued), ["ack 1", "close @9"]);
    assert_eq!(table.answered(1, 200), ["said 200", "drop 1"]);
}

#[test]
fn a_request_cut_off_with_the_link_is_dropped_and_taken_up_again() {
    let mut table = Table::new();
    table.receive_part(1, 1, Kind::Live, false);
    table.receive_part(2, 2, Kind::Live, false);
    table.on(Event::Complete(id(2)));
    let run = table.run_of(1);
    assert_eq!(
        table.on(Event::LinkLost),
        ["said given_up", "drop 1", "counters"]
    );
    let counters = table.engine.counters();
    assert_eq!(
        (counters.received, counters.broken_off, counters.waiting),
        (2, 1, 1)
    );
    assert_eq!(
        table.receive(1, 1, Kind::Queued),
        ["ack 1", "close @1", "row", "attempt 1 #1"]
    );
    // What the first run still had to say is about nothing any more.
    let stale = table.on(Event::Finished {
        id: id(1),
        run,
        end: AttemptEnd::Failed(Failure::Died),
        timings: Timings::default(),
        now: table.now,
    });
    assert!(stale.is_empty(), "{stale:?}");
    let counters = table.engine.counters();
    assert_eq!(
        (counters.received, counters.broken_off, counters.waiting),
        (2, 0, 2)
    );
}

#[test]
fn a_sender_that_breaks_off_leaves_nothing_to_acknowledge() {
    let mut table = Table::new();
    table.receive_part(1, 1, Kind::Live, false);
    assert_eq!(
        table.on(Event::SenderLeft(id(1))),
        ["said sender_left", "close @1", "drop 1"]
    );
    assert_eq!(table.engine.counters().broken_off, 1);
    assert!(table.on(Event::SenderLeft(id(1))).is_empty());
}

#[test]
fn who_answered_is_told_once() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    let id = id(1);
    let status = Some(202);
    let told = table.on(Event::RelayAnswered { id, status });
    assert_eq!(told, ["answered 202 by relay", "ack 1"]);
    assert!(
        table
            .on(Event::RelayAnswered { id, status: None })
            .is_empty()
    );
    assert_eq!(table.answered(1, 200), ["said 200", "close @1", "drop 1"]);
}

#[test]
fn deliveries_wait_for_an_app_that_is_down() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    assert_eq!(table.refused(1), ["app down"]);
    let taken = table.receive(2, 2, Kind::Queued);
    assert_eq!(taken, ["ack 2", "close @2", "row"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row"]);
    for _ in 0..3 {
        assert_eq!(table.wait(), ["probe"]);
        assert_eq!(table.engine.deadline(), None, "one look at a time");
        assert!(table.probed(Err(refusal())).is_empty());
    }
    assert_eq!(table.wait(), ["probe"]);
    assert_eq!(table.probed(Ok(())), ["app up, 3 waiting", "attempt 1 #1"]);
    assert_eq!(table.engine.counters().waiting, 3);
}

#[test]
fn an_app_that_is_back_is_not_overrun() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    table.refused(1);
    for number in 2..=8 {
        table.receive(number, number as u32, Kind::Live);
    }
    table.wait();
    let attempts = |effects: Vec<String>| {
        let attempts = effects
            .iter()
            .filter(|effect| effect.starts_with("attempt"));
        attempts.count()
    };
    assert_eq!(attempts(table.probed(Ok(()))), 1);
    assert_eq!(attempts(table.answered(1, 200)), 2);
    assert_eq!(attempts(table.answered(2, 200)), 2);
    // A slow app holds the others up for a moment, not for as long as it takes.
    assert_eq!(attempts(table.wait()), 1);
    assert_eq!(
        attempts(table.wait()),
        2,
        "4, 5, 6 run already, 7 and 8 are left"
    );
    assert_eq!(
        attempts(table.receive(9, 9, Kind::Live)),
        1,
        "back to normal"
    );
    assert_eq!(table.engine.deadline(), None);
}

#[test]
fn an_app_that_goes_down_again_is_news() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    table.receive(2, 2, Kind::Live);
    assert_eq!(table.refused(1), ["app down"]);
    assert!(table.refused(2).is_empty());
    table.wait();
    table.probed(Ok(()));
    assert_eq!(table.refused(1), ["app down"]);
}

#[test]
fn strictly_a_waiting_sender_is_told_and_a_kept_delivery_waits() {
    let mut table = Table::with(Rules {
        strict: true,
        ..usual()
    });
    table.receive(1, 1, Kind::Queued);
    assert_eq!(table.refused(1), ["app down"]);
    assert_eq!(table.receive(2, 2, Kind::Live), ["row", "attempt 2 #1"]);
    assert_eq!(
        table.refused(2),
        ["fail @2 refused", "said refused", "close @2", "drop 2"]
    );
    assert_eq!(table.engine.counters().waiting, 1);
}

#[test]
fn without_an_app_deliveries_are_captured() {
    let mut table = Table::with(Rules {
        capture: true,
        ..usual()
    });
    table.receive(1, 1, Kind::Live);
    assert_eq!(
        table.answered(1, 200),
        ["captured", "answered 200 by client", "close @1", "drop 1"]
    );
}

#[test]
fn held_deliveries_go_when_the_user_says() {
    let mut table = Table::new();
    assert_eq!(table.on(Event::Hold { now: table.now }), ["held, 0 wait"]);
    assert_eq!(table.receive(1, 1, Kind::Live), ["row"]);
    assert_eq!(table.receive(2, 2, Kind::Live), ["row"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row"]);
    assert_eq!(table.on(Event::ReleaseOne), ["attempt 1 #1"]);
    let ended = table.answered(1, 200);
    assert!(
        !ended.iter().any(|effect| effect.starts_with("attempt")),
        "{ended:?}"
    );
    assert_eq!(
        table.on(Event::Release { now: table.now }),
        ["attempt 2 #1", "attempt 3 #1", "let go, 0 wait"]
    );
}

#[test]
fn how_many_are_held_is_told_ten_times_a_second() {
    let mut table = Table::new();
    table.on(Event::Hold { now: table.now });
    assert_eq!(table.engine.deadline(), None, "there is no news");
    for number in 1..=3 {
        let kind = if number == 2 {
            Kind::Queued
        } else {
            Kind::Live
        };
        table.receive(number, number as u32, kind);
    }
    let began = table.now;
    assert_eq!(table.wait(), ["held, 3 wait"]);
    assert_eq!(table.now - began, crate::limits::TOLD_AGAIN);
    assert_eq!(table.engine.deadline(), None, "it is told once");
    table.on(Event::ReleaseOne);
    assert_eq!(table.wait(), ["held, 2 wait"]);
}

#[test]
fn one_that_is_held_goes_out_of_its_turn() {
    let mut table = Table::new();
    table.on(Event::Hold { now: table.now });
    for number in 1..=4 {
        table.receive(number, number as u32, Kind::Queued);
    }
    assert_eq!(table.on(Event::ReleaseThis(id(3))), ["attempt 3 #1"]);
    assert_eq!(table.on(Event::ReleaseThis(id(2))), ["attempt 2 #1"]);
    assert!(table.on(Event::ReleaseThis(id(2))).is_empty(), "it runs");
    assert!(
        table.on(Event::ReleaseThis(id(9))).is_empty(),
        "nobody is it"
    );
    // The turn is still the third's.
    let now = table.now;
    assert_eq!(table.on(Event::Release { now }), ["let go, 2 wait"]);
    assert_eq!(table.answered(2, 200), ["said 200", "drop 2"]);
    assert_eq!(
        table.answered(3, 200),
        ["said 200", "drop 3", "attempt 1 #1"]
    );
    assert!(
        table.on(Event::ReleaseThis(id(4))).is_empty(),
        "none is held"
    );
}

#[test]
fn a_stop_starts_nothing_more() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Queued);
    table.receive(2, 2, Kind::Queued);
    table.on(Event::Stop);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row"]);
    assert_eq!(table.answered(1, 200), ["said 200", "drop 1"]);
    assert!(table.on(Event::Release { now: table.now }).is_empty());
    assert_eq!(table.engine.running(), 0);
}

#[test]
fn what_would_wait_without_bound_is_neither_taken_nor_acknowledged() {
    let mut table = Table::new();
    table.on(Event::Hold { now: table.now });
    for number in 0..WAITING as u64 {
        table.receive(number + 1, number as u32 + 1, Kind::Live);
    }
    let number = WAITING as u32 + 1;
    let effects = table.receive(number.into(), number, Kind::Live);
    let expected = [
        format!("fail @{number} given_up"),
        format!("close @{number}"),
    ];
    assert_eq!(effects, expected);
    assert_eq!(table.engine.counters().received, WAITING as u64);
    // The relay may have vouched for it: then it comes again.
    let again = table.receive(number.into(), number + 1, Kind::Queued);
    assert_eq!(again[2], "row");
    assert_eq!(table.engine.counters().received, WAITING as u64 + 1);
}

/// Ways in which a sender has been told that its delivery is safe.
fn vouched_for() -> Vec<(&'static str, Table)> {
    let mut queued = Table::new();
    queued.receive(1, 1, Kind::Queued);
    let mut answered = Table::new();
    answered.receive(1, 1, Kind::Live);
    let (id, status) = (id(1), Some(202));
    answered.on(Event::RelayAnswered { id, status });
    let mut lost = Table::new();
    lost.receive(1, 1, Kind::Live);
    lost.on(Event::LinkLost);
    vec![
        ("queued", queued),
        ("answered by the relay", answered),
        ("link lost", lost),
    ]
}

#[test]
fn what_the_relay_vouched_for_is_attempted_again_when_the_app_dies_of_it() {
    for (way, mut table) in vouched_for() {
        for (attempt, pause) in [(1, 1), (2, 2), (3, 4), (4, 8)] {
            let end = match attempt % 2 {
                1 => Failure::Died,
                _ => Failure::DiedMidAnswer { after_bytes: 9 },
            };
            let said = format!("said {}", end.code());
            let before = table.now;
            assert_eq!(table.ended(1, AttemptEnd::Failed(end)), [said], "{way}");
            assert_eq!(table.engine.counters().waiting, 1, "{way}");
            let next = format!("attempt 1 #{}", attempt + 1);
            assert_eq!(table.wait(), [next], "{way}");
            let passed = table.now - before;
            assert_eq!(passed, std::time::Duration::from_secs(pause), "{way}");
        }
        // The fifth time it makes way for those behind it.
        table.receive(2, 2, Kind::Queued);
        assert_eq!(
            table.ended(1, AttemptEnd::Failed(Failure::Died)),
            ["said died", "attempt 2 #1"],
            "{way}"
        );
        table.answered(2, 200);
        assert_eq!(table.wait(), ["attempt 1 #6"], "{way}");
        table.answered(1, 200);
        let counters = table.engine.counters();
        assert_eq!((counters.delivered, counters.waiting), (2, 0), "{way}");
        assert_eq!(table.engine.deadline(), None, "{way}");
    }
}

#[test]
fn an_app_that_had_it_or_a_sender_that_left_is_not_asked_again() {
    let timed_out = Failure::TimedOut {
        after: std::time::Duration::from_secs(1),
    };
    let cause = "nonsense".to_owned();
    for failure in [timed_out, Failure::Garbled { cause }] {
        for (way, mut table) in vouched_for() {
            let ended = table.ended(1, AttemptEnd::Failed(failure.clone()));
            assert!(ended.contains(&"drop 1".into()), "{way}");
        }
    }
    for status in [None, Some(504)] {
        let mut table = Table::new();
        table.receive(1, 1, Kind::Live);
        let id = id(1);
        table.on(Event::RelayAnswered { id, status });
        table.on(Event::LinkLost);
        let ended = table.ended(1, AttemptEnd::Failed(Failure::Died));
        assert_eq!(ended, ["said died", "drop 1"], "{status:?}");
    }
}

#[test]
fn a_kept_delivery_is_not_overtaken_while_it_pauses() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Queued);
    table.receive(2, 2, Kind::Queued);
    let died = || AttemptEnd::Failed(Failure::Died);
    assert_eq!(table.ended(1, died()), ["said died"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row", "attempt 3 #1"]);
    assert_eq!(
        table.answered(3, 200)[..2],
        ["said 200", "answered 200 by app"]
    );
    let taken = table.receive(4, 4, Kind::Queued);
    assert_eq!(taken, ["ack 4", "close @4", "row"]);
    // An app that is down meanwhile costs none of the attempts.
    assert_eq!(table.wait(), ["attempt 1 #2"]);
    assert_eq!(table.refused(1), ["app down"]);
    assert_eq!(table.wait(), ["probe"]);
    assert_eq!(table.probed(Ok(())), ["app up, 3 waiting", "attempt 1 #2"]);
    let answered = table.answered(1, 200);
    assert!(answered.contains(&"attempt 2 #1".into()), "{answered:?}");
}

#[test]
fn a_stop_starts_nothing_after_a_pause_either() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Queued);
    table.ended(1, AttemptEnd::Failed(Failure::Died));
    table.on(Event::Stop);
    assert!(table.wait().is_empty());
    assert_eq!((table.engine.running(), table.engine.deadline()), (0, None));
}

#[test]
fn a_new_process_goes_on_where_the_last_one_was_killed() {
    let mut table = Table::new();
    for number in 1..=3 {
        table.receive(number, number as u32, Kind::Queued);
    }
    table.answered(1, 200);
    let mut table = Table::beside(table.shelf, usual());
    assert_eq!(table.engine.counters().waiting, 2);
    let told: Vec<_> = table
        .effects
        .iter()
        .filter(|it| !is_for_history(it))
        .collect();
    let told: Vec<_> = told.into_iter().map(short).collect();
    assert_eq!(told, ["row", "row", "attempt 2 #2"], "it had been begun");
    assert_eq!(
        table.answered(2, 200),
        ["said 200", "drop 2", "attempt 3 #1"]
    );
    table.answered(3, 200);
    let counters = table.engine.counters();
    assert_eq!((counters.received, counters.delivered), (2, 2));
    // The relay did not hear of all that.
    assert_eq!(table.receive(3, 1, Kind::Queued), ["ack 3", "close @1"]);
}

#[test]
fn a_backlog_larger_than_the_window_is_handed_over_whole_and_in_order() {
    let mut table = Table::new();
    table.on(Event::Hold { now: table.now });
    let all = 3 * crate::limits::BACKLOG_PAGE as u64;
    for number in 1..=all {
        table.receive(number, number as u32, Kind::Queued);
    }
    assert!(table.engine.deliveries.len() <= crate::limits::BACKLOG_PAGE + 1);
    assert_eq!(table.engine.counters().waiting, all);
    table.on(Event::Release { now: table.now });
    for number in 1..=all {
        table.answered(number, 200);
        assert_eq!(table.engine.counters().waiting, all - number);
    }
    assert_eq!(table.engine.counters().delivered, all);
}

/// Found by the soak: the relay lets small ones overtake the rest of a large one.
#[test]
fn a_kept_delivery_waits_for_an_older_one_that_is_still_arriving() {
    let mut table = Table::new();
    table.on(Event::LinkUp {
        waiting: 2,
        now: table.now,
    });
    assert!(table.receive_part(1, 1, Kind::Queued, false).is_empty());
    let small = table.receive(2, 2, Kind::Queued);
    assert_eq!(small, ["ack 2", "close @2", "row"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row", "attempt 3 #1"]);
    table.on(Event::Complete(id(1)));
    let stored = table.shelf.completes(&id(1)).unwrap();
    assert_eq!(
        table.on(stored),
        ["ack 1", "close @1", "row", "attempt 1 #1"]
    );
    // Nor does one that will not come hold up the others.
    assert!(table.receive_part(0, 4, Kind::Queued, false).is_empty());
    assert_eq!(table.answered(1, 200), ["said 200", "drop 1"]);
    assert_eq!(table.on(Event::SenderLeft(id(0))), ["attempt 2 #1"]);
}

#[test]
fn a_failure_that_crosses_the_relays_promise_is_taken_back() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    table.ended(1, AttemptEnd::Failed(Failure::Died));
    assert_eq!(table.engine.counters().failed, 1);
    let (id, status) = (id(1), Some(202));
    assert_eq!(
        table.on(Event::RelayAnswered { id, status }),
        ["ack 1", "row", "attempt 1 #1"]
    );
    let counters = table.engine.counters();
    assert_eq!((counters.failed, counters.waiting), (0, 1));
}

#[test]
fn what_was_answered_5xx_is_tried_again_if_the_user_wants_it() {
    let mut table = Table::with(Rules {
        retries: 2,
        ..usual()
    });
    table.receive(1, 1, Kind::Live);
    assert_eq!(
        table.answered(1, 500)[..2],
        ["said 500", "answered 500 by app"],
        "its sender has the answer"
    );
    table.receive(2, 2, Kind::Queued);
    for attempt in 2..=3 {
        assert_eq!(table.answered(2, 503), ["said 503"]);
        assert_eq!(table.wait(), [format!("attempt 2 #{attempt}")]);
    }
    assert_eq!(table.answered(2, 503), ["said 503", "drop 2"]);
    assert_eq!(table.engine.counters().delivered, 2);
}

#[test]
fn what_had_waited_is_told_of_until_it_is_done() {
    let mut table = Table::new();
    let (waiting, now) = (3, table.now);
    table.on(Event::LinkUp { waiting, now });
    for number in 1..=3 {
        table.receive(number, number as u32, Kind::Queued);
    }
    table.answered(1, 200);
    table.now += std::time::Duration::from_secs(2);
    let told = table.answered(2, 200);
    assert!(
        told.contains(&"Draining { done: 2, total: 3 }".into()),
        "{told:?}"
    );
    let told = table.answered(3, 200);
    assert!(told.contains(&"Drained { total: 3 }".into()), "{told:?}");
}

#[test]
fn the_end_is_told_when_the_last_of_what_had_waited_was_known() {
    let mut table = Table::new();
    table.receive(1, 0, Kind::Queued);
    table.answered(1, 200);
    let (waiting, now) = (2, table.now);
    table.on(Event::LinkUp { waiting, now });
    table.receive(2, 1, Kind::Queued);
    table.answered(2, 200);
    let told = table.receive(1, 2, Kind::Queued);
    assert!(told.contains(&"Drained { total: 2 }".into()), "{told:?}");
}

#[test]
fn one_promised_while_the_app_was_tried_comes_in_its_turn() {
    let mut table = Table::new();
    for number in [1, 2] {
        table.receive(number, 0, Kind::Queued);
    }
    table.receive(3, 1, Kind::Live);
    table.on(Event::RelayAnswered {
        id: id(3),
        status: Some(202),
    });
    table.refused(1);
    table.refused(3);
    table.wait();
    table.probed(Ok(()));
    for number in [1, 2] {
        let mut told = table.answered(number, 200);
        told.retain(|it| it.starts_with("attempt"));
        assert_eq!(told, [format!("attempt {} #1", number + 1)]);
    }
}

#[test]
fn what_the_history_could_not_take_is_taken_when_it_comes_again() {
    let mut table = Table::new();
    table.receive(1, 0, Kind::Live);
    let relay_answered = Event::RelayAnswered {
        id: id(1),
        status: Some(202),
    };
    table.engine.on(relay_answered, &mut Vec::new());
    table.on(Event::NotStored(id(1)));
    table.on(Event::LinkLost);
    let (waiting, now) = (1, table.now);
    table.on(Event::LinkUp { waiting, now });
    let told = table.receive(1, 1, Kind::Queued);
    assert_eq!(told, ["ack 1", "close @1"], "its attempt goes on");
    assert_eq!(table.answered(1, 200), ["said 200", "drop 1"]);
    assert_eq!(table.engine.counters().received, 1);
}

#[test]
fn a_part_of_a_request_gives_way_to_the_whole() {
    let mut table = Table::new();
    table.receive_part(1, 1, Kind::Live, false);
    assert_eq!(
        table.receive(1, 2, Kind::Queued),
        [
            "said sender_left",
            "close @1",
            "drop 1",
            "ack 1",
            "close @2",
            "row",
            "attempt 1 #1"
        ]
    );
    let counters = table.engine.counters();
    assert_eq!((counters.received, counters.broken_off), (1, 0));
    assert_eq!(table.answered(1, 200), ["said 200", "drop 1"]);
}
