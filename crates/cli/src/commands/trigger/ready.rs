//! Ready-made webhooks for the inspector, posted to the tunnel it shows.

use kreel_client::CertificateDer;
use kreel_krea::{Fixture, Outgoing};
use kreel_tui::Trigger;

use super::address::Address;
use super::event::Event;
use super::saved::Saved;
use super::{post, samples};
use crate::problem::{Code, Problem, Result, chain};
use crate::runtime;

/// Posts ready-made webhooks.
#[derive(Debug)]
pub(crate) struct Ready {
    /// Certificates to trust besides the system's.
    pub(crate) trusted: Vec<CertificateDer<'static>>,
}

impl Trigger for Ready {
    fn events(&self) -> Vec<String> {
        let krea = Fixture::ALL.iter().map(|fixture| fixture.name().to_owned());
        let others = samples::ALL.iter().map(|sample| sample.name.to_owned());
        // What can't be read is not there to be chosen.
        let saved = Saved::names().unwrap_or_default();
        krea.chain(others).chain(saved).collect()
    }

    fn post(&self, event: &str, url: &str) -> std::result::Result<String, String> {
        self.posted(event, url)
            .map_err(|problem| format!("not posted: {}: {}", problem.what, problem.why))
    }
}

impl Ready {
    fn posted(&self, event: &str, url: &str) -> Result<String> {
        let event = Event::named(event)?;
        let address = Address::of(url, self.trusted.clone())?;
        let client = Outgoing::new(address.trusted.clone()).map_err(|error| {
            Problem::new(
                Code::RelayCaUnusable,
                "can't make TLS connections",
                chain(&error),
                "check the file of --relay-ca, and your system's ca-certificates",
            )
        })?;
        runtime::on_this_thread()?.block_on(async {
            let mut said = String::new();
            for mut posting in event.make() {
                posting.sign(None)?;
                let answer = post::send(&client, &address, &posting).await?;
                said = format!("{} posted, answered {}", event.name(), answer.status());
            }
            Ok(said)
        })
    }
}
