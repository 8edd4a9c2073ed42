//! `kreel types`: what it prints for what came is taken by the languages' own compilers, and holds
//! for each delivery it was found from.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Home, LocalApp, TestClient, TestRelay, packages, programs};

/// Three that came: some fields are not in all of them, some are null, some names are no names.
const BODIES: [&str; 3] = [
    r#"{"job_id":"a","type":1,"result":{"urls":["https://x.example/1.png"]},"took":1.5,"a-b":true,"error":null}"#,
    r#"{"job_id":"b","type":2,"took":2.25,"error":{"code":7,"class":"limit"},"tags":[]}"#,
    r#"{"job_id":"c","type":3,"took":0.5,"error":null,"tags":["x"],"result":{"urls":[],"style":"no"}}"#,
];

/// What is not of the type: `job_id` was in every one.
const OTHER: &str = r#"{"type":1,"took":1.5,"error":null}"#;

/// The type of what came, in this language.
async fn typed(lang: &str) -> String {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    for body in BODIES {
        client.sender().post("/hook", body).await;
    }
    // Neither of these is a sample: one is elsewhere, one is no JSON.
    client.sender().post("/other", "[1]").await;
    client.sender().post("/hook", "not JSON").await;
    client.has_on_record("answered", 5).await;
    let words = ["types", "--filter", "path:/hook", "--name", "krea job"];
    let told = client.beside(&words).args(&["--lang", lang]);
    let told = told.path("--history", &client.history()).run().await;
    assert!(told.stderr.contains("1 left out"), "{told}");
    told.success().to_owned()
}

#[tokio::test]
async fn rust_takes_its_structures() {
    let Some(rustc) = programs::find("rustc") else {
        return;
    };
    let home = Home::new();
    let folder = home.project();
    std::fs::write(folder.join("generated.rs"), typed("rust").await).unwrap();
    let program = r#"
        mod generated;
        fn main() {
            for body in std::env::args().skip(1) {
                match serde_json::from_str::<generated::KreaJob>(&body) {
                    Ok(job) => {
                        let whole: serde_json::Value = serde_json::from_str(&body).unwrap();
                        assert_eq!(serde_json::to_value(&job).unwrap(), whole, "as it came");
                        println!("{} {}", job.job_id, job.result.is_some());
                    }
                    Err(error) => println!("{error}"),
                }
            }
        }
    "#;
    std::fs::write(folder.join("main.rs"), program).unwrap();
    let probe = "#[derive(serde::Deserialize)] struct A; \
                 fn main() { let _ = serde_json::from_str::<A>(\"null\"); }";
    std::fs::write(folder.join("probe.rs"), probe).unwrap();
    // What was built for kreel itself serves: nothing is compiled but this.
    let build = std::env::current_exe().unwrap();
    let build = build.parent().unwrap();
    for (serde, json) in pairs(build) {
        let options = |file: &'static str, emit: &'static str| {
            [
                file.to_owned(),
                "--edition=2021".to_owned(),
                format!("--emit={emit}"),
                format!("--extern=serde={}", serde.display()),
                format!("--extern=serde_json={}", json.display()),
                format!("-Ldependency={}", build.display()),
                "--allow=dead_code".to_owned(),
                "--deny=warnings".to_owned(),
            ]
        };
        // There may be several builds, of which some do not go together.
        let rust = async |file, emit| {
            let options = options(file, emit);
            let words: Vec<&str> = options.iter().map(String::as_str).collect();
            packages::run(&rustc, &words, &folder).await
        };
        if !rust("probe.rs", "metadata").await.status.success() {
            continue;
        }
        let built = rust("main.rs", "link").await;
        assert!(built.status.success(), "{built:?}");
        let words = [&BODIES[..], &[OTHER]].concat();
        let ran = packages::run(&folder.join("main"), &words, &folder).await;
        assert!(ran.status.success(), "{ran:?}");
        let told = String::from_utf8_lossy(&ran.stdout);
        let told: Vec<&str> = told.lines().collect();
        assert_eq!(told[..3], ["a true", "b false", "c true"]);
        assert!(told[3].starts_with("missing field `job_id`"), "{told:?}");
        return;
    }
    panic!("no build of serde and serde_json in {}", build.display());
}

/// Builds of serde, each with each of `serde_json`.
fn pairs(folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    let all = |beginning: &str| -> Vec<PathBuf> {
        let files = std::fs::read_dir(folder).unwrap();
        let files = files.map(|entry| entry.unwrap().path());
        let is_one = |file: &PathBuf| {
            let name = file.file_name().unwrap().to_string_lossy();
            name.starts_with(beginning) && name.ends_with(".rlib")
        };
        files.filter(is_one).collect()
    };
    let json = all("libserde_json-");
    let pairs = all("libserde-");
    let pairs = pairs
        .iter()
        .flat_map(|serde| json.iter().map(|json| (serde.clone(), json.clone())));
    pairs.collect()
}

