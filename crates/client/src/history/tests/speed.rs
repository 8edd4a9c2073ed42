//! What the record of a delivery costs. Figures, not verdicts: run by hand, in release.

use std::time::{Duration, Instant};

use kreel_wire::Kind;

use super::super::Standing;
use super::support::{Desk, Folder, begin, delivery, ended};

#[tokio::test]
#[ignore = "prints figures: cargo test --release -p kreel-client -- --ignored --nocapture cost"]
async fn the_cost_of_a_delivery() {
    const COUNT: u64 = 200_000;
    for apart in [0, 64, 1_000] {
        let folder = Folder::new();
        let desk = Desk::new(&folder.open());
        let began = (Instant::now(), cpu());
        let mut open = std::collections::VecDeque::new();
        let body = bytes::Bytes::from(vec![b'x'; 600]);
        let mut putting = Duration::ZERO;
        for seq in 0..COUNT {
            let came = delivery(seq, Kind::Live);
            let job = begin(&came, body.clone(), true);
            let before = Instant::now();
            desk.put(job);
            putting += before.elapsed();
            open.push_back(came);
            if open.len() > apart {
                let came = open.pop_front().unwrap();
                let job = ended(&came, Standing::Answered, 1);
                let before = Instant::now();
                desk.put(job);
                putting += before.elapsed();
            }
            let jobs = desk.recorder.jobs();
            std::future::poll_fn(|cx| jobs.poll_below(8 * 1024 * 1024, cx)).await;
        }
        desk.recorder.close().await;
        let per = |time: Duration| time.as_secs_f64() * 1e6 / COUNT as f64;
        let bytes = std::fs::metadata(folder.file()).unwrap().len() / COUNT;
        println!(
            "ended {apart} later: {:.1} µs of CPU each (thread {:.1}), {:.1} µs to put, {:.0} a second, {bytes} B each",
            per(cpu() - began.1),
            per(thread_cpu()),
            per(putting),
            COUNT as f64 / began.0.elapsed().as_secs_f64(),
        );
    }
}

#[tokio::test]
#[ignore = "prints figures, as above"]
async fn the_time_to_open() {
    let folder = Folder::new();
    for what in ["new", "old", "old"] {
        let began = Instant::now();
        let history = folder.open();
        let opened = began.elapsed();
        let mut desk = Desk::new(&history);
        println!(
            "{what}: open {opened:?}, with a recorder {:?}",
            began.elapsed()
        );
        desk.settle().await;
        let began = Instant::now();
        desk.put(super::support::receive(
            &delivery(1, Kind::Queued),
            "x",
            true,
        ));
        desk.told().await;
        println!("a synced delivery: {:?}", began.elapsed());
    }
}

#[tokio::test]
#[ignore = "prints figures, as above"]
async fn the_time_of_a_look() {
    use super::super::{From, Reader, Scope};
    const COUNT: u64 = 1_000_000;
    let folder = Folder::new();
    let tunnel: kreel_wire::TunnelName = "my-app".parse().unwrap();
    super::super::fill(&folder.file(), &tunnel, COUNT).unwrap();
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    for (text, from) in [
        ("", From::Newest),
        ("", From::Around(COUNT as i64 / 2)),
        ("tunnel:my-app", From::Before(COUNT as i64 / 2)),
        ("status:2xx", From::Newest),
        ("status:5xx", From::Newest),
        ("status:5xx method:put", From::After(5)),
        ("is:marked", From::Newest),
        ("is:replay", From::Newest),
        ("krea", From::Newest),
        ("harbour gulls", From::Newest),
        ("job33", From::Newest),
        ("header:x-request-id", From::Newest),
        ("jq:.status == \"completed\"", From::Newest),
        ("method:put", From::Newest),
        ("status:201", From::Newest),
        ("path:/nowhere", From::Newest),
        ("header:x-odd", From::Newest),
        ("jq:.job_id == \"job33\"", From::Newest),
    ] {
        let scope = Scope {
            tunnel: Some(tunnel.clone()),
            filter: Some(text.parse().unwrap()),
            ..Scope::default()
        };
        let times: Vec<_> = (0..3)
            .map(|_| {
                let began = Instant::now();
                let page = reader
                    .look(&scope, from, 50, Duration::from_secs(600))
                    .unwrap();
                (began.elapsed(), page.rows.len())
            })
            .collect();
        println!("{text:40} {times:?}");
    }
}

/// CPU of the last recorder's thread, as it told on its way out.
fn thread_cpu() -> Duration {
    super::super::recorder::LAST_CPU
        .lock()
        .map(|cpu| *cpu)
        .unwrap_or_default()
}

/// CPU of this process.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind.split_whitespace().skip(11).take(2);
    Duration::from_millis(
        ticks
            .filter_map(|ticks| ticks.parse::<u64>().ok())
            .sum::<u64>()
            * 10,
    )
}
