//! The handlers of `docs/guide.md`, word for word, behind kreel: what stands there works.
//!
//! Only the port is another, since a fixed one may be taken.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::sleep;

use crate::support::{
    DEADLINE, Home, Process, TestClient, TestRelay, free_port, packages, programs, within,
};

const GUIDE: &str = include_str!("../docs/guide.md");

/// How long a compiler may take for a handler and its framework: 5 minutes.
const COMPILING: Duration = Duration::from_secs(300);

/// How long a framework may take to be loaded: 2 minutes.
const STARTING: Duration = Duration::from_secs(120);

/// The first block of code under this heading.
fn block(heading: &str) -> &'static str {
    let (_, section) = GUIDE.split_once(heading).expect("the heading");
    let (_, fenced) = section.split_once("\n```").expect("a block");
    let (_, code) = fenced.split_once('\n').expect("its first line");
    let (code, _) = code.split_once("\n```").expect("its end");
    code
}

/// The block with this port in the place of its own, which it must name once.
fn block_on(heading: &str, port: u16) -> String {
    let code = block(heading);
    assert_eq!(code.matches("3000").count(), 1, "{code}");
    code.replace("3000", &port.to_string())
}

/// Waits until the app listens; frameworks take their time to be loaded.
async fn listens(app: &mut Process, port: u16) {
    let what = "an app that listens";
    within(what, STARTING, async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(app.is_running(), "{}", app.trouble("ended"));
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// Posts Krea's webhooks through a tunnel to the handler, and waits for what it prints.
async fn works(mut app: Process, port: u16, prints: &[&str], repeats: bool) {
    listens(&mut app, port).await;
    let relay = TestRelay::start().await;
    let target = format!("{port}/api/hook");
    let client = TestClient::listen(&relay, target.as_str(), &[]).await;
    let done = json!({
        "job_id": "job-1",
        "status": "completed",
        "result": {"urls": ["https://media.example/1.png"]},
    });
    let failed = json!({"job_id": "job-2", "status": "failed", "error": {"message": "too odd"}});
    let mut posts = vec![done.clone()];
    if repeats {
        posts.push(done);
    }
    posts.push(failed);
    for job in posts {
        let post = crate::support::Post::new("POST", "");
        let post = post.header("Content-Type", "application/json");
        let answer = client.sender().send(post.body(job.to_string())).await;
        assert_eq!(answer.status(), 200, "{}\n{}", answer.text(), app.stderr());
    }
    for (place, text) in prints.iter().enumerate() {
        loop {
            let line = app.line(text, DEADLINE).await;
            let line = line.unwrap_or_else(|| panic!("{}", app.trouble("ended")));
            if line.contains(*text) {
                break;
            }
            let is_again = |earlier: &&str| line.contains(*earlier);
            assert!(!prints[..place].iter().any(is_again), "again: {line}");
        }
    }
}

fn start(name: &str, command: &mut Command, folder: &Path) -> Process {
    Process::start(name, command.current_dir(folder))
}

#[tokio::test]
async fn the_handler_for_express_works() {
    let Some(node) = programs::find("node") else {
        return;
    };
    let (home, port) = (Home::new(), free_port());
    let folder = home.project();
    if !packages::npm(&folder, &["express"]).await {
        return;
    }
    std::fs::write(folder.join("app.mjs"), block_on("### Express\n", port)).unwrap();
    let app = start("express", Command::new(node).arg("app.mjs"), &folder);
    let prints = ["done [ 'https://media.example/1.png' ]", "failed too odd"];
    works(app, port, &prints, true).await;
}

#[tokio::test]
async fn the_handler_for_fastapi_works() {
    let Some(python) = programs::find("python3") else {
        return;
    };
    let (home, port) = (Home::new(), free_port());
    let folder = home.project();
    if !packages::pip(&folder, &["fastapi", "uvicorn"]).await {
        return;
    }
    std::fs::write(folder.join("main.py"), block("### FastAPI\n")).unwrap();
    assert!(GUIDE.contains("`uvicorn main:app --port 8000`"));
    let mut uvicorn = Command::new(python);
    uvicorn
        .args(["-m", "uvicorn", "main:app", "--port", &port.to_string()])
        .env("PYTHONPATH", "lib")
        .env("PYTHONUNBUFFERED", "1");
    let app = start("uvicorn", &mut uvicorn, &folder);
    let prints = [
        "job-1 completed ['https://media.example/1.png']",
        "job-2 failed None",
    ];
    works(app, port, &prints, false).await;
}

/// Its types are taken away and Next.js's part is played by a few lines, since the whole framework
/// has hundreds of megabytes.
#[tokio::test]
async fn the_handler_for_next_works() {
    let Some(node) = programs::find("node") else {
        return;
    };
    let (home, port) = (Home::new(), free_port());
    let folder = home.project();
    if !packages::npm(&folder, &["esbuild"]).await {
        return;
    }
    std::fs::write(folder.join("route.ts"), block("### Next.js\n")).unwrap();
    let words = ["route.ts", "--format=esm", "--outfile=route.mjs"];
    let esbuild = folder.join("node_modules/.bin/esbuild");
    let ran = packages::run(&esbuild, &words, &folder).await;
    assert!(ran.status.success(), "{ran:?}");
    let next = folder.join("node_modules/next");
    std::fs::create_dir(&next).unwrap();
    let package = r#"{"type": "module", "exports": {"./server": "./server.js"}}"#;
    std::fs::write(next.join("package.json"), package).unwrap();
    let after = "export const after = (task) => setImmediate(task);";
    std::fs::write(next.join("server.js"), after).unwrap();
    let server = "
        import http from 'node:http';
        import { POST } from './route.mjs';
        http.createServer(async (incoming, outgoing) => {
            const { method, headers } = incoming;
            const options = { method, headers, body: incoming, duplex: 'half' };
            const answer = await POST(new Request('http://localhost' + incoming.url, options));
            outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
            outgoing.end(await answer.text());
        }).listen(Number(process.argv[2]), '127.0.0.1');
    ";
    std::fs::write(folder.join("server.mjs"), server).unwrap();
    let mut server = Command::new(node);
    server.args(["server.mjs", &port.to_string()]);
    let app = start("next", &mut server, &folder);
    let prints = [
        "job-1 completed [ 'https://media.example/1.png' ]",
        "job-2 failed undefined",
    ];
    works(app, port, &prints, false).await;
}

#[tokio::test]
async fn the_handler_for_axum_works() {
    let Some(cargo) = programs::find("cargo") else {
        return;
    };
    let (home, port) = (Home::new(), free_port());
    let folder = home.project();
    std::fs::create_dir(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/main.rs"), block_on("### axum\n", port)).unwrap();
    let manifest = r#"
        [package]
        name = "handler"
        version = "0.1.0"
        edition = "2024"
        [dependencies]
        axum = "0.8"
        serde_json = "1"
        tokio = { version = "1", features = ["macros", "net", "rt-multi-thread"] }
        [profile.dev]
        debug = false
        [workspace]
    "#;
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    // Beside our own build, so that a second run has the framework built already.
    let target = build_folder().join("guide-axum");
    let mut build = Command::new(cargo);
    build
        .args(["build", "--quiet", "--target-dir"])
        .arg(&target)
        .current_dir(&folder)
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    let built = within("a build", COMPILING, build.output()).await.unwrap();
    if !packages::installed(&built, &["axum"]) {
        return;
    }
    let app = start(
        "axum",
        &mut Command::new(target.join("debug/handler")),
        &folder,
    );
    let prints = [
        r#""job-1" "completed" ["https://media.example/1.png"]"#,
        r#""job-2" "failed" null"#,
    ];
    works(app, port, &prints, false).await;
}

/// Where cargo builds: `target`, above the folder this test is run from.
fn build_folder() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().to_owned()
}