#[tokio::test]
async fn typescript_takes_its_interfaces() {
    let Some(node) = programs::find("node") else {
        return;
    };
    let home = Home::new();
    let folder = home.project();
    if !packages::npm(&folder, &["typescript"]).await {
        return;
    }
    std::fs::write(folder.join("generated.ts"), typed("ts").await).unwrap();
    // A field that is not declared, too, is a fault in a literal.
    let check = format!(
        "import type {{ KreaJob }} from './generated';\n\
         export const came: KreaJob[] = [{}];\n\
         export const style: string | undefined = came[0].result?.style;\n\
         // @ts-expect-error: it has no job_id\n\
         export const other: KreaJob = {OTHER};\n\
         // @ts-expect-error: it may be absent\n\
         export const urls: string[] = came[0].result.urls;\n",
        BODIES.join(", ")
    );
    std::fs::write(folder.join("check.ts"), check).unwrap();
    let tsc = "node_modules/.bin/tsc";
    let words = [
        tsc, "--noEmit", "--strict", "--target", "es2022", "check.ts",
    ];
    let ran = packages::run(&node, &words, &folder).await;
    assert!(ran.status.success(), "{ran:?}");
}

#[tokio::test]
async fn python_takes_its_dictionaries() {
    let Some(python) = programs::find("python3") else {
        return;
    };
    let home = Home::new();
    let folder = home.project();
    if !packages::pip(&folder, &["mypy"]).await {
        return;
    }
    std::fs::write(folder.join("generated.py"), typed("python").await).unwrap();
    let literal = |body: &str| {
        let value: Value = serde_json::from_str(body).unwrap();
        python_literal(&value)
    };
    let came: Vec<String> = BODIES.iter().map(|body| literal(body)).collect();
    let check = format!(
        "from generated import KreaJob\n\
         came: list[KreaJob] = [{}]\n\
         other: KreaJob = {}  # type: ignore[typeddict-item]\n\
         def code() -> int:\n\
         \x20   return came[0][\"error\"][\"code\"]  # type: ignore[index]\n\
         print(len(came))\n",
        came.join(", "),
        literal(OTHER)
    );
    std::fs::write(folder.join("check.py"), check).unwrap();
    // An exception that is not needed is a fault.
    let script = "import sys; sys.path.insert(0, 'lib'); from mypy import api; \
                  out, err, code = api.run(['--strict', '--exclude', 'lib', 'check.py']); \
                  print(out, err); sys.exit(code)";
    let ran = packages::run(&python, &["-c", script], &folder).await;
    assert!(ran.status.success(), "{ran:?}");
    let ran = packages::run(&python, &["check.py"], &folder).await;
    assert_eq!(String::from_utf8_lossy(&ran.stdout).trim(), "3", "{ran:?}");
}

fn python_literal(value: &Value) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(values) => {
            format!("[{}]", list(values.iter().map(python_literal).collect()))
        }
        Value::Object(fields) => {
            let field =
                |(key, value): (&String, &Value)| format!("{key:?}: {}", python_literal(value));
            format!("{{{}}}", list(fields.iter().map(field).collect()))
        }
    }
}

#[tokio::test]
async fn its_schema_holds_for_each_of_them() {
    let schema: Value = serde_json::from_str(&typed("json-schema").await).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for body in BODIES {
        let value: Value = serde_json::from_str(body).unwrap();
        let faults: Vec<_> = validator.iter_errors(&value).collect();
        assert!(faults.is_empty(), "{body}: {faults:?}");
    }
    assert!(!validator.is_valid(&serde_json::from_str(OTHER).unwrap()));
    let required = schema["required"].as_array().unwrap();
    let required: Vec<_> = required.iter().map(|key| key.as_str().unwrap()).collect();
    assert_eq!(required, ["job_id", "type", "took", "error"]);
}

#[tokio::test]
async fn nothing_that_was_picked_is_not_taken_for_what_is_no_json() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    client.sender().post("/hook", "no JSON").await;
    client.has_on_record("answered", 1).await;
    for (filter, why) in [
        ("path:/nomatch", "the filter picks nothing"),
        ("path:/hook", "none of them has a body that is JSON"),
    ] {
        let words = ["types", "--filter", filter, "--lang", "rust"];
        let told = client.beside(&words).run().await;
        told.failed(1, "KR0345", &[why]);
    }
}
