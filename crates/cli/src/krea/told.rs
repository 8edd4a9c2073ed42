//! What proxy and radar have to say, as lines for people and for scripts.

use kreel_krea::{Gone, InvalidProxy, KnownJob, Notice, ProxyError, ProxyEvent};
use kreel_tui::lens::{Mood, News};
use serde_json::{Value, json};

use super::deliver::Handed;
use super::front::FrontEvent;
use super::watch::Found;
use crate::problem::{Code, Problem, chain};

/// A line for people. Texts of others are in it as they came: make it inert.
pub(crate) fn line(event: &FrontEvent) -> String {
    match event {
        FrontEvent::Proxy(event) => of_proxy(event),
        FrontEvent::Radar(Found::Missed(evidence)) => {
            let known = evidence.known.as_ref();
            let model = known
                .and_then(|known| known.model.as_deref())
                .unwrap_or("job");
            format!(
                "missed  {} {model}: the API says it has ended, and no webhook came; \
                 `kreel jobs deliver {}` makes up for it",
                evidence.id, evidence.id
            )
        }
        FrontEvent::Radar(Found::Delivered(job, handed)) => {
            format!("made up for  {job}: {}", of_handed(handed))
        }
        FrontEvent::Radar(Found::Trouble(problem)) | FrontEvent::Door(problem) => warning(problem),
    }
}

/// Something is in the way, on one line: which fault, what, why, and what to do.
fn warning(problem: &Problem) -> String {
    let (code, next) = (problem.code, &problem.next);
    format!("warning {code}: {}; {next}", problem.said())
}

/// What came of handing a webhook over, in words.
pub(crate) fn of_handed(handed: &Handed) -> String {
    match handed {
        Handed::Answered { status, took, .. } => {
            format!("your app answered {status} after {} ms", took.as_millis())
        }
        Handed::Failed { why, .. } => format!("it did not reach your app: {why}"),
        Handed::Before(id) => format!("it was handed over before, as delivery {id}"),
        Handed::Taken => "another kreel is handing it over".to_owned(),
        Handed::NotOver => "the job has not ended".to_owned(),
    }
}

/// An object for scripts.
pub(crate) fn object(event: &FrontEvent) -> Value {
    match event {
        FrontEvent::Proxy(event) => object_of_proxy(event),
        FrontEvent::Radar(Found::Missed(evidence)) => {
            let known = evidence.known.as_ref();
            let job = evidence.of_api();
            json!({
                "type": "job_missed",
                "job_id": evidence.id.as_str(),
                "kind": known.and_then(|known| known.kind).map(|kind| kind.as_str()),
                "model": known.and_then(|known| known.model.as_deref()),
                "status": job.and_then(|job| job.status.as_ref()).map(ToString::to_string),
            })
        }
        FrontEvent::Radar(Found::Delivered(job, handed)) => delivered(job.as_str(), handed),
        FrontEvent::Radar(Found::Trouble(problem)) => json!({
            "type": "warning", "code": problem.code.as_str(), "message": problem.what,
            "cause": problem.cause(), "advice": problem.next,
        }),
        FrontEvent::Door(problem) => json!({
            "type": "gate_warning", "code": problem.code.as_str(), "message": problem.what,
            "cause": problem.cause(), "advice": problem.next,
        }),
    }
}

/// The same for the inspector, as far as it is worth a line there: calls that went through as they
/// were are not.
pub(crate) fn news(event: &FrontEvent) -> Option<News> {
    let mood = match event {
        FrontEvent::Proxy(ProxyEvent::Answered { notices, .. }) if notices.is_empty() => {
            return None;
        }
        FrontEvent::Proxy(ProxyEvent::Answered { .. }) => Mood::Fair,
        FrontEvent::Proxy(ProxyEvent::Started(_)) => Mood::Good,
        FrontEvent::Proxy(ProxyEvent::Refused { .. }) | FrontEvent::Door(_) => Mood::Bad,
        FrontEvent::Radar(Found::Missed(evidence)) => {
            let id: String = evidence.id.as_str().chars().take(8).collect();
            return Some(News {
                mood: Mood::Bad,
                text: format!("no webhook came for job {id}, which has ended: J shows it"),
            });
        }
        FrontEvent::Radar(Found::Delivered(
            _,
            Handed::Answered {
                status: 200..=299, ..
            },
        )) => Mood::Good,
        FrontEvent::Radar(_) => Mood::Bad,
    };
    Some(News {
        mood,
        text: line(event),
    })
}

