//! Random schedules of everything that can happen, and what must hold in all of them.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::limits::TRIES;

/// What the world outside the engine looks like.
#[derive(Default)]
struct World {
    /// Attempts that run, with the delivery each is at.
    runs: HashMap<u64, Run>,
    finished: HashSet<u64>,
    /// What attempts need is here.
    taken: HashSet<u64>,
    acknowledged: HashSet<u64>,
    exchange: u32,
    is_linked: bool,
    is_probing: bool,
    incomplete: HashSet<u64>,
}

#[derive(Debug, Clone)]
enum Step {
    Link,
    Loss,
    Receive {
        number: u64,
        live: bool,
        complete: bool,
    },
    Complete(u64),
    SenderLeft(u64),
    RelayAnswered(u64),
    Answer(u64),
    Fail(u64),
    Refuse(u64),
    Probe(bool),
    Wait,
    Hold,
    Release,
    ReleaseOne,
}

fn step() -> impl Strategy<Value = Step> {
    let number = 1..8u64;
    prop_oneof![
        1 => Just(Step::Link),
        1 => Just(Step::Loss),
        6 => (number.clone(), any::<bool>(), prop::bool::weighted(0.7))
            .prop_map(|(number, live, complete)| Step::Receive { number, live, complete }),
        2 => number.clone().prop_map(Step::Complete),
        1 => number.clone().prop_map(Step::SenderLeft),
        1 => number.clone().prop_map(Step::RelayAnswered),
        5 => number.clone().prop_map(Step::Answer),
        1 => number.clone().prop_map(Step::Fail),
        3 => number.prop_map(Step::Refuse),
        3 => any::<bool>().prop_map(Step::Probe),
        3 => Just(Step::Wait),
        1 => Just(Step::Hold),
        2 => Just(Step::Release),
        1 => Just(Step::ReleaseOne),
    ]
}

/// Takes a step as far as it makes sense in this world.
fn take(table: &mut Table, world: &mut World, step: &Step) {
    match *step {
        Step::Link if !world.is_linked => {
            world.is_linked = true;
            table.on(Event::LinkUp);
        }
        Step::Loss if world.is_linked => {
            world.is_linked = false;
            table.on(Event::LinkLost);
        }
        Step::Receive {
            number,
            live,
            complete,
        } if world.is_linked => {
            // A relay sends what was acknowledged only by mistake, and never as live.
            let known = table.engine.deliveries.contains_key(&id(number));
            let entry = table.engine.deliveries.get(&id(number));
            let has_part = entry.is_some_and(|entry| !entry.is_complete);
            let is_new = !known && !world.finished.contains(&number);
            let kind = match live && is_new {
                true => Kind::Live,
                false => Kind::Queued,
            };
            world.exchange += 1;
            let is_fresh = !known || has_part;
            if is_fresh && !complete {
                world.incomplete.insert(number);
            } else if is_fresh {
                world.incomplete.remove(&number);
            }
            table.receive_part(number, world.exchange, kind, complete);
        }
        Step::Complete(number) => {
            world.incomplete.remove(&number);
            table.on(Event::Complete(id(number)));
        }
        Step::SenderLeft(number) if world.incomplete.contains(&number) => {
            table.on(Event::SenderLeft(id(number)));
        }
        Step::RelayAnswered(number) => {
            let (id, status) = (id(number), Some(202));
            table.on(Event::RelayAnswered { id, status });
        }
        Step::Answer(number) | Step::Fail(number) if world.runs.contains_key(&number) => {
            world.runs.remove(&number);
            if let Step::Answer(_) = step {
                world.finished.insert(number);
                table.answered(number, 200);
            } else {
                let entry = &table.engine.deliveries[&id(number)];
                if entry.sender != Sender::Promised || entry.attempts >= TRIES {
                    world.finished.insert(number);
                }
                table.ended(number, AttemptEnd::Failed(Failure::Died));
            }
        }
        Step::Refuse(number) if world.runs.contains_key(&number) => {
            world.runs.remove(&number);
            table.refused(number);
        }
        Step::Probe(found) if world.is_probing => {
            world.is_probing = false;
            table.probed(if found { Ok(()) } else { Err(refusal()) });
        }
        Step::Wait if table.engine.deadline().is_some() => {
            table.wait();
        }
        Step::Hold => {
            table.on(Event::Hold);
        }
        Step::Release => {
            table.on(Event::Release);
        }
        Step::ReleaseOne => {
            table.on(Event::ReleaseOne);
        }
        _ => table.effects.clear(),
    }
}

