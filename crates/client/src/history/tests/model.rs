//! Random jobs: the counters always add up, and agree with the rows and with a simple model.

use std::collections::HashMap;

use kreel_wire::Kind;
use proptest::prelude::*;

use super::super::{Job, Standing};
use super::support::{Desk, Folder, begin, counters, delivery, ended, piece, receive};

#[derive(Debug, Clone, Copy)]
enum Step {
    Begin {
        whole: bool,
    },
    Receive {
        which: usize,
        whole: bool,
    },
    Piece {
        which: usize,
        bytes: usize,
        end: bool,
    },
    Stand {
        which: usize,
        standing: usize,
    },
    Ended {
        which: usize,
        standing: usize,
    },
    Promise {
        which: usize,
    },
    /// What was put until now is done before what follows.
    Pause,
}

const STANDINGS: [Standing; 7] = [
    Standing::Live,
    Standing::Waiting,
    Standing::Answered,
    Standing::Failed,
    Standing::Lost,
    Standing::BrokenOff,
    Standing::Captured,
];

fn step() -> impl Strategy<Value = Step> {
    let which = 0..8usize;
    prop_oneof![
        any::<bool>().prop_map(|whole| Step::Begin { whole }),
        (which.clone(), any::<bool>()).prop_map(|(which, whole)| Step::Receive { which, whole }),
        (which.clone(), 0..100_000usize, any::<bool>())
            .prop_map(|(which, bytes, end)| Step::Piece { which, bytes, end }),
        (which.clone(), 0..7usize).prop_map(|(which, standing)| Step::Stand { which, standing }),
        (which.clone(), 0..7usize).prop_map(|(which, standing)| Step::Ended { which, standing }),
        which.prop_map(|which| Step::Promise { which }),
        Just(Step::Pause),
    ]
}

/// What the model knows of a delivery.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    standing: Standing,
    is_complete: bool,
    is_promised: bool,
    /// Whether pieces are expected.
    is_open: bool,
    body: Vec<u8>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_counters_are_true(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(follow(&steps));
    }
}

async fn follow(steps: &[Step]) {
    let folder = Folder::new();
    let mut desk = Desk::new(&folder.open());
    let all: Vec<_> = (0..8).map(|seq| delivery(seq, Kind::Live)).collect();
    let mut fresh = 0;
    let mut model: HashMap<usize, Known> = HashMap::new();
    // Those that ended before it was heard that they came.
    let mut ended_before = HashMap::new();
    for step in steps {
        match *step {
            Step::Begin { whole } => {
                // Ids of live deliveries have not been seen.
                while model.contains_key(&fresh) {
                    fresh += 1;
                }
                if fresh == all.len() {
                    continue;
                }
                desk.put(begin(&all[fresh], vec![1; 100], whole));
                let known = Known {
                    standing: Standing::Live,
                    is_complete: whole,
                    is_promised: false,
                    is_open: !whole,
                    body: vec![1; 100],
                };
                model.insert(fresh, known);
            }
            Step::Receive { which, whole } => {
                desk.put(receive(&all[which], vec![2; 50], whole));
                if let (false, Some(standing)) =
                    (model.contains_key(&which), ended_before.get(&which))
                {
                    let known = Known {
                        standing: *standing,
                        is_complete: whole,
                        is_promised: true,
                        is_open: !whole,
                        body: vec![2; 50],
                    };
                    model.insert(which, known);
                    continue;
                }
                let known = model.entry(which).or_insert(Known {
                    standing: Standing::BrokenOff,
                    is_complete: false,
                    is_promised: false,
                    is_open: false,
                    body: Vec::new(),
                });
                if !known.standing.is_final(known.is_promised) {
                    known.standing = Standing::Waiting;
                    known.is_promised = true;
                    if !known.is_complete {
                        known.body = vec![2; 50];
                        known.is_complete = whole;
                        known.is_open = !whole;
                    }
                }
            }
            Step::Piece { which, bytes, end } => {
                desk.put(piece(&all[which], vec![3; bytes], end));
                if let Some(known) = model.get_mut(&which)
                    && known.is_open
                {
                    known.body.extend(std::iter::repeat_n(3, bytes));
                    known.is_complete = end;
                    known.is_open = !end;
                }
            }
            Step::Stand { which, standing } | Step::Ended { which, standing } => {
                let standing = STANDINGS[standing];
                match step {
                    Step::Stand { .. } => desk.put(Job::Stand {
                        id: all[which].id,
                        standing,
                    }),
                    _ => desk.put(ended(&all[which], standing, 1)),
                }
                if let Some(known) = model.get_mut(&which) {
                    known.standing = standing;
                    known.is_open &= standing != Standing::BrokenOff;
                } else if standing.is_final(false) {
                    ended_before.insert(which, standing);
                }
            }
            Step::Promise { which } => {
                desk.put(Job::Promise {
                    id: all[which].id,
                    attempts: 0,
                });
                if let Some(known) = model.get_mut(&which)
                    && known.is_complete
                {
                    if !known.standing.is_final(known.is_promised) {
                        known.standing = Standing::Waiting;
                    }
                    known.is_promised = true;
                }
            }
            Step::Pause => {
                desk.settle().await;
            }
        }
    }
    for (which, known) in &model {
        if known.is_complete {
            assert_eq!(desk.body(all[*which].id).await, known.body);
        }
    }
    desk.recorder.close().await;
    let db = folder.db();
    let [received, by_standing @ .., _] = counters(&db);
    assert_eq!(received, by_standing.iter().sum::<i64>());
    let count = |standing| {
        model
            .values()
            .filter(|known| known.standing == standing)
            .count()
    };
    let expected = STANDINGS.map(|standing| count(standing) as i64);
    assert_eq!(by_standing, expected);
    let rows = "SELECT count(*) FROM delivery WHERE standing = ?1";
    for (standing, expected) in STANDINGS.iter().zip(expected) {
        let rows: i64 = db
            .query_row(rows, [standing.number()], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, expected, "{standing:?}");
    }
}