/// What came of handing a webhook over, for scripts.
pub(crate) fn delivered(job: &str, handed: &Handed) -> Value {
    let (delivery, status, failure) = match handed {
        Handed::Answered {
            status, delivery, ..
        } => (Some(delivery), Some(*status), None),
        Handed::Failed { why, delivery } => (Some(delivery), None, Some(why.clone())),
        Handed::Before(delivery) => (Some(delivery), None, None),
        Handed::Taken | Handed::NotOver => (None, None, Some(of_handed(handed))),
    };
    json!({
        "type": "job_delivered",
        "job_id": job,
        "delivery_id": delivery.map(ToString::to_string),
        "status": status,
        "failure": failure,
        "was_done": matches!(handed, Handed::Before(_)),
        "synthesised": true,
    })
}

fn of_proxy(event: &ProxyEvent) -> String {
    match event {
        ProxyEvent::Answered {
            method,
            path,
            status,
            took,
            notices,
        } => {
            let notices: String = notices.iter().map(|notice| format!("; {notice}")).collect();
            format!(
                "{status}  {method} {path} ({} ms){notices}",
                took.as_millis()
            )
        }
        ProxyEvent::Started(job) => {
            let kind = job.kind.map_or("job", |kind| kind.as_str());
            let model = job.model.as_deref().unwrap_or_default();
            format!("job  {} {kind} {model}", job.id)
        }
        ProxyEvent::Refused {
            path,
            status,
            words,
            meaning,
            gone,
        } => {
            let meaning = meaning
                .map(|meaning| format!(" ({meaning})"))
                .unwrap_or_default();
            let gone = gone.as_ref().map(instead).unwrap_or_default();
            format!("refused  {path}: {status} {words}{meaning}{gone}")
        }
    }
}

/// What there is in place of a model that is gone.
fn instead(gone: &Gone) -> String {
    let said = [
        ("since", &gone.sunset_date),
        ("use", &gone.replacement),
        ("see", &gone.migration_url),
    ];
    let said = said.into_iter().filter_map(|(word, value)| {
        let value = value.as_deref()?;
        Some(format!("; {word} {value}"))
    });
    said.collect()
}

fn object_of_proxy(event: &ProxyEvent) -> Value {
    match event {
        ProxyEvent::Answered {
            method,
            path,
            status,
            took,
            notices,
        } => {
            let told = |notice: &Notice| json!({"code": notice.code(), "text": notice.to_string()});
            let notices: Vec<Value> = notices.iter().map(told).collect();
            json!({
                "type": "answered", "method": method, "path": path, "status": status,
                "duration_ms": took.as_millis(), "notices": notices,
            })
        }
        ProxyEvent::Started(job) => started(job),
        ProxyEvent::Refused {
            path,
            status,
            words,
            meaning,
            gone,
        } => {
            let gone = gone.clone().unwrap_or_default();
            json!({
                "type": "refused", "path": path, "status": status, "words": words,
                "meaning": meaning, "replacement": gone.replacement,
                "sunset_date": gone.sunset_date, "migration_url": gone.migration_url,
            })
        }
    }
}

fn started(job: &KnownJob) -> Value {
    json!({
        "type": "job_started",
        "job_id": job.id.as_str(),
        "kind": job.kind.map(|kind| kind.as_str()),
        "model": job.model,
        "path": job.path,
        "parameters": parameters(job),
        "started_at": format!("{:.3}", job.started_at),
        "webhook_url": job.webhook_url,
        "is_own_webhook": job.is_own_webhook,
    })
}

