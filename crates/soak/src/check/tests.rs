//! A checker that can't fail is worth nothing: each rule is broken once, and must be named.

use super::*;
use crate::ledger::Sent;

/// A run of three kept deliveries and one live one in which nothing is wrong.
struct Run {
    senders: Vec<SenderLine>,
    app: Vec<Arrival>,
}

fn uuid(number: u64) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1000)
}

fn sent(id: MessageId, at_us: u64) -> SenderLine {
    let sha = [u8::try_from(id).unwrap(); 32];
    SenderLine::Sent(Sent {
        at_us,
        id,
        bytes: 10,
        sha,
    })
}

fn ended(id: MessageId, at_us: u64, by: By, status: u16) -> SenderLine {
    let note = match by {
        By::Queued | By::Pending => uuid(id).to_string(),
        _ => "-".to_owned(),
    };
    SenderLine::Ended(Ended {
        at_us,
        id,
        by,
        status,
        note,
    })
}

fn arrival(id: MessageId) -> Arrival {
    Arrival {
        at_us: 0,
        id,
        path_id: id,
        delivery: uuid(id),
        attempt: 1,
        bytes: 10,
        sha: [u8::try_from(id).unwrap(); 32],
    }
}

impl Run {
    fn good() -> Self {
        let apart = |from_us, to_us| SenderLine::Apart { from_us, to_us };
        let mut senders = vec![apart(100, 200), apart(300, 400)];
        for (id, at_us) in [(1, 110), (2, 120), (3, 310)] {
            senders.extend([sent(id, at_us), ended(id, at_us + 5, By::Queued, 202)]);
        }
        senders.extend([sent(4, 500), ended(4, 505, By::App, 200)]);
        senders.extend([sent(5, 600), ended(5, 605, By::Nobody, 0)]);
        Self {
            senders,
            app: [1, 2, 3, 4].map(arrival).into(),
        }
    }

    fn verdict(self) -> Verdict {
        let mut check = Check::default();
        self.senders.into_iter().for_each(|line| check.sender(line));
        for (number, line) in (1..).zip(&self.app) {
            check.arrival(number, line);
        }
        check.verdict()
    }

    /// The broken rules, each with the messages concerned.
    fn broken(self) -> Vec<(Rule, Vec<MessageId>)> {
        let offences = self.verdict().offences;
        offences
            .into_iter()
            .map(|offence| (offence.rule, offence.ids))
            .collect()
    }
}

#[test]
fn a_good_run_is_good_and_counted() {
    let verdict = Run::good().verdict();
    assert_eq!(verdict.offences, []);
    assert_eq!(
        (verdict.sent, verdict.acknowledged, verdict.arrived),
        (5, 4, 4)
    );
    assert_eq!((verdict.ordered, verdict.duplicates), (3, 0));
    let by = [By::Queued, By::App, By::Pending].map(|by| verdict.acknowledged_by(by));
    assert_eq!(by, [3, 1, 0]);
}

#[test]
fn a_hole_is_found_if_it_was_acknowledged() {
    for id in 1..=4 {
        let mut run = Run::good();
        run.app.retain(|arrival| arrival.id != id);
        assert_eq!(run.broken(), [(Rule::Missing, vec![id])]);
    }
}

#[test]
fn other_bytes_another_length_and_another_path_are_corruption() {
    let spoil: [fn(&mut Arrival); 3] = [
        |arrival| arrival.sha[31] ^= 1,
        |arrival| arrival.bytes += 1,
        |arrival| arrival.path_id = 3,
    ];
    for spoil in spoil {
        let mut run = Run::good();
        spoil(&mut run.app[1]);
        assert_eq!(run.broken(), [(Rule::Corrupted, vec![2])]);
    }
}

#[test]
fn a_repeat_with_other_bytes_is_corruption_too() {
    let mut run = Run::good();
    let repeat = Arrival {
        sha: [0; 32],
        ..arrival(2)
    };
    run.app.push(repeat);
    assert_eq!(run.broken(), [(Rule::Corrupted, vec![2])]);
}

#[test]
fn disorder_is_found_within_an_absence_and_across_two() {
    let mut run = Run::good();
    run.app.swap(0, 1);
    let verdict = run.verdict();
    assert_eq!(verdict.offences[0].ids, [1, 2]);
    assert!(
        verdict.offences[0].what.contains("same absence"),
        "{verdict:?}"
    );

    let mut run = Run::good();
    run.app.swap(1, 2);
    let verdict = run.verdict();
    assert_eq!(verdict.count(Rule::OutOfOrder), 1);
    assert_eq!(verdict.offences[0].ids, [2, 3]);
    assert!(
        verdict.offences[0].what.contains("later absence"),
        "{verdict:?}"
    );
}

#[test]
fn messages_side_by_side_have_no_order_and_neither_have_those_that_may_have_gone_live() {
    // The second was sent before the first was acknowledged.
    let mut run = Run::good();
    run.senders[4] = sent(2, 113);
    run.app.swap(0, 1);
    assert_eq!(run.broken(), []);
    // The first was sent before the client had gone for certain.
    let mut run = Run::good();
    run.senders[2] = sent(1, 99);
    run.app.swap(0, 1);
    assert_eq!(run.broken(), []);
    // The second was acknowledged when a client may have been back.
    let mut run = Run::good();
    run.senders[5] = ended(2, 201, By::Queued, 202);
    run.app.swap(0, 1);
    assert_eq!(run.broken(), []);
}

#[test]
fn repeats_count_by_their_number_and_the_first_arrival_keeps_the_order() {
    let mut run = Run::good();
    run.app.push(arrival(1));
    run.app.push(Arrival {
        attempt: 2,
        ..arrival(2)
    });
    let verdict = run.verdict();
    assert_eq!(verdict.offences, []);
    assert_eq!((verdict.duplicates, verdict.duplicates_numbered), (2, 1));
}

#[test]
fn ids_belong_to_one_message_and_stay_with_it() {
    let mut run = Run::good();
    run.app.push(Arrival {
        delivery: uuid(77),
        ..arrival(4)
    });
    assert_eq!(run.broken(), [(Rule::TwoIds, vec![4])]);

    let mut run = Run::good();
    run.app[0].delivery = uuid(77);
    assert_eq!(
        run.broken(),
        [(Rule::TwoIds, vec![1])],
        "its sender was told another"
    );

    let mut run = Run::good();
    run.app[3].delivery = uuid(3);
    assert_eq!(run.broken(), [(Rule::SharedId, vec![4, 3])]);
}

#[test]
fn wrong_answers_silence_and_strangers_are_found() {
    let mut run = Run::good();
    run.senders[9] = ended(4, 505, By::Other, 200);
    run.app.push(arrival(6));
    run.senders[11] = ended(5, 605, By::Silence, 0);
    let rules = [
        (Rule::Unknown, vec![6]),
        (Rule::WrongAnswer, vec![4]),
        (Rule::Unanswered, vec![5]),
    ];
    assert_eq!(run.broken(), rules);
}
