//! What is let in, and what is not.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fixture::Fixture;

const ID: &str = "0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11";

fn job() -> Value {
    json!({
        "job_id": ID, "status": "completed",
        "created_at": "2026-10-02T08:15:30.120Z", "completed_at": "2026-10-02T08:15:37.904Z",
        "result": {"urls": ["https://gen.krea.ai/images/a.png"]},
    })
}

fn ruled(body: &str, api: &Value) -> Ruling {
    let answer = ApiAnswer::of(Timestamp::UNIX_EPOCH, api.to_string().into());
    ruling(body.as_bytes(), &answer)
}

/// Why it is not let in.
fn untrue(body: &str, api: &Value) -> String {
    match ruled(body, api) {
        Ruling::Untrue(why) => why,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn what_the_api_says_is_true_however_it_is_written() {
    let mut api = job();
    assert_eq!(ruled(&api.to_string(), &api), Ruling::True);
    // The API may say more, nulls say nothing, and a time has many spellings.
    api["added_later"] = json!(1);
    let mut body = job();
    body["error"] = Value::Null;
    body["completed_at"] = json!("2026-10-02T10:15:37.904+02:00");
    assert_eq!(ruled(&body.to_string(), &api), Ruling::True);
    let marked = format!("\u{feff}{body}");
    assert_eq!(ruled(&marked, &api), Ruling::True);
}

#[test]
fn whatever_is_changed_or_added_is_not() {
    for (field, value, word) in [
        (
            "/result/urls/0",
            json!("https://evil.example/a.png"),
            "result.urls",
        ),
        ("/status", json!("failed"), "status"),
        (
            "/completed_at",
            json!("2027-10-02T08:15:37.904Z"),
            "completed_at",
        ),
    ] {
        let mut body = job();
        *body.pointer_mut(field).unwrap() = value;
        assert!(untrue(&body.to_string(), &job()).contains(word), "{body}");
    }
    // Fields some app or other reads, and the badge does not compare.
    for (name, value) in [
        ("id", json!("another")),
        ("urls", json!(["https://evil.example/a.png"])),
        ("metadata", json!({"paid": true})),
        // Objects and lists with nothing in them are there all the same.
        ("metadata", json!({})),
        ("metadata", json!({"paid": null})),
        ("metadata", json!([])),
    ] {
        let mut body = job();
        body[name] = value;
        assert!(untrue(&body.to_string(), &job()).contains(name), "{body}");
    }
    let mut body = job();
    body["result"]["video_url"] = json!("https://evil.example/a.mp4");
    assert!(untrue(&body.to_string(), &job()).contains("result.video_url"));
    let mut typed = job();
    typed["result"]["urls"] = json!([{"type": "model", "url": "https://gen.krea.ai/a.glb"}]);
    let mut other = typed.clone();
    other["result"]["urls"][0]["type"] = json!("preview");
    assert!(untrue(&other.to_string(), &typed).contains("result.urls[0].type"));
}

#[test]
fn a_name_that_stands_twice_is_never_true() {
    let api = job();
    let whole = api.to_string();
    let twice = format!("{{\"result\":{{\"urls\":[]}},{}", &whole[1..]);
    assert!(serde_json::from_str::<Value>(&twice).is_ok_and(|last| last == api));
    assert!(untrue(&twice, &api).contains("twice"));
    let inside = whole.replace("{\"urls\":", "{\"urls\":[],\"urls\":");
    assert_ne!(inside, whole);
    assert!(untrue(&inside, &api).contains("twice"));
}

#[test]
fn of_two_states_the_later_counts() {
    let mut running = job();
    running["status"] = json!("processing");
    running["completed_at"] = Value::Null;
    running["result"] = Value::Null;
    let still = ruled(&job().to_string(), &running);
    assert_eq!(still, Ruling::Open("the API says processing".to_owned()));
    assert_eq!(
        untrue(&running.to_string(), &job()),
        "the API says completed"
    );
    assert_eq!(ruled(&running.to_string(), &running), Ruling::True);
    let unknown = ApiAnswer::unknown(Timestamp::UNIX_EPOCH, "{}".into());
    let why = ruling(job().to_string().as_bytes(), &unknown);
    assert!(matches!(why, Ruling::Untrue(why) if why.contains("no such job")));
    assert_eq!(untrue("[]", &job()), "it names no job");
    let strange = ruled(&job().to_string(), &json!([1]));
    assert!(matches!(strange, Ruling::Open(_)), "{strange:?}");
}

#[test]
fn every_fixture_of_a_job_is_true_if_the_api_says_so() {
    for fixture in Fixture::ALL {
        for body in fixture.bodies() {
            let reading = Reading::of(body.as_bytes());
            if reading.job().is_some() {
                let answer = ApiAnswer::of(Timestamp::UNIX_EPOCH, body.clone().into());
                assert_eq!(ruling(body.as_bytes(), &answer), Ruling::True, "{body}");
            }
        }
    }
}

/// Any JSON but null.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let inner = prop_oneof![3 => inner, 1 => Just(Value::Null)];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body: Vec<u8>, api: Vec<u8>) {
        let answer = ApiAnswer::of(Timestamp::UNIX_EPOCH, api.into());
        prop_assert_ne!(ruling(&body, &answer), Ruling::True);
    }

    #[test]
    fn nothing_can_be_added(name in "[a-z_]{1,12}", value in anything(), inside: bool) {
        let mut body = job();
        let place = if inside { &mut body["result"] } else { &mut body };
        prop_assume!(place.get(&name).is_none());
        place[&name] = value;
        let ruled = ruled(&body.to_string(), &job());
        prop_assert!(matches!(ruled, Ruling::Untrue(_)), "{} {:?}", body, ruled);
    }
}
