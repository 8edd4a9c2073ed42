//! However reads split the bytes, the verdict is the same; good messages are always taken; and
//! no bytes whatever break anything.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::generated::{change, fragments, messages};
use super::{ACCEPTED, Framing, LIMITS, Refusal, faults, read_slowly};

/// Reads in runs that end at these places, and at the end.
fn read_in_runs(raw: &[u8], cuts: &[Index]) -> (Result<(), Refusal>, Framing) {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(raw.len() + 1)).collect();
    ends.push(raw.len());
    ends.sort_unstable();
    let mut framing = Framing::new(LIMITS);
    let mut start = 0;
    for end in ends {
        let run = &raw[start..end];
        let verdict = framing.advance(run);
        assert!(framing.passable() <= run.len());
        if verdict.is_err() {
            return (verdict, framing);
        }
        start = end;
    }
    (Ok(()), framing)
}

fn cuts() -> impl Strategy<Value = Vec<Index>> {
    vec(any::<Index>(), 0..8)
}

/// One of the written-down requests, good or bad.
fn written_down() -> impl Strategy<Value = Vec<u8>> {
    let good = ACCEPTED.iter().map(|(raw, _)| raw.to_vec());
    select(
        good.chain(faults().into_iter().map(|fault| fault.raw))
            .collect::<Vec<_>>(),
    )
}

/// The memory that a cut line may take: `Vec` doubles, and keeps a little.
const MOST_MEMORY_BYTES: usize = 2 * LIMITS.max_head_bytes + 4096;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_split_does_not_matter(
        raw in prop_oneof![
            written_down(),
            fragments(),
            change(written_down()),
            vec(any::<u8>(), 0..200),
        ],
        cuts in cuts(),
    ) {
        let reading = read_slowly(&raw);
        let (verdict, framing) = read_in_runs(&raw, &cuts);
        prop_assert_eq!(verdict, reading.verdict);
        prop_assert_eq!(framing.messages(), reading.messages);
        prop_assert!(framing.cut.capacity() <= MOST_MEMORY_BYTES);
    }

    #[test]
    fn good_messages_are_taken(messages in messages(), cuts in cuts()) {
        let (raw, bodies): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
        let raw = raw.concat();
        let (verdict, framing) = read_in_runs(&raw, &cuts);
        prop_assert_eq!(verdict, Ok(()));
        prop_assert!(framing.is_between_messages());
        prop_assert_eq!(framing.messages(), bodies.len() as u64);
        prop_assert_eq!(read_slowly(&raw).bodies, bodies);
    }

    #[test]
    fn endless_lines_do_not_take_endless_memory(
        start in select(&["", "GET /", "GET / HTTP/1.1\r\nHost: a\r\nX: "][..]),
        runs in vec(1..500usize, 1..50),
    ) {
        let mut framing = Framing::new(LIMITS);
        framing.advance(start.as_bytes()).unwrap();
        for bytes in runs {
            let _ = framing.advance(&vec![b'x'; bytes]);
            prop_assert!(framing.cut.capacity() <= MOST_MEMORY_BYTES);
        }
    }
}
