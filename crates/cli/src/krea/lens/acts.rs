//! What the inspector can have done about a job, on a thread that may take its time: asking the API,
//! making up for a webhook, looking after a link.

use std::future::Future;
use std::sync::Arc;

use kreel_client::History;
use kreel_client::plain::{duration, size};
use kreel_krea::{
    Asker, FetchError, Fetcher, Health, JobId, Key, SystemConnector, SystemResolver, Verdict, row,
};
use kreel_tui::lens::{Act, Acted, Mood, Of};

use super::{JobLens, Sight, job_of, lock};
use crate::krea::asking::{key_missing, not_asked};
use crate::krea::deliver::{Handed, check, deliver, or_known};
use crate::krea::{Gather, of_ledger, told};
use crate::problem::{Code, Problem, Result, chain, of_history};
use crate::runtime;

impl JobLens {
    /// Does it, unless nobody waits for it any more.
    pub(super) fn done(&self, of: &Of, act: &Act) -> Result<Acted> {
        match act {
            Act::Verify => self.about_job(of, |gather, id| self.verify(gather, id)),
            Act::Deliver => self.about_job(of, |gather, id| self.deliver(gather, id)),
            Act::Check(url) => self.check(url),
            Act::Preview(url) => self.preview(url),
        }
    }

    fn about_job(
        &self,
        of: &Of,
        act: impl FnOnce(&mut Gather, &JobId) -> Result<Acted>,
    ) -> Result<Acted> {
        let mut sight = lock(&self.acting);
        let Some((id, _)) = job_of(sight.history.of(&self.options.history, of)?) else {
            return Ok(Acted::Fails("it names no job of Krea's".to_owned()));
        };
        let gather = self.caught_up(&mut sight)?;
        act(gather, &id)
    }

