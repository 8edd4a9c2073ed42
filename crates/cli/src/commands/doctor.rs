//! `kreel doctor`: each step between a sender and the app looked at by itself, in the order in
//! which one needs the other. What fails is told with its cause; what can't be looked at because
//! of that is left out.

mod report;
mod round;
mod steps;

use clap::ArgMatches;
use kreel_client::{ProbeConfig, RelayUrl, Target, look_for_app};

use self::report::Report;
use crate::args::DoctorArgs;
use crate::embedded::Embedded;
use crate::exit::Exit;
use crate::log;
use crate::options::Remote;
use crate::paths::Paths;
use crate::problem::{Code, Problem, Result};
use crate::project::Project;
use crate::runtime;
use crate::settings::{Layers, Settings};
use crate::tunnels::{Tunnels, random_name};

/// Looks, and tells what it finds as it finds it.
pub(crate) fn run(args: &DoctorArgs, matches: &ArgMatches) -> Result<Exit> {
    let (project, paths) = (Project::find()?, Paths::find()?);
    let typed = |from| Settings::of_doctor(args, matches, from);
    let layers = Layers::gather(typed, &project, &paths)?;
    let target = layers.value(|settings| &settings.forward_to);
    let mut report = Report::new(args.json);
    log::start("error");
    runtime::on_this_thread()?.block_on(async {
        match Remote::resolve(&layers)? {
            Some(remote) => elsewhere(&mut report, &remote, &paths).await?,
            None => inside(&mut report).await?,
        }
        match &target {
            Some(target) => app(&mut report, target).await,
            None => report.skipped("app", "none is named; `kreel doctor 3000` looks for one"),
        }
        Ok(())
    })?;
    report.end()
}

/// A relay elsewhere, from its name to the whole way around.
async fn elsewhere(report: &mut Report, remote: &Remote, paths: &Paths) -> Result<()> {
    let config = ProbeConfig {
        relay: remote.url.clone(),
        relay_ca: remote.ca.clone(),
        token: Some(remote.token.clone()),
    };
    if !steps::name(report, &remote.url).await {
        return Ok(());
    }
    if !steps::relay(report, &config).await {
        return Ok(());
    }
    // One tunnel for all examinations, so that relays do not collect them.
    let name = Tunnels::of(paths).recall_or_make(
        &format!("{} (doctor)", remote.url),
        &Project::at(&paths.tunnels()),
    )?;
    round::all_the_way(report, remote.clone(), name).await
}

/// Without a relay: the one `listen` would start inside itself.
async fn inside(report: &mut Report) -> Result<()> {
    let what = "none is configured; kreel runs one of its own, which this machine alone can reach";
    report.fine("relay", what, None);
    let folder = tempfile::tempdir().map_err(|error| no_room(&error))?;
    let relay = Embedded::start(folder.path(), 0).await?;
    let result = round::all_the_way(report, relay.remote.clone(), random_name()?).await;
    relay.stop().await;
    result
}

async fn app(report: &mut Report, target: &Target) {
    match look_for_app(target).await {
        Ok(()) => report.fine("app", &format!("something listens at {target}"), None),
        Err(absent) => report.failed(
            "app",
            Problem::new(
                Code::AppAbsent,
                format!("the app at {target} can't be reached"),
                absent,
                "start it, or name the port it really has",
            ),
        ),
    }
}

fn no_room(error: &std::io::Error) -> Problem {
    Problem::new(
        Code::SystemRefused,
        "the examination can't start",
        error,
        "check that there is room in the folder for temporary files, and a free port",
    )
}

/// What a sender would use of a public address.
fn as_sender(remote: &Remote, url: &str) -> Option<ProbeConfig> {
    let relay: RelayUrl = url.parse().ok()?;
    Some(ProbeConfig {
        relay,
        relay_ca: remote.ca.clone(),
        token: None,
    })
}
