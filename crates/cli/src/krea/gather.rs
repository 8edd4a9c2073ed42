//! All that is known of jobs, from the ledger and the history together.
//!
//! Deliveries are read once, by their numbers: what is about a job is noted in the ledger. Bodies and
//! the app's answers stay in the history and are looked up when they are wanted.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Uri;
use jiff::Timestamp;
use kreel_client::{From, Reader, Row, Scope, Standing};
use kreel_krea::{
    Delivery, Evidence, JobId, JobRow, KnownJob, Ledger, Place, Reading, Seen, is_private, row,
};
use tokio::sync::watch;

pub(crate) use self::kept::body_of;
use self::kept::{attempt, time, withheld as withheld_of};
use super::{name_of, of_ledger};
use crate::limits::{
    GATHER_BODY_BYTES, GATHER_FIRST, GATHER_LOOK, GATHER_PAGE, GATHER_PENDING, GATHER_PENDING_MOST,
};
use crate::problem::{Result, of_history};
use crate::tunnels::Tunnels;

/// What is known of jobs.
#[derive(Debug)]
pub(crate) struct Gather {
    ledger: Arc<Ledger>,
    path: PathBuf,
    /// The history's name in the ledger.
    name: String,
    reader: Option<Reader>,
    /// The tunnels of this machine, whose addresses may become known later.
    tunnels: Option<Tunnels>,
    /// The address of the tunnel this process has open, whichever name the user gave it.
    own: Option<watch::Receiver<Option<Uri>>>,
    /// Up to where this process has looked; not known yet before it has.
    looked: Option<i64>,
    /// Those that were not all there when they were looked at.
    pending: BTreeSet<i64>,
    /// The history's version then.
    version: Option<i64>,
}

/// What catching up came to.
#[derive(Debug, Default)]
pub(crate) struct Caught {
    /// The jobs that deliveries were noted about, in their order.
    pub(crate) jobs: Vec<JobId>,
    /// Whether all there is was looked at.
    pub(crate) is_end: bool,
}

impl Gather {
    /// From this ledger, and the history in this file, which need not be there yet; `tunnels` tells
    /// which addresses are this machine's.
    pub(crate) fn new(ledger: Arc<Ledger>, history: &Path, tunnels: Option<Tunnels>) -> Self {
        Self {
            ledger,
            path: history.to_owned(),
            name: name_of(history),
            reader: None,
            tunnels,
            own: None,
            looked: None,
            pending: BTreeSet::new(),
            version: None,
        }
    }

    /// The same beside a tunnel that has this address, once that is known.
    pub(crate) fn beside(self, own: Option<watch::Receiver<Option<Uri>>>) -> Self {
        Self { own, ..self }
    }

    /// Another look at the same, for work beside this one. It has not read anything yet.
    pub(crate) fn beside_it(&self) -> Self {
        Self::new(self.ledger.clone(), &self.path, self.tunnels.clone()).beside(self.own.clone())
    }

    /// The ledger.
    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// What the ledger calls the history.
    pub(crate) fn history_name(&self) -> &str {
        &self.name
    }

    /// The history, once there is one.
    pub(crate) fn reader(&mut self) -> Result<Option<&Reader>> {
        if self.reader.is_none() {
            let opened = Reader::open(&self.path);
            self.reader = opened.map_err(|error| of_history(&error))?;
        }
        Ok(self.reader.as_ref())
    }

    /// Reads what has come since the last time, for so long at the most, and notes what is about a
    /// job.
    pub(crate) fn catch_up(&mut self, budget: Duration) -> Result<Caught> {
        let began = Instant::now();
        let mut caught = Caught::default();
        if self.reader()?.is_none() {
            caught.is_end = true;
            return Ok(caught);
        }
        let version = self.with(Reader::version)?;
        if self.version == Some(version) && self.pending.is_empty() {
            caught.is_end = true;
            return Ok(caught);
        }
        let mut from = self.begin()?;
        self.look_again(&mut caught)?;
        while began.elapsed() < budget {
            let scope = Scope::default();
            let page = self
                .with(|reader| reader.look(&scope, From::After(from), GATHER_PAGE, GATHER_LOOK))?;
            let mut seen = Vec::new();
            for row in page.rows.iter().rev() {
                seen.extend(self.seen(row)?);
            }
            // Numbers that are not there any more are behind us, too.
            from = from.max(page.scanned_to);
            self.looked = Some(from);
            self.note(&seen, &mut caught)?;
            if page.is_end {
                // As of before the look: what came meanwhile is seen the next time.
                self.version = Some(version);
                caught.is_end = true;
                break;
            }
        }
        Ok(caught)
    }

