//! The example for GitHub Actions: its steps in order, under `bash -e`, with the job's variables and
//! a relay of the story's.

use std::path::Path;

use saphyr::{LoadableYamlNode as _, Yaml};

use super::{Project, Ran, block};
use crate::support::{DEADLINE, TestRelay, eventually, free_port, programs, schema};

/// The app of the example: it says that it is there, and remembers what it got. It leaves by itself
/// should the story not be able to end it.
const SERVER: &str = "
const { appendFileSync, writeFileSync } = require('node:fs');
setTimeout(() => process.exit(), 120000);
require('node:http').createServer((request, response) => {
  let body = '';
  request.on('data', (piece) => { body += piece; });
  request.on('end', () => {
    appendFileSync('got.ndjson', JSON.stringify({ url: request.url, body }) + '\\n');
    response.writeHead(Number(process.env.APP_STATUS ?? 200));
    response.end('taken');
  });
}).listen(process.env.APP_PORT, '127.0.0.1', () => writeFileSync('pid', String(process.pid)));
";

/// What the example has to be installed with.
const INSTALLER: &str = "#!/bin/sh
test \"$*\" = 'install --locked --git https://git.example/kreel kreel-cli' || exit 1
echo installed >> \"$HOME/installed\"
";

/// The job of the example, its expressions replaced as GitHub would.
struct Job {
    project: Project,
    steps: Vec<String>,
}

/// Ends the app that a step has left running.
struct Left<'a>(&'a Project);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        let pid = std::fs::read_to_string(self.0.file("pid")).ok();
        let pid = pid.and_then(|pid| rustix::process::Pid::from_raw(pid.parse().ok()?));
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

fn text<'a>(node: &'a Yaml<'_>, name: &str) -> &'a str {
    let value = node.as_mapping_get(name);
    let value = value.unwrap_or_else(|| panic!("no {name} in {node:?}"));
    value
        .as_str()
        .unwrap_or_else(|| panic!("{name} is no text"))
}

impl Job {
    /// The example's one job, for this relay.
    async fn of(relay: &TestRelay) -> Self {
        let token = std::fs::read_to_string(relay.token_file()).unwrap();
        let filled = |text: &str| {
            let filled = text
                .replace("${{ secrets.KREEL_RELAY }}", relay.url())
                .replace("${{ secrets.KREEL_TOKEN }}", token.trim())
                .replace("${{ github.run_id }}", "17043")
                .replace("${{ github.run_attempt }}", "2")
                .replace("${{ vars.KREEL_REPOSITORY }}", "https://git.example/kreel");
            assert!(!filled.contains("${{"), "{filled}");
            filled
        };
        let documents = Yaml::load_from_str(block("yaml")).unwrap();
        assert_eq!(documents.len(), 1);
        let job = documents[0].as_mapping_get("jobs").unwrap();
        let job = job.as_mapping_get("webhooks").unwrap();
        assert_eq!(text(job, "runs-on"), "ubuntu-latest");

        let mut project = Project::new();
        let variables = job.as_mapping_get("env").unwrap().as_mapping().unwrap();
        for (name, value) in variables {
            let number = value.as_integer().map(|number| number.to_string());
            let value = number.unwrap_or_else(|| filled(value.as_str().unwrap()));
            project.set(name.as_str().unwrap(), &value);
        }
        // The port of the example may be taken on this machine; of two values the last counts.
        assert!(
            project
                .variables
                .contains(&("APP_PORT".to_owned(), "3000".to_owned()))
        );
        project.set("APP_PORT", &free_port().to_string());
        project.program("cargo", INSTALLER);
        std::fs::write(project.file("server.js"), SERVER).unwrap();

        let steps = job.as_mapping_get("steps").unwrap();
        let steps = steps.as_sequence().unwrap().iter();
        let runs = steps.filter_map(|step| step.as_mapping_get("run"));
        let steps: Vec<_> = runs.map(|run| filled(run.as_str().unwrap())).collect();
        assert_eq!(steps.len(), 3, "kreel, the app, and what comes through");
        Self { project, steps }
    }

    /// Runs the steps until one fails, as a runner does.
    async fn run(&self, bash: &Path) -> Ran {
        let mut last = None;
        for (number, step) in self.steps.iter().enumerate() {
            let ran = self.project.run(bash, &["-e"], step).await;
            if number == 1 {
                eventually("the app is there", DEADLINE, || {
                    self.project.file("pid").exists()
                })
                .await;
            }
            let failed = ran.code != Some(0);
            last = Some(ran);
            if failed {
                break;
            }
        }
        last.expect("it has steps")
    }
}

#[tokio::test]
async fn the_steps_pass_as_they_stand() {
    let programs = ["bash", "jq", "node"].map(programs::find);
    let [Some(bash), Some(_), Some(_)] = programs else {
        return;
    };
    let relay = TestRelay::start().await;
    let job = Job::of(&relay).await;
    let _left = Left(&job.project);
    let ran = job.run(&bash).await;
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(!ran.stderr.contains("error"), "{ran:#?}");
    assert!(job.project.home.path().join("installed").exists());
    let got = job.project.read("got.ndjson");
    assert_eq!(got.lines().count(), 1, "{got}");
    assert!(
        got.contains("\"url\":\"/hook\"") && got.contains("completed"),
        "{got}"
    );
    let report = job.project.read("report.xml");
    assert!(
        report.contains("the app takes jobs") && report.contains("failures=\"0\""),
        "{report}"
    );
    let events = schema::lines(&job.project.read("events.ndjson"));
    assert_eq!(
        events.last().unwrap()["type"],
        "stopped",
        "kreel was ended, and in good order"
    );
    let ready = events
        .iter()
        .find(|event| event["type"] == "ready")
        .unwrap();
    assert_eq!(ready["tunnel"], "ci-17043-2");
}

#[tokio::test]
async fn the_steps_fail_when_the_app_does_and_when_kreel_does() {
    let programs = ["bash", "jq", "node"].map(programs::find);
    let [Some(bash), Some(_), Some(_)] = programs else {
        return;
    };
    let relay = TestRelay::start().await;
    let mut job = Job::of(&relay).await;
    job.project.set("APP_STATUS", "500");
    let _left = Left(&job.project);
    let ran = job.run(&bash).await;
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stderr.contains("KR0605"), "{ran:#?}");

    // A relay that refuses it ends `listen`, and so the loop that waits for it.
    let mut job = Job::of(&relay).await;
    job.project
        .set("KREEL_TOKEN", &format!("kreel_{}", "stranger".repeat(5)));
    let _left = Left(&job.project);
    let ran = job.run(&bash).await;
    assert_ne!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stderr.contains("KR0201"), "{ran:#?}");
}
