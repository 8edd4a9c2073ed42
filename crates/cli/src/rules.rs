//! Who may post to a tunnel: what was typed, as the relay is told; what the relay says, for people.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use kreel_client::inert::inert;
use kreel_client::plain::size;
use kreel_client::{LinkError, OwnTunnel, ProbeConfig, RulesAsked, RulesError, tunnel_rules};
use kreel_wire::TunnelName;
use kreel_wire::rules::{
    BasicAuth, Mode, RulesChange, RulesShown, Secret as WireSecret, Signature,
};
use tokio::time::sleep;

use crate::args::{RuleArgs, Secret};
use crate::limits::{ASK_AGAIN, ASKED_AT_MOST, RULE_SECRET_BYTES};
use crate::options::{Remote, conflict};
use crate::private_file;
use crate::problem::{Code, Problem, Result, of_link};
use crate::sign::key;

/// What was typed, with the secrets from where they are said to be.
pub(crate) fn change(args: &RuleArgs) -> Result<RulesChange> {
    let files = [
        &args.basic_auth_file,
        &args.secret_path_file,
        &args.verify_secret_file,
    ];
    if files
        .iter()
        .filter(|file| is_stdin(file.as_deref()))
        .count()
        > 1
    {
        let why = "standard input holds one secret";
        return Err(conflict("FILE -", "another FILE -", why));
    }
    let basic_auth = secret(args.basic_auth.as_ref(), args.basic_auth_file.as_deref())?;
    let secret_path = secret(args.secret_path.as_ref(), args.secret_path_file.as_deref())?;
    let change = RulesChange {
        methods: args.allow_method.clone().into(),
        allow: args.allow_ip.clone().into(),
        basic_auth: basic_auth
            .map(|text| credentials(&text))
            .transpose()?
            .into(),
        secret_path: secret_path.map(WireSecret).into(),
        signature: signature(args)?.into(),
        max_body_bytes: args.body_limit.map(|size| size.0).into(),
        rate: args.rate_limit.map(|posts| posts.0).into(),
    };
    change.check().map_err(|error| invalid(&error))?;
    Ok(change)
}

/// Has rules in force before a client listens. A relay that has just been started gets a moment.
pub(crate) async fn put_in_force(
    remote: &Remote,
    tunnel: &TunnelName,
    change: &RulesChange,
) -> Result<OwnTunnel> {
    let mut tries = 0;
    loop {
        let asked = RulesAsked::Change {
            change: change.clone(),
            claim: true,
        };
        tries += 1;
        match tunnel_rules(probe_of(remote), tunnel, asked).await {
            Err(RulesError::Link(LinkError::ConnectRefused { .. })) if tries < ASKED_AT_MOST => {
                sleep(ASK_AGAIN).await;
            }
            asked => return asked.map_err(|error| of_rules(&error, remote)),
        }
    }
}

/// How to ask a relay.
pub(crate) fn probe_of(remote: &Remote) -> ProbeConfig {
    ProbeConfig {
        relay: remote.url.clone(),
        relay_ca: remote.ca.clone(),
        token: Some(remote.token.clone()),
    }
}

/// Why a relay would not do as it was asked.
pub(crate) fn of_rules(error: &RulesError, remote: &Remote) -> Problem {
    let relay = &remote.url;
    let (code, next) = match error {
        RulesError::Link(error) => return of_link(error, relay),
        RulesError::NotYours { .. } => (
            Code::TunnelNotYours,
            "see `kreel tunnels list` for your tunnels; `kreel listen --tunnel NAME` makes one",
        ),
        RulesError::TooOld => (Code::RulesRefused, "have the relay's operator update it"),
        RulesError::Refused { .. } => (
            Code::RulesRefused,
            "correct what it names; `kreel tunnels rules --help` shows the forms",
        ),
    };
    let what = format!("the relay {relay} does not do that");
    Problem::new(code, what, inert(&error.to_string()), next)
}

/// The rules of a tunnel, a line each; none if everybody may post.
pub(crate) fn lines(rules: &RulesShown) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut add = |name, text: Option<String>| lines.extend(text.map(|text| (name, text)));
    let list = |texts: &[String]| inert(&texts.join(", ")).into_owned();
    add("methods", rules.methods.as_deref().map(list));
    add(
        "addresses",
        rules.allow.as_deref().map(|networks| {
            let texts: Vec<String> = networks.iter().map(ToString::to_string).collect();
            list(&texts)
        }),
    );
    add(
        "basic auth",
        rules
            .basic_auth_user
            .as_deref()
            .map(|user| format!("user {}", inert(user))),
    );
    add(
        "secret path",
        rules
            .has_secret_path
            .then(|| "a segment behind the address".to_owned()),
    );
    add(
        "signature",
        rules.signature.map(|rule| {
            let then = match rule.mode {
                Mode::Verify => "others are refused",
                Mode::Mark => "others are marked",
            };
            format!("{}; {then}", rule.scheme.as_str())
        }),
    );
    add(
        "body",
        rules
            .max_body_bytes
            .map(|bytes| format!("{} at most", size(Some(bytes)))),
    );
    add("rate", rules.rate.map(|rate| format!("{rate} at most")));
    lines
}

/// The same on one line.
pub(crate) fn in_brief(rules: &RulesShown) -> String {
    let lines = lines(rules).into_iter();
    let parts: Vec<String> = lines.map(|(name, text)| format!("{name} {text}")).collect();
    parts.join(" · ")
}

