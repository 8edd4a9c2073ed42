//! What comes out of the program: for readers that leave, wait, or must not be fooled.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{
    DEADLINE, Finished, Home, Listen, LocalApp, Process, Sender, TestRelay, eventually, machine,
};

/// Runs a command whose reader leaves after the first line; then does something that makes it
/// write more.
async fn leave_after_first_line(words: &[&str], meanwhile: impl AsyncFnOnce(&str)) -> Finished {
    machine::share();
    let home = Home::new();
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    let mut command = Process::kreel(&words, home.path(), &home.project(), &[]).into_std();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(!line.is_empty(), "{words:?} writes a line");
    meanwhile(&line).await;
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > DEADLINE {
            let _ = child.kill();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let output = child.wait_with_output().unwrap();
    Finished {
        code: output.status.code(),
        stdout: line,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        took: start.elapsed(),
    }
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_fault() {
    let relay = TestRelay::start().await;
    let token = relay.token_file().display().to_string();
    let listen = ["listen", "--relay", relay.url(), "--token-file", &token];
    let quiet = |finished: Finished| {
        assert_eq!(finished.code, Some(0), "{finished}");
        for never in ["panicked", "error", "roken pipe"] {
            assert!(!finished.stderr.contains(never), "{never}: {finished}");
        }
    };
    for words in [
        &["--help"][..],
        &["listen", "--help"],
        &["completion", "bash"],
        &["demo", "--once"],
        &["status"],
    ] {
        quiet(leave_after_first_line(words, async |_| {}).await);
    }
    let ended = leave_after_first_line(&listen, async |line| {
        // Rows that nobody reads.
        let sender = Sender::to(line.split_whitespace().last().unwrap(), None);
        assert!(sender.post("/hook", "unseen").await.status() < 300);
    });
    quiet(ended.await);
}

#[tokio::test]
async fn a_reader_that_is_busy_holds_up_nobody() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let (home, port, token) = (Home::new(), app.port().to_string(), relay.token_file());
    let words = [
        "listen",
        &port,
        "--tunnel",
        "mine",
        "--relay",
        relay.url(),
        "--token-file",
    ];
    let mut words: Vec<String> = words.map(str::to_owned).into();
    words.push(token.display().to_string());
    let mut command = Process::kreel(&words, home.path(), &home.project(), &[]);
    // Nobody reads this pipe.
    let mut child = command
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let sender = Sender::to(&format!("{}/mine", relay.url()), None);
    let answered = async || sender.post("/hook", "x").await.status();
    let start = Instant::now();
    while answered().await == 404 {
        assert!(start.elapsed() < DEADLINE, "the tunnel does not open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Each row has some 80 bytes, and a pipe takes 64 KiB.
    for _ in 0..2_000 {
        assert_eq!(answered().await, 200);
    }
    assert!(child.try_wait().unwrap().is_none());
    child.kill().await.unwrap();
}

#[tokio::test]
async fn colour_is_for_those_who_want_it() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    for (env, coloured) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "0")], false),
        (&[("NO_COLOR", "1")], false),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
    ] {
        let with = |listen: Listen| {
            env.iter()
                .fold(listen, |listen, (name, value)| listen.env(name, value))
        };
        let mut client = with(Listen::on(&relay).to(&app).plain()).spawn();
        let ready = client.line("its ready line").await;
        assert_eq!(ready.contains('\x1b'), coloured, "{env:?}: {ready:?}");
        client.terminate().await;
        let mut failing = with(Listen::at(relay.url()).plain()).spawn();
        let finished = Finished::of(&mut failing.process, DEADLINE).await;
        assert_eq!(
            finished.stderr.contains('\x1b'),
            coloured,
            "{env:?}: {finished}"
        );
    }
}

#[tokio::test]
async fn quiet_is_the_address_and_what_goes_wrong() {
    let mut relay = TestRelay::start().await;
    let mut client = Listen::on(&relay)
        .plain()
        .flags(&["--output", "quiet"])
        .spawn();
    let url = client.line("the address").await;
    let sender = Sender::to(&url, None);
    for _ in 0..3 {
        assert_eq!(sender.post("/hook", "x").await.status(), 200);
    }
    assert_eq!(client.stderr(), "");
    relay.kill().await;
    eventually("it says that the link is lost", DEADLINE, || {
        client.stderr().contains("trying again")
    })
    .await;
    relay.restart_same_port().await;
    eventually("and that it is back", DEADLINE, || {
        client.stderr().contains("connected again")
    })
    .await;
    client.process.signal(Signal::INT);
    let finished = Finished::of(&mut client.process, DEADLINE).await;
    assert_eq!(
        (finished.code, &*finished.stdout),
        (Some(130), ""),
        "{finished}"
    );
}

#[tokio::test]
async fn an_address_for_scripts_is_one_line() {
    let relay = TestRelay::start().await;
    let mut client = Listen::on(&relay).plain().flags(&["--print-url"]).spawn();
    let url = client.line("the address").await;
    let sender = Sender::to(&url, None);
    assert_eq!(sender.post("/hook", "x").await.status(), 200);
    eventually("rows go elsewhere", DEADLINE, || {
        client.stderr().contains("/hook")
    })
    .await;
    client.process.signal(Signal::TERM);
    let finished = Finished::of(&mut client.process, DEADLINE).await;
    assert_eq!(
        (finished.code, &*finished.stdout),
        (Some(143), ""),
        "{finished}"
    );
}
