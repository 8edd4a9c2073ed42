//! The faults that the relay's own tests know, sent through the whole program: none becomes two
//! requests, and none brings the app a line that was not sent.

#[allow(dead_code, reason = "stories know less of a refusal than the relay")]
#[path = "../../crates/relay/src/framing/refusal.rs"]
mod refusal;
#[path = "../../crates/relay/src/framing/tests/faults.rs"]
mod table;

use self::refusal::Refusal;
use crate::support::{DEADLINE, Listen, LocalApp, Sender, TestRelay, within};

/// What the relay of these stories takes.
struct Limits {
    /// The most bytes of a head.
    max_head_bytes: usize,
    /// The most header lines.
    max_header_lines: usize,
}

/// As small as in the table.
const LIMITS: Limits = Limits {
    max_head_bytes: 1024,
    max_header_lines: 16,
};

/// What stands in a sender's own request, and nowhere else.
const OURS: [&str; 6] = [
    "host",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "kreel-delivery-id",
    "kreel-attempt",
];

/// The same request to a tunnel. Heads that are as large as they may be stay so.
fn to_tunnel(raw: &[u8], tunnel: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len() + 32);
    let path = format!(" /{tunnel}");
    for (at, byte) in raw.iter().enumerate() {
        let begins = raw[at..].starts_with(b" /") && is_in_request_line(raw, at);
        match begins {
            true => bytes.extend_from_slice(path.as_bytes()),
            false => bytes.push(*byte),
        }
    }
    bytes
}

/// Whether nothing but a method stands before this place in its line.
fn is_in_request_line(raw: &[u8], at: usize) -> bool {
    let line = raw[..at].iter().rposition(|byte| *byte == b'\n');
    let before = &raw[line.map_or(0, |line| line + 1)..at];
    !before.is_empty() && before.iter().all(u8::is_ascii_uppercase)
}

/// The statuses of what comes back before the relay closes the connection, which it must.
async fn answers(sender: &Sender, bytes: &[u8]) -> Vec<u16> {
    let mut connection = sender.connect().await;
    // A relay that has seen enough need not read to the end.
    let _ = connection.write(bytes).await;
    let mut statuses = Vec::new();
    while let Ok(answer) = within("an answer or the end", DEADLINE, connection.answer("POST")).await
    {
        statuses.push(answer.status());
    }
    statuses
}

#[tokio::test]
async fn no_fault_becomes_two_requests_or_brings_a_line_nobody_sent() {
    let limits = [
        format!("max_head_bytes={}", LIMITS.max_head_bytes),
        format!("max_header_lines={}", LIMITS.max_header_lines),
    ];
    let limits = ["--limit", &limits[0], "--limit", &limits[1]];
    for tls in ["off", "self-signed"] {
        let relay = TestRelay::with(&[&["--tls", tls], &limits[..]].concat()).await;
        let app = LocalApp::answering(200).await;
        let client = Listen::on(&relay)
            .flags(&["--tunnel", "abc"])
            .to(&app)
            .start()
            .await;
        let sender = Sender::to(relay.url(), relay.ca().as_deref());
        let (mut seen, faults) = (0, table::faults());
        assert!(faults.len() >= 150, "{}", faults.len());
        for fault in faults {
            let raw = to_tunnel(&fault.raw, "abc");
            let shown = raw[..raw.len().min(300)].escape_ascii().to_string();
            let statuses = answers(&sender, &raw).await;
            // What comes before the fault on its connection is answered as it should be.
            let whole = match fault.refusal {
                Refusal::BeforeUpgrade => 1,
                _ => usize::try_from(fault.message - 1).unwrap(),
            };
            let mut refused = statuses.iter().skip(whole);
            assert!(
                statuses.len() <= whole + 1 && refused.all(|status| (400..500).contains(status)),
                "{statuses:?}: {shown}"
            );
            assert_eq!(client.sender().post("/good", "good").await.status(), 200);
            let all = app.received();
            let came: Vec<_> = all[seen..]
                .iter()
                .filter(|visit| visit.head.target() != b"/good")
                .collect();
            seen = all.len();
            let complete = came.iter().filter(|visit| visit.complete).count();
            assert!(complete <= whole, "{complete} of {whole}: {shown}");
            assert!(came.len() <= whole.max(1), "{came:?}: {shown}");
            let said = String::from_utf8_lossy(&raw).to_ascii_lowercase();
            for visit in came {
                for (name, _) in visit.head.lines() {
                    let name = name.to_ascii_lowercase();
                    assert!(
                        OURS.contains(&&*name) || said.contains(&format!("\n{name}:")),
                        "{name} in {visit:?}: {shown}"
                    );
                }
            }
        }
    }
}