    /// All that is known of a job.
    pub(crate) fn evidence(&mut self, id: &JobId) -> Result<Evidence> {
        self.reader()?;
        let ledger = &self.ledger;
        let known = ledger.find(id).map_err(|error| of_ledger(&error))?;
        let knows_jobs = ledger.knows_jobs().map_err(|error| of_ledger(&error))?;
        let seen = ledger.seen(&self.name, id);
        let seen = seen.map_err(|error| of_ledger(&error))?;
        let api = ledger.answer(id).map_err(|error| of_ledger(&error))?;
        let deliveries: Vec<Delivery> = seen
            .into_iter()
            .map(|seen| self.delivery(seen))
            .collect::<Result<_>>()?;
        Ok(Evidence {
            id: id.clone(),
            is_elsewhere: deliveries.is_empty()
                && known.as_ref().is_some_and(|known| self.is_elsewhere(known)),
            known,
            knows_jobs,
            deliveries,
            api,
        })
    }

    /// So many jobs behind a place, the newest first.
    pub(crate) fn page(
        &mut self,
        before: Option<&Place>,
        limit: usize,
        overdue: Duration,
    ) -> Result<Vec<(Place, Evidence, JobRow)>> {
        let places = self.ledger.places(&self.name, before, limit);
        let places = places.map_err(|error| of_ledger(&error))?;
        let now = Timestamp::now();
        let rows = places.into_iter().map(|place| {
            let evidence = self.evidence(&place.job)?;
            let row = row(&evidence, now, overdue);
            Ok((place, evidence, row))
        });
        rows.collect()
    }

    /// The path behind the tunnel that a webhook about this job would have come to.
    pub(crate) fn path_of(&mut self, known: Option<&KnownJob>) -> Result<Bytes> {
        let url = known.and_then(|known| known.webhook_url.clone());
        let tunnels = self.addresses();
        if let Some(path) = url.as_deref().and_then(|url| behind_tunnel(url, &tunnels)) {
            return Ok(path.to_owned().into());
        }
        let last = self.ledger.last_seen(&self.name, 1);
        let last = last.map_err(|error| of_ledger(&error))?.pop();
        if let (Some(last), true) = (last, self.reader()?.is_some())
            && let Some(row) = self.with(|reader| reader.row(last.number))?
            && row.summary.id.to_string() == last.delivery_id
        {
            return Ok(row.summary.target);
        }
        // An address on this machine is the app's own: no tunnel is in front of it.
        let direct = url.as_deref().and_then(direct_path);
        Ok(direct.unwrap_or_default().to_owned().into())
    }

    /// Where this process goes on.
    fn begin(&mut self) -> Result<i64> {
        if let Some(looked) = self.looked {
            return Ok(looked);
        }
        let reached = self.ledger.reached(&self.name);
        let reached = reached.map_err(|error| of_ledger(&error))?;
        let newest = self.with(Reader::newest)?;
        let from = match reached {
            // The history is another one than it was.
            reached if reached > newest => 0,
            0 => (newest - GATHER_FIRST).max(0),
            reached => reached,
        };
        self.looked = Some(from);
        Ok(from)
    }

    /// Looks at those that were not all there.
    fn look_again(&mut self, caught: &mut Caught) -> Result<()> {
        let mut seen = Vec::new();
        for number in std::mem::take(&mut self.pending) {
            if let Some(row) = self.with(|reader| reader.row(number))? {
                seen.extend(self.seen(&row)?);
            }
        }
        match seen.is_empty() {
            true => Ok(()),
            false => self.note(&seen, caught),
        }
    }

    /// What a delivery says of a job, if it does.
    fn seen(&mut self, row: &Row) -> Result<Option<Seen>> {
        let received_at = time(row.summary.received_at_us);
        if !row.is_complete {
            let may_come = matches!(row.standing, Standing::Live | Standing::Waiting);
            let age = Timestamp::now().duration_since(received_at);
            let is_young = age.unsigned_abs() < GATHER_PENDING;
            if may_come && is_young && self.pending.len() < GATHER_PENDING_MOST {
                self.pending.insert(row.number);
            }
            return Ok(None);
        }
        let size = row.summary.size_bytes.unwrap_or(0);
        if size == 0 || size > GATHER_BODY_BYTES {
            return Ok(None);
        }
        let body = self.body(row.number)?;
        let place = (row.summary.id.to_string(), row.number);
        Ok(Seen::of(place, received_at, &body, row.is_synthesised()))
    }

