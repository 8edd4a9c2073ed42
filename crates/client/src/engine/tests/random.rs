//! Random schedules of everything that can happen to a client, its relay, its history and its app,
//! and what must hold in all of them.
//!
//! `KREEL_SCHEDULES` says how many are run (10,000 by default); a failure prints the steps of the
//! shortest schedule that shows it and the seed it comes back with.

mod replays;
mod world;

use std::cell::RefCell;

use proptest::prelude::*;

use self::world::World;
use crate::history::at_once::AtOnce;

/// Something that happens, as far as it can at that moment.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// A webhook is posted, small, or large so that its body comes later.
    Post {
        large: bool,
    },
    /// The rest of a large one comes.
    Rest(u8),
    /// The sender of a large one breaks off.
    BreakOff(u8),
    /// `--wait` is over for one that the client has: the relay keeps it and says 202.
    WaitOver(u8),
    /// A sender gives up waiting.
    Leave(u8),
    /// The client connects.
    Link,
    /// The link is lost, with all that is on its way.
    Loss,
    /// The relay sends the oldest it has kept.
    Drain,
    /// A message of the relay's reaches the client.
    ToClient,
    /// A message of the client's reaches the relay.
    ToRelay,
    /// The history does some of what it was asked.
    Commit(u8),
    /// The app answers one of those it has.
    Answer(u8),
    /// It dies of one.
    Die(u8),
    /// It finishes one, but the client is killed before it hears of it.
    AnswerAndKill(u8),
    /// A connection to it is refused.
    Refuse(u8),
    /// It is looked for.
    Probe(bool),
    /// Time passes until the client wants to know.
    Wait,
    /// The client is killed and started again.
    Kill,
    /// The relay is killed and started again.
    KillRelay,
    /// Somebody decides about one at the gate, if there is one.
    Decide(u8),
    Hold,
    Release,
    ReleaseOne,
    /// The user lets one go out of its turn.
    ReleaseThis(u8),
    /// The user wants one handed over again, a few times.
    Replay(u8),
    /// A replay ends, answered or not.
    EndReplay(u8, bool),
    /// The user wants no further replays of one.
    StopReplaying(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let which = || any::<u8>();
    prop_oneof![
        6 => prop::bool::weighted(0.3).prop_map(|large| Step::Post { large }),
        2 => which().prop_map(Step::Rest),
        1 => which().prop_map(Step::BreakOff),
        3 => which().prop_map(Step::WaitOver),
        1 => which().prop_map(Step::Leave),
        4 => Just(Step::Link),
        1 => Just(Step::Loss),
        5 => Just(Step::Drain),
        14 => Just(Step::ToClient),
        10 => Just(Step::ToRelay),
        12 => which().prop_map(Step::Commit),
        6 => which().prop_map(Step::Answer),
        2 => which().prop_map(Step::Die),
        1 => which().prop_map(Step::AnswerAndKill),
        2 => which().prop_map(Step::Refuse),
        3 => any::<bool>().prop_map(Step::Probe),
        3 => Just(Step::Wait),
        1 => Just(Step::Kill),
        1 => Just(Step::KillRelay),
        6 => which().prop_map(Step::Decide),
        1 => Just(Step::Hold),
        2 => Just(Step::Release),
        1 => Just(Step::ReleaseOne),
        1 => which().prop_map(Step::ReleaseThis),
        4 => which().prop_map(Step::Replay),
        5 => (which(), any::<bool>()).prop_map(|(which, answered)| Step::EndReplay(which, answered)),
        1 => which().prop_map(Step::StopReplaying),
    ]
}

/// What makes everything come to its end.
fn settling() -> impl Iterator<Item = Step> {
    let one_round = [
        Step::Release,
        Step::Link,
        Step::Drain,
        Step::Rest(0),
        Step::ToClient,
        Step::ToClient,
        Step::Commit(u8::MAX),
        Step::Decide(0),
        Step::Probe(true),
        Step::Answer(0),
        Step::EndReplay(0, true),
        Step::ToRelay,
        Step::ToRelay,
        Step::Commit(u8::MAX),
        Step::Wait,
    ];
    std::iter::repeat_n(one_round, 400).flatten()
}

thread_local! {
    /// One for all schedules: to make a new one takes longer than a schedule.
    static HISTORY: RefCell<AtOnce> = RefCell::new(AtOnce::new());
}

fn schedules() -> u32 {
    let given = std::env::var("KREEL_SCHEDULES").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(10_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(schedules()))]

    #[test]
    fn nothing_acknowledged_is_lost_whatever_happens(steps in prop::collection::vec(step(), 1..160)) {
        live_through(steps, false);
    }

    #[test]
    fn the_app_has_only_what_was_admitted_whatever_happens(steps in prop::collection::vec(step(), 1..160)) {
        live_through(steps, true);
    }
}

/// A schedule that few random runs come upon: a promise that the history has not noted yet when
/// the delivery comes again, on a new link, and the app answers.
#[test]
fn what_was_just_promised_comes_again_and_is_handed_over_once() {
    use Step::*;
    let promised = [Link, Post { large: false }, WaitOver(0), ToClient, ToClient];
    let again = [Loss, Link, Drain, ToClient, Answer(0)];
    live_through(promised.into_iter().chain(again), false);
}

/// Another: a large one that is here already comes again, the app answers, and the link is lost
/// before the rest of it has come; the history answers all the same.
#[test]
fn what_ended_while_its_rest_was_on_its_way_is_not_handed_over_again() {
    use Step::*;
    let post = Post { large: false };
    let waiting = [post, post, post, Link, Drain, ToClient, Commit(1), ToRelay];
    let large = Post { large: true };
    let refused = [large, post, ToClient, BreakOff(0), ToClient, Refuse(19)];
    let lost = [Loss, Link, post, Drain, Drain, Drain, Wait];
    let here = [ToClient, ToClient, Probe(true), ToClient, ToClient];
    let steps = waiting.into_iter().chain(refused).chain(lost).chain(here);
    live_through(steps.chain([Answer(0), KillRelay]), false);
}

fn live_through(steps: impl IntoIterator<Item = Step>, is_gated: bool) {
    HISTORY.with_borrow_mut(|history| {
        let mut world = World::new(history, is_gated);
        for step in steps {
            world.take(step);
            world.check();
        }
        for step in settling() {
            if world.is_settled() {
                break;
            }
            world.take(step);
        }
        world.check();
        world.check_end();
    });
}
