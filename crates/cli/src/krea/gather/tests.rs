//! What a history adds to a ledger: deliveries, once each, with what the app made of them.

use kreel_client::{DeliveryId, History, Kind, MADE_HERE, Seq};
use kreel_krea::{ApiAnswer, Fixture, Flag, Verdict};
use kreel_wire::{Headers, Scheme};

use super::*;
use crate::paths::Paths;
use crate::project::Project;

const BUDGET: Duration = Duration::from_secs(30);
const OVERDUE: Duration = Duration::from_secs(30);

struct Machine {
    history: History,
    gather: Gather,
    _folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        let history = History::open(&path).unwrap().history;
        let ledger = Arc::new(Ledger::in_memory().unwrap());
        let paths = Paths::below(folder.path());
        let (tunnels, project) = (Tunnels::of(&paths), Project::at(folder.path()));
        let name = tunnels
            .recall_or_make("https://relay.example", &project)
            .unwrap();
        let url = "https://relay.example/shop";
        tunnels
            .note_url("https://relay.example", &project, &name, url)
            .unwrap();
        Self {
            history,
            gather: Gather::new(ledger, &path, Some(tunnels)),
            _folder: folder,
        }
    }

    fn came(&self, relay: &str, number: u8, body: &str) {
        let delivery = kreel_wire::Delivery {
            id: DeliveryId::from_bytes([number; 16]),
            seq: Seq(number.into()),
            received_at_us: u64::try_from(Timestamp::now().as_microsecond()).unwrap(),
            kind: Kind::Queued,
            method: "POST".into(),
            target: "/hook?x=1".into(),
            headers: Headers::default(),
            scheme: Scheme::Https,
            forwarded_for: "192.0.2.1".into(),
            body_bytes: Some(body.len() as u64),
            attempted: false,
            signature: None,
        };
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let tunnel = "shop".parse().unwrap();
        self.history
            .take_in(relay, &tunnel, [(delivery, bytes)])
            .unwrap();
    }
}

fn id(body: &str) -> JobId {
    Reading::of(body.as_bytes())
        .job()
        .unwrap()
        .id
        .clone()
        .unwrap()
}

#[test]
fn what_came_is_read_once_and_shown_with_what_the_api_says() {
    let mut machine = Machine::new();
    let bodies = [Fixture::Image.body(), Fixture::Failed.body()];
    machine.came("https://relay.example", 1, &bodies[0]);
    machine.came("https://relay.example", 2, "{\"hello\":\"world\"}");
    machine.came("https://relay.example", 3, &bodies[1]);
    machine.came("https://relay.example", 4, &bodies[1]);
    let caught = machine.gather.catch_up(BUDGET).unwrap();
    assert!(caught.is_end);
    assert_eq!(
        caught.jobs,
        [id(&bodies[0]), id(&bodies[1]), id(&bodies[1])]
    );
    let again = machine.gather.catch_up(BUDGET).unwrap();
    assert!(again.is_end && again.jobs.is_empty());
    machine.came("https://relay.example", 5, &bodies[0]);
    assert_eq!(
        machine.gather.catch_up(BUDGET).unwrap().jobs,
        [id(&bodies[0])]
    );
    let said = ApiAnswer::of(Timestamp::now(), bodies[0].clone().into());
    machine
        .gather
        .ledger()
        .answered(&id(&bodies[0]), &said)
        .unwrap();
    let page = machine.gather.page(None, 10, OVERDUE).unwrap();
    let find = |body: &str| {
        &page
            .iter()
            .find(|(place, ..)| place.job == id(body))
            .unwrap()
            .2
    };
    assert_eq!(page.len(), 2);
    let (image, failed) = (find(&bodies[0]), find(&bodies[1]));
    assert_eq!(
        (image.deliveries, &image.verdict),
        (2, &Some(Verdict::Matches))
    );
    assert_eq!(
        (failed.deliveries, &failed.flags),
        (2, &vec![Flag::Duplicate])
    );
    assert_eq!(machine.gather.page(None, 1, OVERDUE).unwrap().len(), 1);
    assert_eq!(machine.gather.path_of(None).unwrap(), "/hook?x=1");
}

#[test]
fn a_later_run_goes_on_where_an_earlier_one_was() {
    let mut machine = Machine::new();
    machine.came("https://relay.example", 1, &Fixture::Image.body());
    machine.gather.catch_up(BUDGET).unwrap();
    let path = machine.gather.path.clone();
    let mut later = Gather::new(machine.gather.ledger.clone(), &path, None);
    assert!(later.catch_up(BUDGET).unwrap().jobs.is_empty());
    let body = Fixture::Video.body();
    machine.came("https://relay.example", 2, &body);
    assert_eq!(later.catch_up(BUDGET).unwrap().jobs, [id(&body)]);
}

#[test]
fn what_kreel_made_is_told_apart_by_where_it_is_kept() {
    let mut machine = Machine::new();
    let body = Fixture::Image.body();
    machine.came(MADE_HERE, 1, &body);
    machine.gather.catch_up(BUDGET).unwrap();
    let evidence = machine.gather.evidence(&id(&body)).unwrap();
    assert!(evidence.deliveries[0].is_synthesised && !evidence.has_come());
    assert_eq!(machine.gather.path_of(None).unwrap(), "");
}

#[test]
fn addresses_are_known_as_ours_or_not() {
    let mut machine = Machine::new();
    let mut known = KnownJob {
        id: JobId::new("1"),
        path: "/styles/train".to_owned(),
        kind: None,
        model: None,
        parameters: None,
        started_at: Timestamp::now(),
        webhook_url: Some("https://relay.example/shop/hook?a=%2F".to_owned()),
        is_own_webhook: true,
        own_webhook_url: None,
    };
    assert!(!machine.gather.is_elsewhere(&known));
    assert_eq!(machine.gather.path_of(Some(&known)).unwrap(), "/hook?a=%2F");
    for (url, is_elsewhere, path) in [
        ("https://shop.example/hook", true, ""),
        ("https://relay.example/shop1", true, ""),
        ("http://127.0.0.1:3000/hook?x", false, "/hook?x"),
        ("https://relay.example/shop", false, ""),
    ] {
        known.webhook_url = Some(url.to_owned());
        assert_eq!(machine.gather.path_of(Some(&known)).unwrap(), path, "{url}");
        assert_eq!(machine.gather.is_elsewhere(&known), is_elsewhere, "{url}");
    }
}

#[test]
fn a_history_that_is_not_there_yet_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::in_memory().unwrap());
    let mut gather = Gather::new(ledger, &folder.path().join("none.db"), None);
    assert!(gather.catch_up(BUDGET).unwrap().is_end);
    assert!(gather.page(None, 5, OVERDUE).unwrap().is_empty());
}
