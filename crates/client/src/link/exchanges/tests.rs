//! The rules of flow, without a socket.

use bytes::Bytes;
use kreel_wire::limits::{CHUNK_BYTES, MESSAGE_COST_BYTES};
use kreel_wire::{Answer, Failure, Response, Seq};

use super::*;
use crate::testing::{delivery, id, whole};

struct Table {
    exchanges: Exchanges,
    grants: mpsc::Receiver<Grant>,
}

impl Table {
    fn new() -> Self {
        let (grants_in, grants) = mpsc::channel(64);
        let exchanges = Exchanges::new(LinkNumber(1), WINDOW_BYTES, grants_in);
        Self { exchanges, grants }
    }

    fn open(&mut self, exchange: u32, kind: Kind, end: bool) -> Result<Received, Violation> {
        let mut request = whole(exchange, delivery(exchange.into(), kind), "");
        request.end = end;
        self.exchanges.open(request)
    }

    fn body(
        &mut self,
        exchange: u32,
        bytes: usize,
        end: bool,
    ) -> Result<Option<DeliveryId>, Violation> {
        let piece = self.exchanges.body(Chunk {
            exchange: ExchangeId(exchange),
            data: Bytes::from(vec![0; bytes]),
            end,
        })?;
        Ok(piece.filter(|piece| piece.end).map(|piece| piece.delivery))
    }
}

fn answer(exchange: u32, end: bool) -> ToRelay {
    ToRelay::Answer(Answer {
        exchange: ExchangeId(exchange),
        response: Response {
            status: 200,
            reason: None,
            headers: kreel_wire::Headers::default(),
        },
        body: Bytes::new(),
        end,
    })
}

#[test]
fn numbers_grow_and_may_skip() {
    let mut table = Table::new();
    for exchange in [1, 2, 9] {
        table.open(exchange, Kind::Live, true).unwrap();
    }
    for got in [0, 1, 9] {
        let error = table.open(got, Kind::Live, true).unwrap_err();
        assert_eq!(error, Violation::NotIncreasing { got, highest: 9 });
    }
}

#[test]
fn the_end_of_a_body_is_told_once_and_nothing_follows_it() {
    let mut table = Table::new();
    table.open(1, Kind::Live, false).unwrap();
    assert_eq!(table.body(1, 10, false), Ok(None));
    assert_eq!(table.body(1, 10, true), Ok(Some(id(1))));
    assert_eq!(table.body(1, 0, true), Err(Violation::AfterEnd { on: 1 }));
    assert_eq!(
        table.body(7, 0, true),
        Err(Violation::NeverOpened { got: 7 })
    );
}

#[test]
fn credit_is_counted_with_the_cost_of_messages() {
    let mut table = Table::new();
    table.open(1, Kind::Live, false).unwrap();
    let cost = CHUNK_BYTES + MESSAGE_COST_BYTES as usize;
    let affordable = WINDOW_BYTES as usize / cost;
    for _ in 0..affordable {
        table.body(1, CHUNK_BYTES, false).unwrap();
    }
    let left = WINDOW_BYTES as usize - affordable * cost;
    table
        .body(1, left - MESSAGE_COST_BYTES as usize, false)
        .unwrap();
    let by_bytes = u64::from(MESSAGE_COST_BYTES);
    assert_eq!(
        table.body(1, 0, false),
        Err(Violation::Overrun { on: 1, by_bytes })
    );
    let grant = Grant {
        link: LinkNumber(1),
        exchange: ExchangeId(1),
        bytes: MESSAGE_COST_BYTES,
    };
    assert!(table.exchanges.grant(&grant));
    assert_eq!(table.body(1, 0, true), Ok(Some(id(1))));
    assert!(
        !table.exchanges.grant(&grant),
        "a complete body needs no credit"
    );
}

#[test]
fn a_body_nobody_wants_is_granted_for_and_not_told_of() {
    let mut table = Table::new();
    let received = table.open(1, Kind::Queued, false).unwrap();
    drop(received);
    table.exchanges.discard(ExchangeId(1));
    for _ in 0..3 {
        for _ in 0..2 {
            table.body(1, CHUNK_BYTES / 2, false).unwrap();
        }
        let grant = table.grants.try_recv().unwrap();
        assert_eq!(grant.bytes, CREDIT_STEP_BYTES + 2 * MESSAGE_COST_BYTES);
        assert!(table.exchanges.grant(&grant));
    }
    assert_eq!(table.body(1, 1, true), Ok(None));
}