/// Carries the effects out in this world, checking each.
fn carry_out(table: &Table, world: &mut World) {
    for effect in &table.effects {
        match effect {
            Effect::Attempt { id, run, .. } => {
                let number = u64::from(id.as_bytes()[15]);
                assert!(!world.finished.contains(&number), "{number} was finished");
                assert!(world.taken.contains(&number), "nothing is left of {number}");
                let before = world.runs.insert(number, *run);
                assert_eq!(before, None, "{number} is attempted twice at once");
                if kind_of(table, number) == Kind::Queued {
                    let older = table.engine.kept.range(..(Seq(number), *id)).next();
                    assert_eq!(
                        older, None,
                        "an older one waits while {number} is attempted"
                    );
                    let mut others = world.runs.keys().filter(|other| **other != number);
                    let beside = others.find(|other| kind_of(table, **other) == Kind::Queued);
                    assert_eq!(beside, None, "a kept one is attempted beside {number}");
                    let mut pausing = table.engine.pausing.iter().map(|(_, id)| id.as_bytes()[15]);
                    let passed = pausing.find(|it| kind_of(table, u64::from(*it)) == Kind::Queued);
                    assert_eq!(passed, None, "it is passed over for {number}");
                }
            }
            Effect::Take { id } => {
                let is_new = world.taken.insert(u64::from(id.as_bytes()[15]));
                assert!(is_new, "it was taken and not dropped");
            }
            Effect::Drop { id } => {
                let number = u64::from(id.as_bytes()[15]);
                world.runs.remove(&number);
                world.taken.remove(&number);
            }
            Effect::Ack(Seq(number)) => {
                assert!(world.finished.contains(number), "{number} is not finished");
                world.acknowledged.insert(*number);
            }
            Effect::Probe => {
                assert!(!world.is_probing, "the app is looked for twice at once");
                world.is_probing = true;
            }
            Effect::Fail { .. }
            | Effect::Discard { .. }
            | Effect::Close { .. }
            | Effect::Update(_) => {}
        }
    }
}

fn kind_of(table: &Table, number: u64) -> Kind {
    table.engine.deliveries[&id(number)].summary.kind
}

fn check(table: &Table, world: &World) {
    let engine = &table.engine;
    let counters = engine.counters();
    assert_eq!(
        counters.received,
        counters.delivered + counters.failed + counters.broken_off + counters.waiting,
        "{counters:?}"
    );
    assert_eq!(engine.running(), world.runs.len());
    for (number, run) in &world.runs {
        assert!(engine.is_running(&id(*number), *run));
    }
    let waiting = engine.kept.len() + engine.live.len();
    let pausing = engine.pausing.len();
    assert_eq!(
        engine.deliveries.len(),
        waiting + pausing + engine.running()
    );
    let taken = engine.deliveries.len();
    assert_eq!(world.taken.len(), taken, "what is not needed is dropped");
    assert_eq!(
        world.acknowledged, world.finished,
        "each is acknowledged when it is finished"
    );
    if engine.app == AppState::Up && engine.hold == Hold::Off {
        assert!(engine.live.is_empty(), "nothing keeps these from starting");
        assert!(engine.kept.is_empty() || engine.kept_turn.is_some());
    }
}

proptest! {
    #[test]
    fn the_rules_hold_in_any_order_of_events(steps in prop::collection::vec(step(), 1..120)) {
        let mut table = Table::new();
        let mut world = World::default();
        for step in &steps {
            take(&mut table, &mut world, step);
            carry_out(&table, &mut world);
            check(&table, &world);
        }
    }

    #[test]
    fn everything_is_finished_once_all_is_well_again(steps in prop::collection::vec(step(), 1..120)) {
        let mut table = Table::new();
        let mut world = World::default();
        let settle = [Step::Release, Step::Link, Step::Wait, Step::Probe(true), Step::Wait];
        let numbers = (1..8).flat_map(|n| [Step::Complete(n), Step::Answer(n)]);
        let well: Vec<_> = settle.into_iter().chain(numbers).collect();
        let rounds = std::iter::repeat_n(&well, 40).flatten();
        for step in steps.iter().chain(rounds) {
            take(&mut table, &mut world, step);
            carry_out(&table, &mut world);
        }
        prop_assert_eq!(table.engine.counters().waiting, 0);
        prop_assert_eq!(table.engine.running(), 0);
    }
}
