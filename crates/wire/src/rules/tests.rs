use super::*;

fn change(json: &str) -> Result<RulesChange, String> {
    let change: RulesChange = serde_json::from_str(json).map_err(|error| error.to_string())?;
    change.check().map_err(|error| error.to_string())?;
    Ok(change)
}

#[test]
fn what_is_not_named_stays_and_null_goes() {
    let read = change(r#"{"methods":["POST"],"allow":null}"#).unwrap();
    assert_eq!(read.methods, Change::Set(vec!["POST".to_owned()]));
    assert_eq!(read.allow, Change::Clear);
    assert_eq!(read.rate, Change::Keep);
    let written = serde_json::to_string(&read).unwrap();
    assert_eq!(written, r#"{"methods":["POST"],"allow":null}"#);
    assert!(change("{}").unwrap().is_empty());
    assert!(!RulesChange::clear().is_empty());
    let mut rule = Some(7);
    Change::<u8>::Keep.apply(&mut rule, u32::from);
    assert_eq!(rule, Some(7));
    Change::Set(8_u8).apply(&mut rule, u32::from);
    assert_eq!(rule, Some(8));
    Change::<u8>::Clear.apply(&mut rule, u32::from);
    assert_eq!(rule, None);
}

/// A relay that does not know a rule must not take the others for all there are.
#[test]
fn a_rule_nobody_knows_is_refused_and_in_what_is_shown_skipped() {
    assert!(change(r#"{"methods":["POST"],"country":"SE"}"#).is_err());
    let shown: RulesShown = serde_json::from_str(r#"{"methods":["POST"],"country":"SE"}"#).unwrap();
    assert_eq!(shown.methods, Some(vec!["POST".to_owned()]));
}

#[test]
fn what_could_be_no_rule_is_refused() {
    for right in [
        r#"{"methods":["POST","M-SEARCH"]}"#,
        r#"{"methods":["my-own"]}"#,
        r#"{"allow":["192.0.2.7","192.0.2.0/24","2001:db8::/32","::1"]}"#,
        r#"{"basic_auth":{"user":"hook","password":"a:b c"}}"#,
        r#"{"secret_path":"abcdefgh-_.~"}"#,
        r#"{"signature":{"scheme":"standard-webhooks","mode":"mark","secret":"x"}}"#,
        r#"{"max_body_bytes":1,"rate":{"requests":1,"seconds":86400}}"#,
    ] {
        assert!(change(right).is_ok(), "{right}: {:?}", change(right));
    }
    for wrong in [
        r#"{"methods":[]}"#,
        r#"{"methods":["PO ST"]}"#,
        r#"{"methods":["POST","put"]}"#,
        r#"{"methods":["Post"]}"#,
        r#"{"allow":[]}"#,
        r#"{"allow":["192.0.2.0/33"]}"#,
        r#"{"allow":["relay.example"]}"#,
        r#"{"basic_auth":{"user":"a:b","password":"x"}}"#,
        r#"{"basic_auth":{"user":"a","password":""}}"#,
        r#"{"basic_auth":{"user":"a\n","password":"x"}}"#,
        r#"{"secret_path":"short"}"#,
        r#"{"secret_path":"abcdefgh/ijkl"}"#,
        r#"{"secret_path":"abcdefgh%2fijkl"}"#,
        r#"{"signature":{"scheme":"paypal","mode":"mark","secret":"x"}}"#,
        r#"{"signature":{"scheme":"github","mode":"mark","secret":""}}"#,
        r#"{"max_body_bytes":0}"#,
        r#"{"rate":{"requests":0,"seconds":1}}"#,
        r#"{"rate":{"requests":1,"seconds":0}}"#,
    ] {
        assert!(change(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn networks_are_what_their_text_says() {
    for (text, shown) in [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::1/128", "::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ] {
        assert_eq!(text.parse::<Network>().unwrap().to_string(), shown);
    }
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let change = change(
        r#"{"basic_auth":{"user":"hook","password":"hunter2"},"secret_path":"hunter2hunter2",
            "signature":{"scheme":"slack","mode":"verify","secret":"hunter2"}}"#,
    );
    let shown = format!("{:?}", change.unwrap());
    assert!(
        shown.contains("hook") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn names_are_the_same_in_json() {
    for scheme in Scheme::ALL {
        let json = serde_json::to_string(&scheme).unwrap();
        assert_eq!(json, format!("{:?}", scheme.as_str()));
    }
    for mode in [Mode::Verify, Mode::Mark] {
        let json = serde_json::to_string(&mode).unwrap();
        assert_eq!(json, format!("{:?}", mode.as_str()));
    }
}
