//! What the tests of this crate share.

pub(crate) mod lens;
pub(crate) mod scene;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kreel_client::{Kind, Last, Replays, Row, Seq, Standing, Summary};
use kreel_inspect::mask::Masking;

use crate::app::App;
use crate::keys::KeyMap;
use crate::setup::Facts;
use crate::theme::Theme;

/// What does not change, in tests.
pub(crate) fn facts() -> Facts {
    Facts {
        tunnel: "tunnel".parse().expect("it is a name"),
        relay_name: "relay".to_owned(),
        target: Some("http://localhost:3000".to_owned()),
        saved_filters: BTreeMap::new(),
        masking: Masking::standard(),
        wait: Some(Duration::from_secs(10)),
        certificate: None,
        editor: "true".to_owned(),
        zone: jiff::tz::TimeZone::UTC,
        trigger: None,
        lens: None,
        beside: None,
    }
}

/// An app that has seen these rows.
pub(crate) fn app(rows: Vec<Row>) -> App {
    let mut app = App::new(facts(), KeyMap::default(), Theme::default(), Instant::now());
    app.list.set_height(10);
    app.list.show(rows, false, false);
    app
}

/// A row of this number that was answered with 200.
pub(crate) fn row(number: i64) -> Row {
    let bytes = u128::try_from(number).unwrap_or(0).to_be_bytes();
    Row {
        number,
        summary: Summary {
            id: kreel_wire::DeliveryId::from_bytes(bytes),
            seq: Seq(number.unsigned_abs()),
            kind: Kind::Live,
            method: "POST".into(),
            target: bytes::Bytes::from_static(b"/hook"),
            size_bytes: Some(612),
            received_at_us: 1_763_884_800_000_000 + number.unsigned_abs() * 1_000_000,
            signature: None,
        },
        relay: "relay".to_owned(),
        tunnel: "tunnel".to_owned(),
        standing: Standing::Answered,
        attempts: 1,
        last: Some(Last {
            status: Some(200),
            failure: None,
            total: Duration::from_millis(12),
        }),
        is_complete: true,
        is_marked: false,
        is_duplicate: false,
        note: None,
        replays: Replays::default(),
        content_type: Some("application/json".to_owned()),
    }
}
