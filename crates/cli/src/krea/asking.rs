//! Asks the API about jobs for commands that end, one after another, and notes what it says.

use std::time::Duration;

use kreel_krea::{ApiAnswer, AskError, Asker, JobId, Key, Keys, Ledger};
use tokio::time::sleep;

use super::of_ledger;
use crate::limits::{ASK_PAUSE, LISTED_JOBS};
use crate::problem::{Code, Problem, Result, chain};

/// Who asks for a command.
#[derive(Debug)]
pub(crate) struct Asking {
    asker: Asker,
    keys: Keys,
}

impl Asking {
    /// With these keys.
    pub(crate) fn new(asker: Asker, keys: Keys) -> Self {
        Self { asker, keys }
    }

    /// Whether there is a key to ask with.
    pub(crate) fn has_key(&self) -> bool {
        self.keys.any().is_some()
    }

    /// Asks about these, and notes the answers. What can't be a job of Krea's is left out.
    pub(crate) async fn about(&self, jobs: &[JobId], ledger: &Ledger) -> Result<()> {
        for (place, id) in jobs.iter().filter(|id| id.is_uuid()).enumerate() {
            if place > 0 {
                sleep(ASK_PAUSE).await;
            }
            let keys = self.keys.all_for(id);
            if keys.is_empty() {
                return Err(key_missing());
            }
            let answer = self.once_more(id, &keys).await?;
            let noted = ledger.answered(id, &answer);
            noted.map_err(|error| of_ledger(&error))?;
        }
        Ok(())
    }

    /// Asks for the newest jobs of the key, and notes them. Their ids.
    pub(crate) async fn for_list(&self, ledger: &Ledger) -> Result<Vec<JobId>> {
        let key = self.keys.any().ok_or_else(key_missing)?;
        let listed = self.asker.list(&key, LISTED_JOBS, None).await;
        let listed = listed.map_err(|error| not_asked(&error))?;
        let mut ids = Vec::new();
        for (id, answer) in listed.jobs {
            let noted = ledger.answered(&id, &answer);
            noted.map_err(|error| of_ledger(&error))?;
            ids.push(id);
        }
        Ok(ids)
    }

    /// A second try after a fault that passes; if the API wants to be left alone for longer than
    /// anyone waits at a prompt, there is none.
    async fn once_more(&self, id: &JobId, keys: &[Key]) -> Result<ApiAnswer> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let error = match self.asker.job_by_any(id, keys).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let wait = error.retry_after().unwrap_or(Duration::from_secs(2));
        if !error.is_passing() || wait > PATIENCE || matches!(error, AskError::Unreachable(_)) {
            return Err(not_asked(&error));
        }
        sleep(wait).await;
        let again = self.asker.job_by_any(id, keys).await;
        again.map_err(|error| not_asked(&error))
    }
}

/// There is nothing to ask with.
pub(crate) fn key_missing() -> Problem {
    Problem::new(
        Code::KeyMissing,
        "the API can't be asked without a key",
        "neither KREA_API_KEY nor KREA_API_TOKEN is set",
        "set one of them to your key from Krea's settings; it is sent to the API alone",
    )
}

/// The API has said nothing about the job.
pub(super) fn not_asked(error: &AskError) -> Problem {
    let next = match error {
        AskError::KeyRefused { .. } => "check KREA_API_KEY: the key may be of another workspace",
        AskError::TooOften { .. } => "wait a minute, and ask about fewer with --limit",
        error if error.is_distrust() => {
            "is it your own server? Then name its certificate with --upstream-ca FILE \
             (--krea-upstream-ca of listen); if not, somebody stands between you and the API"
        }
        AskError::Unreachable(_) => {
            "check the network, and the API's address (--upstream; --krea-upstream of listen)"
        }
        _ => "try again; what is known already is shown without --verify",
    };
    let code = match error {
        AskError::KeyRefused { .. } => Code::KeyRefused,
        _ => Code::ApiNotAsked,
    };
    Problem::new(code, "the API could not be asked", chain(error), next)
}
