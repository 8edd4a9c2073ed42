//! Senders and clients, in and out of order.

use kreel_wire::Headers;

use super::*;
use crate::answers::AnswerRoom;

fn answer(exchange: u32, end: bool) -> Answer {
    let response = Response {
        status: 200,
        reason: None,
        headers: Headers::default(),
    };
    Answer {
        exchange: ExchangeId(exchange),
        response,
        body: "first".into(),
        end,
    }
}

fn piece(exchange: u32, bytes: usize, end: bool) -> Chunk {
    Chunk {
        exchange: ExchangeId(exchange),
        data: vec![0; bytes].into(),
        end,
    }
}

fn waiting(replies: &mut Replies, exchange: u32) -> oneshot::Receiver<Reply> {
    let (reply, answer) = oneshot::channel();
    replies.insert(ExchangeId(exchange), Some(reply), None);
    answer
}

#[test]
fn a_whole_answer_is_claimed_once() {
    let mut replies = Replies::default();
    let mut sender = waiting(&mut replies, 1);
    replies.answer(answer(1, true)).unwrap();
    assert!(
        matches!(sender.try_recv(), Ok(Reply::Answered(_, ReplyBody::Whole(body))) if body == "first")
    );
    assert_eq!(
        replies.answer(answer(1, true)),
        Ok(()),
        "crossed messages are no fault"
    );
    assert_eq!(replies.len(), 0);
}

#[test]
fn a_streamed_answer_keeps_to_its_credit() {
    let mut replies = Replies::default();
    let mut sender = waiting(&mut replies, 1);
    assert_eq!(
        replies.piece(piece(1, 1, false)),
        Err(Violation::OutOfOrder(1))
    );
    sender.try_recv().unwrap_err();

    let mut sender = waiting(&mut replies, 2);
    replies.answer(answer(2, false)).unwrap();
    let Ok(Reply::Answered(_, ReplyBody::Streamed(_, mut rest))) = sender.try_recv() else {
        panic!("no answer");
    };
    let mut window = AnswerRoom::new(1024 * 1024).window();
    for _ in 0..100 {
        replies.piece(piece(2, 10_000, false)).unwrap();
        let got = rest.try_recv().unwrap();
        if let Some(grant) = window.read(got.cost_bytes()) {
            assert!(replies.granted(ExchangeId(2), grant));
        }
    }
    for _ in 0..3 {
        replies.piece(piece(2, 50_000, false)).unwrap();
    }
    let overrun = (0..4)
        .map(|_| replies.piece(piece(2, 65_000, false)))
        .find(Result::is_err);
    assert_eq!(overrun, Some(Err(Violation::CreditOverrun(2))));
}

#[test]
fn the_smallest_pieces_fit_the_channel() {
    let mut replies = Replies::default();
    let mut sender = waiting(&mut replies, 1);
    replies.answer(answer(1, false)).unwrap();
    let Ok(Reply::Answered(_, ReplyBody::Streamed(_, mut rest))) = sender.try_recv() else {
        panic!("no answer");
    };
    let sent = (0..)
        .take_while(|_| replies.piece(piece(1, 0, false)).is_ok())
        .count();
    let got = std::iter::from_fn(|| rest.try_recv().ok()).count();
    assert_eq!(sent, got, "none was dropped");
}

#[test]
fn what_was_never_opened_is_a_violation_and_what_is_over_is_not() {
    let mut replies = Replies::default();
    assert_eq!(
        replies.answer(answer(1, true)),
        Err(Violation::NeverOpened(1))
    );
    let mut sender = waiting(&mut replies, 5);
    assert_eq!(
        replies.grant(ExchangeId(6), 1),
        Err(Violation::NeverOpened(6))
    );
    assert!(replies.end(ExchangeId(5)));
    assert!(sender.try_recv().is_err());
    assert_eq!(replies.fail(ExchangeId(5), Failure::Died), Ok(()));
    assert_eq!(replies.piece(piece(4, 1, true)), Ok(()));
}

#[tokio::test]
async fn a_lost_link_frees_everyone_who_waits() {
    let mut replies = Replies::default();
    let credit = Arc::new(Semaphore::new(0));
    let (reply, sender) = oneshot::channel();
    replies.insert(ExchangeId(1), Some(reply), Some(credit.clone()));
    replies.grant(ExchangeId(1), 10).unwrap();
    assert_eq!(credit.available_permits(), 10);
    assert_eq!(
        replies.grant(ExchangeId(1), u32::MAX),
        Err(Violation::CreditFlood(1))
    );
    drop(replies);
    assert!(sender.await.is_err());
    assert!(credit.acquire().await.is_err());
}
