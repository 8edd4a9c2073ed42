//! Jobs as objects for scripts. Their fields are described in docs/json.md.

use jiff::Timestamp;
use kreel_krea::{Difference, Evidence, JobRow, Note, Outcome, Step, Verdict, Weight, timeline};
use serde_json::{Value, json};

use crate::krea::told;

/// One row.
pub(super) fn of_row(row: &JobRow) -> Value {
    json!({
        "type": "job",
        "job_id": row.id.as_str(),
        "kind": row.kind.map(|kind| kind.as_str()),
        "model": row.model,
        "prompt": row.prompt,
        "status": row.status.as_ref().map(ToString::to_string),
        "created_at": row.created_at.map(time),
        "completed_at": row.completed_at.map(time),
        "took_ms": row.took.map(|took| took.as_millis()),
        "delay_ms": row.delay.map(|delay| delay.as_millis()),
        "deliveries": row.deliveries,
        "synthesised": row.synthesised,
        "answers": row.answers.iter().map(|answer| answered(*answer)).collect::<Vec<_>>(),
        "results": row.results,
        "is_free": row.is_free,
        "flags": row.flags.iter().map(|flag| flag.code()).collect::<Vec<_>>(),
        "notes": row.notes.iter().map(note).collect::<Vec<_>>(),
        "verdict": row.verdict.as_ref().map(verdict),
    })
}

/// All of one.
pub(super) fn whole(evidence: &Evidence, row: &JobRow) -> Value {
    let mut object = of_row(row);
    let files = evidence.job().map_or(&[][..], |job| &job.results.files[..]);
    let links = files
        .iter()
        .map(|file| json!({"url": file.url, "role": file.role}));
    let known = evidence.known.as_ref();
    object["links"] = links.collect();
    object["path"] = json!(known.map(|known| &known.path));
    object["parameters"] = json!(known.and_then(told::parameters));
    object["webhook_url"] = json!(known.and_then(|known| known.webhook_url.as_deref()));
    object["style_id"] = json!(evidence.job().and_then(|job| job.style_id.as_deref()));
    object["error"] = json!(
        evidence
            .job()
            .and_then(|job| job.error.as_ref())
            .map(|error| json!({"code": error.code, "message": error.message}))
    );
    object["timeline"] = timeline(evidence)
        .iter()
        .map(|moment| {
            let mut step = step(&moment.step);
            step["at"] = json!(time(moment.at));
            step
        })
        .collect();
    object
}

fn step(step: &Step) -> Value {
    match step {
        Step::Started { webhook_url } => json!({"step": "started", "webhook_url": webhook_url}),
        Step::Created => json!({"step": "created"}),
        Step::Ended(status) => json!({"step": "ended", "status": status.to_string()}),
        Step::Came {
            delivery,
            status,
            is_synthesised,
        } => json!({
            "step": "delivery",
            "delivery_id": delivery,
            "status": status.as_ref().map(ToString::to_string),
            "synthesised": is_synthesised,
        }),
        Step::HandedOver {
            delivery,
            outcome,
            took,
        } => json!({
            "step": "attempt",
            "delivery_id": delivery,
            "status": answered(*outcome),
            "duration_ms": took.as_millis(),
        }),
        Step::Withheld { delivery, why } => json!({
            "step": "withheld", "delivery_id": delivery, "message": why,
        }),
        Step::Asked(status) => json!({
            "step": "asked", "status": status.as_ref().map(ToString::to_string),
        }),
    }
}

fn answered(outcome: Outcome) -> Option<u16> {
    match outcome {
        Outcome::Answered(status) => Some(status),
        Outcome::Failed => None,
    }
}

fn note(note: &Note) -> Value {
    let weight = match note.weight() {
        Weight::Fact => "fact",
        Weight::Caution => "caution",
        Weight::Fault => "fault",
    };
    json!({"code": note.code(), "text": note.to_string(), "weight": weight})
}

fn verdict(verdict: &Verdict) -> Value {
    let differences: Vec<Value> = match verdict {
        Verdict::Differs(differences) => differences.iter().map(difference).collect(),
        _ => Vec::new(),
    };
    json!({"code": verdict.code(), "text": verdict.as_str(), "differences": differences})
}

fn difference(one: &Difference) -> Value {
    json!({"field": one.field, "delivered": one.delivered, "asked": one.asked})
}

fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}