/// The parameters as the value they are, or as the text that is none.
pub(crate) fn parameters(job: &KnownJob) -> Option<Value> {
    let text = job.parameters.as_deref()?;
    Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())))
}

/// What options are called where the proxy was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    upstream: &'static str,
    upstream_ca: &'static str,
}

impl Names {
    /// By `kreel proxy krea`.
    pub(crate) const PROXY: Self = Self {
        upstream: "--upstream",
        upstream_ca: "--upstream-ca",
    };

    /// By `kreel listen`.
    pub(crate) const LISTEN: Self = Self {
        upstream: "--krea-upstream",
        upstream_ca: "--krea-upstream-ca",
    };
}

/// The tunnel's address was found to be of no use to the API.
pub(super) fn out_of_reach(error: &InvalidProxy) -> Problem {
    Problem::new(
        Code::ProxyUnusable,
        "no webhooks are asked for",
        error,
        "use a relay with a public address (`kreel relay` on a server); --deliver-missed hands over \
         what the API says when a job has ended",
    )
}

/// The proxy can't be run like this.
pub(super) fn unusable(error: &ProxyError, names: Names) -> Problem {
    let Names {
        upstream,
        upstream_ca,
    } = names;
    let next = match error {
        ProxyError::Config(InvalidProxy::PrivateWebhook { .. }) => format!(
            "use a relay with a public address (`kreel relay` on a server), or {upstream} with a mock"
        ),
        ProxyError::Config(_) => {
            format!("check the address ({upstream}): it begins with https:// or http://")
        }
        ProxyError::Client(_) => {
            format!("check the file of {upstream_ca}, and your system's ca-certificates")
        }
    };
    Problem::new(
        Code::ProxyUnusable,
        "the proxy can't run like this",
        chain(error),
        next,
    )
}

/// The port is gone again.
pub(super) fn unusable_port(error: &std::io::Error) -> Problem {
    Problem::new(
        Code::LocalAddressUnusable,
        "the proxy has lost its port",
        error,
        "start it again",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kreel_krea::{Evidence, JobId};

    use super::*;

    #[test]
    fn what_is_in_the_way_says_which_fault_and_what_to_do() {
        let problem = Problem::new(Code::KeyRefused, "it can't", "no key", "take another");
        let trouble = FrontEvent::Radar(Found::Trouble(problem.clone()));
        let text = "warning KR0613: it can't: no key; take another";
        assert_eq!(line(&trouble), text);
        assert_eq!(line(&FrontEvent::Door(problem)), text);
        assert_eq!(object(&trouble)["advice"], "take another");
    }

    #[test]
    fn options_are_called_what_they_are_called_there() {
        let config = InvalidProxy::Upstream {
            got: "x".to_owned(),
        };
        let next = |names| unusable(&ProxyError::Config(config.clone()), names).next;
        assert!(next(Names::LISTEN).contains("--krea-upstream"));
        assert!(next(Names::PROXY).contains("(--upstream)"));
    }

    #[test]
    fn the_inspector_is_told_what_matters_and_not_each_call() {
        let call = |notices| {
            FrontEvent::Proxy(ProxyEvent::Answered {
                method: "GET".to_owned(),
                path: "/jobs/1".to_owned(),
                status: 200,
                took: Duration::from_millis(3),
                notices,
            })
        };
        assert_eq!(news(&call(Vec::new())), None);
        let missed = Found::Missed(Box::new(Evidence::of(JobId::new("0f6f4c1e-8a50"))));
        let told = news(&FrontEvent::Radar(missed)).unwrap();
        assert_eq!(told.mood, Mood::Bad);
        assert!(
            told.text.contains("0f6f4c1e, which has ended"),
            "{}",
            told.text
        );
    }
}
