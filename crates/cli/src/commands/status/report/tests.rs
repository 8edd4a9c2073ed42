//! The report as people and scripts get it.

use std::time::Duration;

use super::*;
use crate::problem::{Code, Problem};

fn report(health: Result<Health>) -> Report {
    let user = Source::User("/home/me/.config/kreel/config.toml".into());
    Report {
        relay: Some(Relay {
            url: Set::new("https://relay.example".into(), &Source::Environment),
            token: Some(Set::new("kreel_ab…".into(), &user)),
            relay_ca: None,
            health,
        }),
        project: "/work/app".into(),
        tunnel: Some(Tunnel {
            name: "8f3k2m1n0p9q8r7s".into(),
            url: Some("https://relay.example/8f3k2m1n0p9q8r7s".into()),
            source: None,
        }),
        counters: Some(Totals {
            received: 214,
            answered: 210,
            captured: 1,
            waiting: 2,
            failed: 1,
            duplicates: 3,
            ..Totals::default()
        }),
    }
}

fn well() -> Result<Health> {
    Ok(Health {
        latency: Duration::from_micros(12_340),
        token_name: Some("lap\x1btop".into()),
    })
}

#[test]
fn people_see_each_value_and_its_place() {
    insta::assert_snapshot!(report(well()).text(Paint::Plain));
}

#[test]
fn people_see_what_is_wrong() {
    let refused = Problem::new(
        Code::ConnectionRefused,
        "there is no link",
        "it was refused",
        "",
    );
    let text = report(Err(refused)).text(Paint::Plain);
    assert!(
        text.contains("state     it was refused (KR0102)\n"),
        "{text}"
    );
}

#[test]
fn without_a_relay_people_see_what_will_happen() {
    let report = Report {
        relay: None,
        project: "/work/app".into(),
        tunnel: None,
        counters: None,
    };
    insta::assert_snapshot!(report.text(Paint::Plain));
}

#[test]
fn scripts_see_the_same() {
    let object = report(well()).object();
    assert_eq!(object["relay"]["url"]["from"], "env");
    assert_eq!(object["relay"]["latency_ms"], 12.3);
    assert_eq!(object["relay"]["reachable"], true);
    assert_eq!(object["tunnel"]["from"], "memory");
    assert_eq!(object["relay"]["problem"], Value::Null);
}
