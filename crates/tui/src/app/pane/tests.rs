//! Attempts and bodies, as far as they are here.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use kreel_client::{DeliveryId, Kind, Seq, Timings};
use kreel_inspect::document::{Cancel, Kind as DocumentKind};
use kreel_wire::{Delivery, Headers, HeadersBuilder, Scheme};

use super::*;
use crate::testing::row;

fn attempt(number: u32, answer: Option<&'static str>) -> KeptAttempt {
    KeptAttempt {
        number,
        began_at_us: 1,
        is_replay: number > 1,
        is_edited: false,
        method: "POST".to_owned(),
        body: None,
        other_target: None,
        request: None,
        status: Some(200),
        failure: None,
        answer: answer.map(|text| (Headers::default(), Bytes::from_static(text.as_bytes()))),
        answer_bytes: Some(5),
        timings: Timings {
            connect: None,
            first_byte: None,
            total: Duration::from_millis(1),
        },
    }
}

fn whole(attempts: Vec<KeptAttempt>) -> Arc<Whole> {
    let row = row(1);
    let delivery = Delivery {
        id: DeliveryId::from_bytes([0; 16]),
        seq: Seq(1),
        received_at_us: 1,
        kind: Kind::Live,
        method: "POST".into(),
        target: Bytes::from_static(b"/"),
        headers: Headers::default(),
        scheme: Scheme::Http,
        forwarded_for: "127.0.0.1".into(),
        body_bytes: Some(2),
        attempted: true,
        signature: None,
    };
    Arc::new(Whole {
        row,
        delivery,
        attempts,
    })
}

fn body(was_arriving: bool) -> Body {
    let bytes = Bytes::from_static(b"[1,2,3]");
    let headers = Headers::default();
    Body {
        document: Document::open(
            DocumentKind::Json,
            &headers,
            bytes.clone(),
            &Cancel::default(),
        ),
        cursor: Cursor::default(),
        raw: Document::raw(bytes),
        raw_cursor: Cursor::default(),
        sha256: None,
        extent: Extent::Whole,
        was_arriving,
        picture: None,
    }
}

fn answered(pane: &Pane) -> Option<u32> {
    pane.answer.as_ref().map(|answer| answer.attempt)
}

#[test]
fn the_last_attempt_is_shown_until_another_is_chosen() {
    let mut pane = Pane::new(Of::Delivery(1), Some(1));
    assert!(pane.turn_attempts(1), "there is none");
    pane.show(whole(vec![attempt(1, None), attempt(2, Some("hello"))]));
    assert_eq!((answered(&pane), pane.chosen_attempt()), (Some(2), None));
    pane.show(whole(vec![
        attempt(1, None),
        attempt(2, None),
        attempt(3, Some("later")),
    ]));
    assert_eq!(answered(&pane), Some(3));
}

#[test]
fn an_answer_that_is_not_here_is_asked_for_and_then_shown() {
    let mut pane = Pane::new(Of::Delivery(1), Some(1));
    pane.show(whole(vec![attempt(1, None), attempt(2, Some("hello"))]));
    assert!(!pane.turn_attempts(-1), "it has to be read");
    assert_eq!((answered(&pane), pane.chosen_attempt()), (None, Some(1)));
    pane.show(whole(vec![attempt(1, Some("first")), attempt(2, None)]));
    assert_eq!(answered(&pane), Some(1));
    assert!(!pane.turn_attempts(1), "and so has that one, by now");
    assert!(pane.turn_attempts(5) || pane.chosen_attempt().is_none());
}

#[test]
fn what_was_still_arriving_is_read_again_once() {
    let mut pane = Pane::new(Of::Delivery(1), Some(1));
    assert!(!pane.lacks_body(&row(1)), "it was not read yet");
    pane.show_body(body(true));
    let arriving = Row {
        is_complete: false,
        ..row(1)
    };
    assert!(!pane.lacks_body(&arriving));
    assert!(pane.lacks_body(&row(1)));
    assert!(!pane.lacks_body(&row(1)), "it is asked for already");
    pane.show_body(body(false));
    assert!(!pane.lacks_body(&row(1)));
}

#[test]
fn where_the_eye_is_stays_as_more_of_a_body_comes() {
    let mut pane = Pane::new(Of::Delivery(1), Some(1));
    pane.show_body(body(true));
    let (document, cursor) = pane.cursor(Tab::Body).unwrap();
    cursor.move_by(document, 2);
    let path = cursor.path(document);
    assert!(path.is_some());
    pane.show_body(body(false));
    let (document, cursor) = pane.cursor(Tab::Body).unwrap();
    assert_eq!(cursor.path(document), path);
    assert!(pane.cursor(Tab::Headers).is_none());
}

#[test]
fn of_a_large_body_only_the_beginning_stays_while_it_is_read_again() {
    let mut pane = Pane::new(Of::Delivery(1), Some(1));
    pane.show(whole(Vec::new()));
    let large = Bytes::from(vec![b'x'; AT_ONCE_BYTES as usize + 1]);
    pane.show_body(Body {
        raw: Document::raw(large),
        document: Document::raw(Bytes::from(vec![b'x'; AT_ONCE_BYTES as usize + 1])),
        ..body(true)
    });
    assert!(pane.lacks_body(&row(1)));
    let body = pane.body.as_ref().unwrap();
    assert_eq!(body.document.body().len(), BEGINNING_BYTES);
    assert_eq!(body.raw.body().len(), BEGINNING_BYTES);
    assert!(matches!(body.extent, Extent::Reading { .. }));
}

#[test]
fn an_answer_that_unpacks_to_much_is_shown_as_it_came() {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    let packed = |bytes: usize| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&vec![b'a'; bytes]).unwrap();
        Bytes::from(encoder.finish().unwrap())
    };
    let mut headers = HeadersBuilder::default();
    headers.push(b"content-type", b"text/plain");
    headers.push(b"content-encoding", b"gzip");
    let headers = headers.build();
    let shown = |body: Bytes| {
        let mut answered = attempt(1, None);
        answered.answer_bytes = Some(body.len() as u64);
        answered.answer = Some((headers.clone(), body));
        let mut pane = Pane::new(Of::Delivery(1), Some(1));
        pane.show(whole(vec![answered]));
        pane.answer.unwrap().document
    };
    assert_eq!(shown(packed(1000)).kind(), DocumentKind::Text);
    let large = packed(64 * 1024 * 1024);
    let document = shown(large.clone());
    assert_eq!(document.kind(), DocumentKind::Binary);
    assert!(document.memory_bytes() < large.len() + 64 * 1024);
}

#[test]
fn a_reason_is_told_where_something_is_missing() {
    let mut pane = Pane::new(Of::Delivery(1), Some(1));
    pane.unread = Some("the disk is gone".to_owned());
    for tab in [Tab::Body, Tab::Headers, Tab::Answer, Tab::Timing, Tab::Raw] {
        assert_eq!(pane.unread_in(tab), Some("the disk is gone"), "{tab:?}");
    }
    pane.show(whole(vec![attempt(1, Some("first"))]));
    assert_eq!(pane.unread_in(Tab::Answer), None);
    assert!(pane.unread_in(Tab::Body).is_some());
    pane.show_body(body(false));
    assert_eq!(pane.unread_in(Tab::Body), None);
}