fn signature(args: &RuleArgs) -> Result<Option<Signature>> {
    let (scheme, mode) = match (args.verify, args.mark) {
        (Some(scheme), _) => (scheme, Mode::Verify),
        (None, Some(scheme)) => (scheme, Mode::Mark),
        // A secret in the environment may be there for another time.
        (None, None) => return Ok(None),
    };
    let file = args.verify_secret_file.as_deref();
    let Some(secret) = secret(args.verify_secret.as_ref(), file)? else {
        return Err(Problem::new(
            Code::RuleInvalid,
            "there is no secret to check signatures with",
            format!(
                "--verify and --mark {} need the one senders sign with",
                scheme.as_str()
            ),
            "give it with --verify-secret-file FILE or KREEL_VERIFY_SECRET",
        ));
    };
    key(scheme, &secret)?;
    Ok(Some(Signature {
        scheme,
        mode,
        secret: WireSecret(secret),
    }))
}

fn credentials(text: &str) -> Result<BasicAuth> {
    let (user, password) = text
        .split_once(':')
        .ok_or_else(|| invalid(&"there is no colon between user and password"))?;
    Ok(BasicAuth {
        user: user.to_owned(),
        password: WireSecret(password.to_owned()),
    })
}

/// A secret as it was given, or the first line of its file.
fn secret(given: Option<&Secret>, file: Option<&Path>) -> Result<Option<String>> {
    let text = match (given, file) {
        (Some(given), _) => return Ok(Some(given.0.clone())),
        (None, None) => return Ok(None),
        (None, Some(_)) if is_stdin(file) => read(io::stdin()),
        (None, Some(path)) => File::open(path).and_then(read),
    };
    let place = file.unwrap_or(Path::new("-"));
    let text = text.map_err(|error| private_file::unusable("read", place, &error))?;
    let line = text.lines().next().unwrap_or_default();
    Ok(Some(line.trim().to_owned()))
}

fn read(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(RULE_SECRET_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

fn is_stdin(file: Option<&Path>) -> bool {
    file.is_some_and(|file| file.as_os_str() == "-")
}

fn invalid(why: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        Code::RuleInvalid,
        "there can be no such rule",
        why,
        "`kreel tunnels rules --help` shows the forms",
    )
}

#[cfg(test)]
mod tests {
    use kreel_wire::rules::{Change, Pace, Scheme, SignatureShown};

    use super::*;

    fn secret(text: &str) -> Option<Secret> {
        Some(Secret(text.to_owned()))
    }

    #[test]
    fn what_was_typed_is_what_changes() {
        let none = change(&RuleArgs::default()).unwrap();
        assert!(none.is_empty());
        let args = RuleArgs {
            allow_method: Some(vec!["POST".into()]),
            basic_auth: secret("hook:a:b"),
            verify: Some(Scheme::Github),
            verify_secret: secret("x"),
            ..RuleArgs::default()
        };
        let change = change(&args).unwrap();
        let Change::Set(auth) = &change.basic_auth else {
            panic!("{change:?}");
        };
        assert_eq!(
            (auth.user.as_str(), auth.password.0.as_str()),
            ("hook", "a:b")
        );
        assert!(matches!(&change.signature, Change::Set(rule) if rule.mode == Mode::Verify));
        assert_eq!(change.rate, Change::Keep);
    }

    #[test]
    fn what_can_be_no_rule_is_told_without_its_secret() {
        for args in [
            RuleArgs {
                basic_auth: secret("hunter2"),
                ..RuleArgs::default()
            },
            RuleArgs {
                secret_path: secret("hunter2"),
                ..RuleArgs::default()
            },
            RuleArgs {
                mark: Some(Scheme::Slack),
                ..RuleArgs::default()
            },
        ] {
            let problem = change(&args).unwrap_err();
            assert_eq!(problem.code, Code::RuleInvalid);
            assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
        }
        let not_base64 = RuleArgs {
            mark: Some(Scheme::StandardWebhooks),
            verify_secret: secret("hunter2!"),
            ..RuleArgs::default()
        };
        let problem = change(&not_base64).unwrap_err();
        assert_eq!(problem.code, Code::SecretUnusable);
        assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
    }

    #[test]
    fn secrets_in_files_are_their_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "abcdefghijkl\n\n").unwrap();
        let args = RuleArgs {
            secret_path_file: Some(file),
            ..RuleArgs::default()
        };
        let expected = Change::Set(WireSecret("abcdefghijkl".into()));
        assert_eq!(change(&args).unwrap().secret_path, expected);
        let args = RuleArgs {
            secret_path_file: Some(folder.path().join("absent")),
            ..RuleArgs::default()
        };
        assert_eq!(change(&args).unwrap_err().code, Code::FileUnusable);
        let twice = RuleArgs {
            secret_path_file: Some("-".into()),
            basic_auth_file: Some("-".into()),
            ..RuleArgs::default()
        };
        assert_eq!(change(&twice).unwrap_err().code, Code::OptionsConflict);
    }

    #[test]
    fn rules_are_told_in_a_few_words() {
        let rules = RulesShown {
            methods: Some(vec!["POST".into(), "PUT".into()]),
            signature: Some(SignatureShown {
                scheme: Scheme::Github,
                mode: Mode::Mark,
            }),
            rate: Some(Pace {
                requests: 30,
                seconds: 60,
            }),
            ..RulesShown::default()
        };
        assert_eq!(
            in_brief(&rules),
            "methods POST, PUT · signature github; others are marked · rate 30/m at most"
        );
        assert!(lines(&RulesShown::default()).is_empty());
    }
}
