use http_body_util::BodyExt as _;
use kreel_wire::DeliveryId;
use kreel_wire::rules::RulesChange;

use super::*;
use crate::ingress::problem::{Problem, Refusal};

const SALTS: Salts = [[1; 16], [2; 16]];
const SEGMENT: &str = "k3y-k3y-k3y-k3y";

fn rules(json: &str) -> Rules {
    let change: RulesChange = serde_json::from_str(json).unwrap();
    change.check().unwrap();
    Rules::new(Kept::default().changed(&change, SALTS)).unwrap()
}

struct Asked {
    address: &'static str,
    method: &'static str,
    authorization: Vec<String>,
    target: &'static str,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            address: "192.0.2.7",
            method: "POST",
            authorization: Vec::new(),
            target: "/hook?a=1",
        }
    }
}

/// What a request comes to that has nothing but a head.
fn admit(rules: &Rules, asked: &Asked) -> Result<String, Broken> {
    let mut headers = HeaderMap::new();
    for line in &asked.authorization {
        headers.append(AUTHORIZATION, line.parse().unwrap());
    }
    let target = rules.admit(
        asked.address.parse().unwrap(),
        &asked.method.parse::<Method>().unwrap(),
        &headers,
        Bytes::from_static(asked.target.as_bytes()),
    )?;
    rules.count_in()?;
    Ok(String::from_utf8(target.to_vec()).unwrap())
}

fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

#[test]
fn without_rules_everything_passes() {
    let open = rules("{}");
    let asked = Asked::default();
    assert_eq!(admit(&open, &asked).unwrap(), "/hook?a=1");
    assert!(open.signature().is_none() && open.max_body_bytes().is_none());
}