    fn caught_up<'a>(&self, sight: &'a mut Sight) -> Result<&'a mut Gather> {
        let gather = self.gather(sight)?;
        gather.catch_up(crate::limits::GATHER_WAIT)?;
        Ok(gather)
    }

    /// Asks the API, and says whether it tells the same.
    fn verify(&self, gather: &mut Gather, id: &JobId) -> Result<Acted> {
        if !id.is_uuid() {
            let text = "the API can't know it: its id is no UUID, as all of Krea's are";
            return Ok(Acted::Fails(text.to_owned()));
        }
        let keys = self.keys(id)?;
        if keys.is_empty() {
            return Err(no_key());
        }
        self.ask(gather, id, &keys)?;
        let evidence = gather.evidence(id)?;
        let row = row(&evidence, jiff::Timestamp::now(), self.options.missed_after);
        Ok(match &row.verdict {
            Some(verdict @ Verdict::Matches) => Acted::Says(verdict.as_str().to_owned()),
            Some(Verdict::Differs(differences)) => {
                let fields: Vec<&str> = differences.iter().map(|one| one.field).collect();
                Acted::Fails(format!("differs from the API: {}", fields.join(", ")))
            }
            Some(verdict) => Acted::Fails(verdict.as_str().to_owned()),
            None => match evidence.of_api().and_then(|job| job.status.as_ref()) {
                Some(status) => Acted::Says(format!("the API says {status}; no webhook came")),
                None => Acted::Fails("the API knows no such job".to_owned()),
            },
        })
    }

    /// Hands over what never came.
    fn deliver(&self, gather: &mut Gather, id: &JobId) -> Result<Acted> {
        let Some(config) = self.options.app.clone() else {
            let text = "there is no app to hand it to: webhooks are only captured here";
            return Ok(Acted::Fails(text.to_owned()));
        };
        let keys = self.keys(id)?;
        let asked = match id.is_uuid() && !keys.is_empty() {
            true => self.ask(gather, id, &keys),
            false => Ok(()),
        };
        let evidence = gather.evidence(id)?;
        asked.or_else(|problem| or_known(problem, &evidence))?;
        check(&evidence, false)?;
        let opened = History::open(&self.options.history);
        let history = opened.map_err(|error| of_history(&error))?.history;
        let handed = deliver(gather, &history, config, &evidence, false);
        let handed = self.while_open(handed)??;
        let text = told::of_handed(&handed);
        Ok(match handed {
            Handed::Answered {
                status: 200..=299, ..
            } => Acted::Says(text),
            _ => Acted::Fails(text),
        })
    }

    /// Asks, and notes the answer where everyone finds it.
    fn ask(&self, gather: &Gather, id: &JobId, keys: &[Key]) -> Result<()> {
        let options = &self.options;
        let asker = Asker::new(options.upstream.clone(), options.trusted.clone());
        let asker = asker.map_err(|error| unusable(chain(&error)))?;
        let answer = self.while_open(async move { asker.job_by_any(id, keys).await })?;
        let answer = answer.map_err(|error| not_asked(&error))?;
        let noted = gather.ledger().answered(id, &answer);
        noted.map_err(|error| of_ledger(&error))
    }

    fn keys(&self, id: &JobId) -> Result<Vec<Key>> {
        match &self.options.keys {
            Ok(keys) => Ok(keys.all_for(id)),
            Err(problem) => Err(problem.clone()),
        }
    }

    fn check(&self, url: &str) -> Result<Acted> {
        let fetcher = fetcher()?;
        let checked = self.while_open(async move { fetcher.check(url).await })?;
        let (text, mood) = match checked {
            Ok(health) => (
                of_health(&health),
                if is_well(&health) {
                    Mood::Good
                } else {
                    Mood::Bad
                },
            ),
            Err(error) => (of_fetch(&error), Mood::Bad),
        };
        lock(&self.links).note(url, text.clone(), mood);
        Ok(match mood {
            Mood::Good => Acted::Says(text),
            _ => Acted::Fails(text),
        })
    }

    fn preview(&self, url: &str) -> Result<Acted> {
        let fetcher = fetcher()?;
        let fetched = self.while_open(async move { fetcher.picture(url).await })?;
        Ok(match fetched {
            Ok(picture) => Acted::Image(picture.bytes),
            Err(error) => Acted::Fails(of_fetch(&error)),
        })
    }

    /// Waits for it, unless the inspector is left meanwhile.
    fn while_open<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let mut closed = self.closed.subscribe();
        runtime::on_this_thread()?.block_on(async {
            tokio::select! {
                done = work => Ok(done),
                _ = closed.wait_for(|is_closed| *is_closed) => Err(Problem::new(
                    Code::SystemRefused, "it was given up", "the inspector was left", "do it again",
                )),
            }
        })
    }
}

/// There is nothing to ask with, and a proxy could tell.
fn no_key() -> Problem {
    Problem {
        why: "neither KREA_API_KEY nor KREA_API_TOKEN is set, and no call has come through a proxy here"
            .to_owned(),
        ..key_missing()
    }
}

fn fetcher() -> Result<Fetcher> {
    let connector = SystemConnector::new().map_err(|error| unusable(chain(&error)))?;
    Ok(Fetcher::new(Arc::new(SystemResolver), Arc::new(connector)))
}

fn unusable(why: String) -> Problem {
    Problem::new(
        Code::ProxyUnusable,
        "no TLS connection can be made",
        why,
        "check your system's ca-certificates",
    )
}

fn is_well(health: &Health) -> bool {
    (200..300).contains(&health.status)
}

/// What a link has answered, on a line.
fn of_health(health: &Health) -> String {
    let parts = [
        Some(format!("the link answers {}", health.status)),
        health.content_type.clone(),
        health.size_bytes.map(|bytes| size(Some(bytes))),
        Some(format!("after {}", duration(health.took))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" · ")
}

fn of_fetch(error: &FetchError) -> String {
    format!("not fetched: {}", chain(error))
}
