//! Reports for CI servers: JUnit, read by an XML parser that is not ours, and TAP, line by line.

use std::path::Path;

use serde_json::{Value, json};

use super::{over, past};
use crate::support::{LocalApp, TestRelay, packages, programs};

/// Prints an XML file as JSON: tag, attributes, text and children of each element.
const READER: &str = "
import json, sys
import xml.etree.ElementTree as tree
def read(it):
    return [it.tag, dict(it.attrib), it.text or '', [read(child) for child in it]]
print(json.dumps(read(tree.parse(sys.argv[1]).getroot())))
";

/// The root of an XML file.
async fn parsed(python: &Path, file: &Path) -> Value {
    let args = ["-c", READER, file.to_str().unwrap()];
    let ran = packages::run(python, &args, file.parent().unwrap()).await;
    assert!(ran.status.success(), "{ran:?}");
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// The tests of the file's one suite, which must count them right.
fn cases(root: &Value) -> Vec<Value> {
    assert_eq!(root[0], "testsuites", "{root}");
    let suite = &root[3][0];
    assert_eq!(suite[0], "testsuite", "{root}");
    let cases = suite[3].as_array().unwrap().clone();
    let failed = |case: &&Value| {
        case[3]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it[0] == "failure")
    };
    let failures = cases.iter().filter(failed).count();
    for element in [root, suite] {
        assert_eq!(element[1]["tests"], cases.len().to_string(), "{root}");
        assert_eq!(element[1]["failures"], failures.to_string(), "{root}");
        assert_eq!(element[1]["errors"], "0", "{root}");
    }
    cases
}

#[tokio::test]
async fn a_junit_report_is_what_an_xml_parser_reads() {
    let Some(python) = programs::find("python3") else {
        return;
    };
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(503).await);
    let client = past(&relay, &app, &["/hook?a=1&b=%3C", "/hook?a='&'"]).await;
    let file = client.history().with_file_name("report.xml");
    let name = "the \"app\" takes <jobs> & answers";
    let words = [
        "assert",
        "path:/hook",
        "--since",
        "1h",
        "--within",
        "200ms",
        "--name",
        name,
    ];
    let run = |more: &[&str]| over(&client, &words).path("--junit", &file).args(more);

    run(&["--count", "2"]).run().await.success();
    let held = cases(&parsed(&python, &file).await);
    assert_eq!(held.len(), 1);
    assert_eq!(held[0][1]["name"], name);
    assert_eq!(held[0][1]["classname"], "kreel");
    let time: f64 = held[0][1]["time"].as_str().unwrap().parse().unwrap();
    assert!(time >= 0.2, "{held:?}");
    let out = &held[0][3][0];
    assert_eq!(out[0], "system-out");
    assert_eq!(out[2], "POST /hook?a=1&b=%3C 503\nPOST /hook?a='&' 503");

    // It takes the place of the one before, as CI servers want it.
    run(&["--count", "0"]).run().await.failed(1, "KR0341", &[]);
    let broken = cases(&parsed(&python, &file).await);
    let failure = broken[0][3]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it[0] == "failure");
    let failure = failure.expect("a failure");
    assert_eq!(failure[1]["type"], "too many", "{failure}");
    let message = failure[1]["message"].as_str().unwrap();
    assert!(
        message.contains("2 deliveries for \"path:/hook\", where none should be"),
        "{failure}"
    );
    run(&["--count", "3.."])
        .run()
        .await
        .failed(6, "KR0340", &[]);
    let broken = cases(&parsed(&python, &file).await);
    assert!(broken[0].to_string().contains("too few"), "{broken:?}");

    // `kreel wait` reports, too, also when time is up.
    let wait = |filter: &'static str, code: i32| {
        let words = ["wait", filter, "--since", "1h", "--timeout", "200ms"];
        let kreel = over(&client, &words).path("--junit", &file);
        async move { assert_eq!(kreel.run().await.code, Some(code), "{filter}") }
    };
    wait("status:503", 0).await;
    let case = &cases(&parsed(&python, &file).await)[0];
    assert_eq!(case[1]["name"], json!("status:503"));
    wait("status:2xx", 6).await;
    let case = &cases(&parsed(&python, &file).await)[0];
    assert!(case.to_string().contains("too few"), "{case}");

    let nowhere = file.join("no/such/folder.xml");
    let told = over(&client, &words).path("--junit", &nowhere).run().await;
    told.failed(1, "KR0306", &["can't write"]);
    // That is known before anything is waited for.
    let long = ["assert", "path:/never", "--within", "1h"];
    let told = over(&client, &long).path("--junit", &nowhere).run().await;
    told.failed(1, "KR0306", &["can't write"]);
    // A report that can't be written takes no verdict away.
    let full = Path::new("/dev/full");
    let told = over(&client, &words)
        .path("--junit", full)
        .args(&["--count", "0"]);
    let told = told.run().await;
    told.failed(1, "KR0341", &["it does not hold", "can't write /dev/full"]);
    let told = over(&client, &words).path("--junit", full).run().await;
    told.failed(1, "KR0306", &["holds: ", "can't write /dev/full"]);
}

#[tokio::test]
async fn tap_is_as_the_specification_has_it() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/hook"]).await;
    let words = [
        "assert",
        "path:/hook",
        "--since",
        "1h",
        "--within",
        "200ms",
        "--tap",
    ];
    let run = |more: &[&str]| {
        let kreel = over(&client, &words).args(more);
        async move { kreel.run().await }
    };
    let held = run(&["--name", "job #7 \\ done\nnot ok 9"]).await;
    let lines: Vec<&str> = held.success().lines().collect();
    assert_eq!(lines[..2], ["TAP version 14", "1..1"], "{held}");
    assert!(lines[2].starts_with("ok 1 - job \\#7 \\\\ done"), "{held}");
    assert_eq!(lines.len(), 3, "a name has no line of its own: {held}");

    for (count, code) in [("0", 1), ("2", 6)] {
        let broken = run(&["--count", count]).await;
        assert_eq!(broken.code, Some(code), "{broken}");
        let lines: Vec<&str> = broken.stdout.lines().collect();
        assert_eq!(
            lines[..3],
            ["TAP version 14", "1..1", "not ok 1 - path:/hook"]
        );
        assert_eq!(
            (lines[3], *lines.last().unwrap()),
            ("  ---", "  ..."),
            "{broken}"
        );
        let block = &lines[4..lines.len() - 1];
        let keys: Vec<&str> = block
            .iter()
            .map(|line| line.split(": ").next().unwrap())
            .collect();
        assert_eq!(keys, ["  message", "  why"], "{broken}");
        for line in block {
            let (_, value) = line.split_once(": ").unwrap();
            serde_json::from_str::<String>(value).unwrap();
        }
    }
    let waited = over(&client, &["wait", "path:/hook", "--since", "1h", "--tap"])
        .run()
        .await;
    assert_eq!(
        waited.success(),
        "TAP version 14\n1..1\nok 1 - path:/hook\n"
    );
}