#[test]
fn what_is_left_of_a_request_is_granted_for_when_its_exchange_is_left() {
    let mut table = Table::new();
    let received = table.open(1, Kind::Live, false).unwrap();
    // Half a window came before the app answered, and nobody read it.
    for _ in 0..2 {
        table.body(1, CHUNK_BYTES, false).unwrap();
    }
    assert!(table.exchanges.may_send(&answer(1, true)));
    drop(received);
    table.exchanges.close(ExchangeId(1));
    let mut window = WINDOW_BYTES - 2 * (CHUNK_BYTES as u32 + MESSAGE_COST_BYTES);
    for _ in 0..40 {
        while let Ok(grant) = table.grants.try_recv() {
            assert!(table.exchanges.grant(&grant));
            window += grant.bytes;
        }
        assert_eq!(window, WINDOW_BYTES, "nothing granted twice, nothing kept");
        table.body(1, CHUNK_BYTES, false).unwrap();
        window -= CHUNK_BYTES as u32 + MESSAGE_COST_BYTES;
    }
    assert_eq!(table.exchanges.burdening, 1);
    assert_eq!(table.body(1, 1, true), Ok(None), "the delivery is over");
    assert!(table.exchanges.open.is_empty());
    assert_eq!(table.exchanges.burdening, 0);
}

#[test]
fn a_cancel_of_an_exchange_that_was_left_is_stale() {
    let mut table = Table::new();
    let received = table.open(1, Kind::Live, false).unwrap();
    table.exchanges.close(ExchangeId(1));
    assert!(received.reply.unwrap().is_over());
    let answered = table.exchanges.answered(ExchangeId(1));
    assert_eq!(answered, Ok(Some(id(1))), "the relay may have promised it");
    assert_eq!(table.exchanges.cancel(ExchangeId(1)), Ok(None));
    assert!(table.exchanges.open.is_empty());
    // One that failed the relay counts as over, unless the two crossed.
    let _received = table.open(2, Kind::Live, false).unwrap();
    let exchange = ExchangeId(2);
    let failure = Failure::Died;
    assert!(
        table
            .exchanges
            .may_send(&ToRelay::Failed { exchange, failure })
    );
    table.exchanges.close(exchange);
    assert_eq!(table.exchanges.burdening, 0);
    assert_eq!(table.body(2, 1, true), Ok(None));
    assert!(table.exchanges.open.is_empty());
}

#[test]
fn an_answer_is_spoken_until_its_end_and_only_while_wanted() {
    let mut table = Table::new();
    table.open(1, Kind::Live, true).unwrap();
    assert!(table.exchanges.may_send(&answer(1, false)));
    assert!(table.exchanges.may_send(&answer(1, true)));
    assert!(!table.exchanges.may_send(&answer(1, true)));
    table.open(2, Kind::Live, true).unwrap();
    assert_eq!(table.exchanges.answered(ExchangeId(2)), Ok(Some(id(2))));
    let failed = ToRelay::Failed {
        exchange: ExchangeId(2),
        failure: Failure::Died,
    };
    assert!(!table.exchanges.may_send(&failed));
    table.open(3, Kind::Queued, true).unwrap();
    assert!(
        !table.exchanges.may_send(&answer(3, true)),
        "nobody waits for it"
    );
    assert!(
        table
            .exchanges
            .may_send(&ToRelay::Ack { seqs: vec![Seq(3)] })
    );
}

#[test]
fn whoever_waits_on_an_exchange_learns_of_its_end() {
    let mut table = Table::new();
    let replies: Vec<_> = (1..=4)
        .map(|n| table.open(n, Kind::Live, true).unwrap().reply.unwrap())
        .collect();
    table.exchanges.cancel(ExchangeId(1)).unwrap();
    table.exchanges.answered(ExchangeId(2)).unwrap();
    table.exchanges.close(ExchangeId(3));
    let over = |index: usize| replies[index].is_over();
    assert_eq!(
        [over(0), over(1), over(2), over(3)],
        [true, true, true, false]
    );
    drop(table);
    assert!(replies[3].is_over(), "with the link");
}

#[test]
fn only_what_both_ends_call_open_counts_against_the_limit() {
    let mut table = Table::new();
    let limit = EXCHANGES as u32;
    for exchange in 1..=limit {
        table.open(exchange, Kind::Live, true).unwrap();
    }
    assert_eq!(
        table.open(limit + 1, Kind::Live, true).unwrap_err(),
        Violation::TooMany
    );
    // Answered by the relay, still at work here.
    table.exchanges.answered(ExchangeId(1)).unwrap();
    table.open(limit + 1, Kind::Queued, true).unwrap();
    // A kept one is open until it is acknowledged.
    assert_eq!(
        table.open(limit + 2, Kind::Live, true).unwrap_err(),
        Violation::TooMany
    );
    table.exchanges.close(ExchangeId(limit + 1));
    table.exchanges.close(ExchangeId(limit + 1));
    table.open(limit + 2, Kind::Live, true).unwrap();
}