#[test]
fn methods_are_those_named() {
    let rules = rules(r#"{"methods":["POST","PUT"]}"#);
    for (method, passes) in [
        ("POST", true),
        ("PUT", true),
        ("GET", false),
        ("post", false),
    ] {
        let asked = Asked {
            method,
            ..Asked::default()
        };
        let admitted = admit(&rules, &asked);
        assert_eq!(admitted.is_ok(), passes, "{method}");
        if !passes {
            assert_eq!(admitted, Err(Broken::Method("POST, PUT".parse().unwrap())));
        }
    }
}

#[test]
fn addresses_are_in_one_of_the_networks() {
    let rules = rules(r#"{"allow":["192.0.2.0/24","2001:db8::/32"]}"#);
    for (address, passes) in [
        ("192.0.2.255", true),
        ("192.0.3.0", false),
        ("2001:db8:ffff::1", true),
        ("2001:db9::", false),
    ] {
        let asked = Asked {
            address,
            ..Asked::default()
        };
        assert_eq!(admit(&rules, &asked).is_ok(), passes, "{address}");
    }
}

#[test]
fn basic_auth_wants_both_and_one_line() {
    let rules = rules(r#"{"basic_auth":{"user":"hook","password":"a:b c"}}"#);
    let good = basic("hook:a:b c");
    for (lines, passes) in [
        (vec![good.clone()], true),
        (vec![good.replace("Basic", "bAsIc")], true),
        (vec![], false),
        (vec![good.clone(), good.clone()], false),
        (vec![basic("hook:a:b")], false),
        (vec![basic("hooks:a:b c")], false),
        (vec![basic("hook")], false),
        (vec!["Basic".to_owned()], false),
        (vec!["Basic ".to_owned()], false),
        (vec!["Basic !".to_owned()], false),
        (vec![good.replace("Basic", "Bearer")], false),
    ] {
        let asked = Asked {
            authorization: lines.clone(),
            ..Asked::default()
        };
        let admitted = admit(&rules, &asked);
        assert_eq!(admitted.is_ok(), passes, "{lines:?}");
        if !passes {
            assert_eq!(admitted, Err(Broken::Auth));
        }
    }
}

#[test]
fn the_secret_path_is_the_first_segment_and_goes_no_further() {
    let rules = rules(&format!(
        r#"{{"secret_path":"{SEGMENT}","methods":["POST"]}}"#
    ));
    for (target, left) in [
        ("/k3y-k3y-k3y-k3y", Some("")),
        ("/k3y-k3y-k3y-k3y/", Some("/")),
        ("/k3y-k3y-k3y-k3y/a/b?c", Some("/a/b?c")),
        ("/k3y-k3y-k3y-k3y?c", Some("?c")),
        ("", None),
        ("/", None),
        ("?k3y-k3y-k3y-k3y", None),
        ("//k3y-k3y-k3y-k3y", None),
        ("/K3y-k3y-k3y-k3y", None),
        ("/k3y-k3y-k3y-k3yy", None),
        ("/k3y-k3y-k3y-k3", None),
        ("/%6b3y-k3y-k3y-k3y", None),
        ("/a/k3y-k3y-k3y-k3y", None),
    ] {
        let asked = Asked {
            target,
            ..Asked::default()
        };
        let admitted = admit(&rules, &asked);
        assert_eq!(admitted.as_deref().ok(), left, "{target}");
        if left.is_none() {
            assert_eq!(admitted, Err(Broken::Path), "{target}");
        }
    }
    // Who does not know it learns nothing else.
    let asked = Asked {
        method: "GET",
        ..Asked::default()
    };
    assert_eq!(admit(&rules, &asked), Err(Broken::Path));
}

#[test]
fn a_rate_lets_its_count_through_and_says_when_to_come_again() {
    let rules = rules(r#"{"rate":{"requests":3,"seconds":60}}"#);
    let asked = Asked::default();
    for _ in 0..3 {
        assert!(admit(&rules, &asked).is_ok());
    }
    let Err(Broken::Rate(wait)) = admit(&rules, &asked) else {
        panic!("a fourth");
    };
    assert!(
        wait > Duration::from_secs(10) && wait <= Duration::from_secs(20),
        "{wait:?}"
    );
    // What another rule refuses does not count.
    let rules = self::rules(r#"{"methods":["PUT"],"rate":{"requests":1,"seconds":60}}"#);
    for _ in 0..3 {
        assert!(matches!(admit(&rules, &asked), Err(Broken::Method(_))));
    }
    let put = Asked {
        method: "PUT",
        ..asked
    };
    assert!(admit(&rules, &put).is_ok());
}

#[test]
fn changes_are_one_by_one_and_secrets_are_not_in_the_file() {
    let change = |json: &str| serde_json::from_str::<RulesChange>(json).unwrap();
    let set = change(
        r#"{"methods":["POST"],"basic_auth":{"user":"hook","password":"hunter2"},
            "secret_path":"hunter2hunter2"}"#,
    );
    let kept = Kept::default().changed(&set, SALTS);
    let text = kept.write().unwrap();
    assert!(text.contains("hook") && !text.contains("hunter2"), "{text}");
    assert_eq!(Kept::read(&text).as_ref(), Some(&kept));
    let less = kept.changed(&change(r#"{"methods":null,"max_body_bytes":7}"#), SALTS);
    let shown = less.shown();
    assert_eq!(
        (
            shown.methods,
            shown.max_body_bytes,
            shown.basic_auth_user.as_deref()
        ),
        (None, Some(7), Some("hook"))
    );
    let shown = serde_json::to_string(&less.shown()).unwrap();
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(less.changed(&RulesChange::clear(), SALTS).write(), None);
}

/// A file that a newer relay wrote must not leave a tunnel open.
#[test]
fn what_can_not_be_read_lets_nobody_through() {
    let secret = r#"{"secret_path":"of a later time","methods":["POST"]}"#;
    for (text, may_hide) in [
        (r#"{"methods":["POST"],"country":"SE"}"#, false),
        (
            r#"{"signature":{"scheme":"standard-webhooks","mode":"verify","secret":"no base64!"}}"#,
            false,
        ),
        (secret, true),
        ("", true),
        ("{", true),
    ] {
        let posting = Posting::default();
        posting.set(Some(text));
        let rules = posting.rules().unwrap();
        let admitted = admit(&rules, &Asked::default());
        let unreadable = Unreadable { may_hide };
        assert_eq!(admitted, Err(Broken::Unreadable(unreadable)), "{text}");
        assert_eq!(rules.may_hide(), may_hide, "{text}");
    }
}

#[test]
fn refusals_are_counted_by_rule() {
    let posting = Posting::default();
    assert!(posting.rules().is_none());
    posting.count(Reason::Method);
    posting.count(Reason::Signature);
    posting.count(Reason::Method);
    assert_eq!(posting.refused(), [("method", 2), ("signature", 1)]);
}

/// For the sender it is not there; the operator is told why.
#[tokio::test]
async fn rules_that_may_hide_a_path_answer_like_no_tunnel() {
    let told = async |problem: Problem| {
        let answer = problem.response(DeliveryId::from_bytes([7; 16]));
        let Refusal(code) = *answer.extensions().get().unwrap();
        let (head, body) = answer.into_parts();
        let names: Vec<_> = head.headers.keys().cloned().collect();
        let body = body.collect().await.unwrap().to_bytes();
        ((head.status, names, body), code)
    };
    let unreadable = |may_hide| told(Problem::from(Broken::Unreadable(Unreadable { may_hide })));
    let (nothing, _) = told(Problem::NoTunnel).await;
    assert_eq!(unreadable(true).await, (nothing, "rules_unreadable"));
    let ((status, ..), code) = unreadable(false).await;
    assert_eq!((status.as_u16(), code), (503, "rules_unreadable"));
}