    fn note(&self, seen: &[Seen], caught: &mut Caught) -> Result<()> {
        let looked = self.looked.unwrap_or(0);
        // A later run looks at what is not all there again.
        let reached = self
            .pending
            .first()
            .map_or(looked, |first| looked.min(first - 1));
        let noted = self.ledger.see(&self.name, seen, reached);
        noted.map_err(|error| of_ledger(&error))?;
        caught.jobs.extend(seen.iter().map(|seen| seen.job.clone()));
        Ok(())
    }

    /// A delivery with what the history has of it.
    fn delivery(&self, seen: Seen) -> Result<Delivery> {
        let whole = match &self.reader {
            // No attempt has this number: bodies of answers stay where they are.
            Some(_) => self.with(|reader| reader.get_with_answer(seen.number, Some(u32::MAX)))?,
            None => None,
        };
        let whole = whole.filter(|whole| whole.delivery.id.to_string() == seen.delivery_id);
        let (reading, attempts, withheld, is_forgotten) = match whole {
            Some(whole) => {
                let reading = Reading::of(&self.body(seen.number)?);
                let kept = whole.attempts.iter();
                let withheld = kept.clone().find_map(withheld_of);
                let handed = kept.filter(|kept| withheld_of(kept).is_none());
                (reading, handed.map(attempt).collect(), withheld, false)
            }
            None => (
                Reading::of_rest(&seen.job, seen.status.as_ref()),
                Vec::new(),
                None,
                true,
            ),
        };
        Ok(Delivery {
            id: seen.delivery_id,
            received_at: seen.received_at,
            reading,
            digest: seen.digest,
            is_synthesised: seen.is_synthesised,
            is_forgotten,
            attempts,
            withheld,
        })
    }

    fn body(&self, number: i64) -> Result<Bytes> {
        self.with(|reader| body_of(reader, number))
    }

    /// The numbers of the webhooks about a job that are still in the history, by their ids.
    pub(crate) fn numbers(&self, evidence: &Evidence) -> Result<HashMap<String, i64>> {
        let seen = self.ledger.seen(&self.name, &evidence.id);
        let seen = seen.map_err(|error| of_ledger(&error))?.into_iter();
        let mut numbers: HashMap<String, i64> =
            seen.map(|seen| (seen.delivery_id, seen.number)).collect();
        for gone in evidence.deliveries.iter().filter(|one| one.is_forgotten) {
            numbers.remove(&gone.id);
        }
        Ok(numbers)
    }

    /// Whether a job's webhook was asked for at an address that is none of ours.
    fn is_elsewhere(&self, known: &KnownJob) -> bool {
        let Some(url) = known
            .webhook_url
            .as_deref()
            .filter(|_| known.is_own_webhook)
        else {
            return false;
        };
        let tunnels = self.addresses();
        let is_ours = behind_tunnel(url, &tunnels).is_some() || direct_path(url).is_some();
        !is_ours && !tunnels.is_empty()
    }

    /// The public addresses of this machine. If they can't be read, none is known.
    fn addresses(&self) -> Vec<String> {
        let addresses = self.tunnels.as_ref().map(Tunnels::addresses);
        let mut addresses = addresses.and_then(Result::ok).unwrap_or_default();
        let own = self.own.as_ref().and_then(|own| own.borrow().clone());
        addresses.extend(own.map(|own| own.to_string()));
        addresses
    }

    fn with<T>(
        &self,
        look: impl FnOnce(&Reader) -> std::result::Result<T, kreel_client::HistoryError>,
    ) -> Result<T> {
        let reader = self.reader.as_ref().expect("callers have opened it");
        look(reader).map_err(|error| of_history(&error))
    }
}

/// The part of an address behind the longest tunnel it is in.
fn behind_tunnel<'a>(url: &'a str, tunnels: &[String]) -> Option<&'a str> {
    let rests = tunnels.iter().filter_map(|tunnel| {
        let rest = url.strip_prefix(tunnel.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
    });
    rests.min_by_key(|rest| rest.len())
}

/// Path and query of an address that is on this machine or in its network.
fn direct_path(url: &str) -> Option<&str> {
    let uri: Uri = url.parse().ok()?;
    if !is_private(uri.host()?) {
        return None;
    }
    let (_, rest) = url.split_once("://")?;
    Some(rest.find(['/', '?']).map_or("", |at| &rest[at..]))
}

mod kept;
#[cfg(test)]
mod tests;
