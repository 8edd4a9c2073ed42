//! Each command where nobody reads, where somebody reads one line, and where there is no terminal.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::tree;
use crate::support::{DEADLINE, Finished, Home, Kreel, Process, machine, within};

/// When a command is taken for one that goes on until it is stopped.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many run at once.
const SIDE_BY_SIDE: usize = 6;

/// Who reads what a command prints.
#[derive(Debug, Clone, Copy)]
enum Reader {
    /// Nobody: `| true`.
    Nobody,
    /// Somebody who leaves after one line: `| head -n1`.
    OneLine,
    /// Somebody who reads all of it; nothing is a terminal, and there is none to open.
    NoTerminal,
}

/// What is typed so that a command does something, and how it ends then; commands that are not
/// here are run without a word, and may end as they like.
fn typed(command: &str) -> (&'static [&'static str], Option<i32>) {
    let (words, code): (&[&str], _) = match command {
        "requests list" => (&[], 0),
        "requests search" => (&["krea"], 0),
        "requests get" | "requests mark" => (&["last"], 0),
        "requests export" => (&["last", "last~1", "--format", "curl"], 0),
        "requests note" => (&["last", "odd"], 0),
        "requests rm" => (&["last", "--yes"], 0),
        "jobs list" => (&[], 0),
        "replay" => (&["last", "last~1", "--to", "3000", "--dry-run"], 0),
        // They differ; nobody listens there; the time is over.
        "diff" => (&["last~1", "last"], 1),
        "idempotency" => (&["last", "--to", "1", "--at-once", "0"], 1),
        "wait" => (&["path:/never", "--timeout", "50ms"], 6),
        "assert" => (&["path:/never", "--within", "50ms"], 6),
        "exec" => (
            &[
                "--since",
                "2000-01-01T00:00",
                "--no-follow",
                "--",
                "echo",
                "x",
            ],
            0,
        ),
        "record" => (&["-", "last", "last~1"], 0),
        "types" => (&["last", "--lang", "ts"], 0),
        "trigger" => (&["--list"], 0),
        "demo" => (&["--once"], 0),
        "logout" => (&[], 0),
        "token create" => (&["ci"], 0),
        "token list" | "token tunnels" => (&[], 0),
        "token reserve" => (&["laptop", "build-hooks"], 0),
        // There is none.
        "token release" => (&["build-hooks"], 4),
        "token revoke" => (&["laptop"], 0),
        "completion" => (&["zsh"], 0),
        "man" => (&[], 0),
        // These go on until they are stopped.
        "listen" => (&[], 143),
        "relay" => (&["--listen", "127.0.0.1:0", "--tls", "off"], 143),
        "mock krea" => (&["--port", "0"], 143),
        "proxy krea" => (&["--port", "0"], 143),
        _ => return (&[], None),
    };
    (words, Some(code))
}

/// Runs it as long as it takes; one that goes on is asked to stop.
async fn ended(command: &str, reader: Reader) -> Finished {
    let home = Home::new();
    let history = home.path().join("history.db");
    kreel_client::fill_history(&history, &"my-app".parse().unwrap(), 3).unwrap();
    let data = home.path().join("relay").display().to_string();
    if command.starts_with("token") {
        let made = Kreel::new(&["token", "create", "laptop", "--data", &data]);
        made.run().await.success();
    }
    let words = command.split(' ').chain(typed(command).0.iter().copied());
    let words: Vec<String> = words.map(str::to_owned).collect();
    let env = [
        ("KREEL_HISTORY".to_owned(), history.display().to_string()),
        ("KREEL_DATA".to_owned(), data),
    ];
    let kreel = Process::kreel(&words, home.path(), &home.project(), &env);
    // In a session of its own it has no terminal to open either.
    let mut kreel = Process::through(&["setsid".to_owned()], kreel);
    kreel
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let closed = matches!(reader, Reader::Nobody).then(|| std::io::pipe().unwrap());
    if let Some((read, write)) = closed {
        drop(read);
        kreel.stdout(write);
    }
    let start = Instant::now();
    let mut child = kreel.spawn().unwrap();
    drop(kreel);
    if matches!(reader, Reader::OneLine) {
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // One that has nothing to say there goes on saying nothing.
        if let Ok(line) = tokio::time::timeout(PATIENCE, lines.next_line()).await {
            line.unwrap();
        }
    }
    let pid = rustix::process::Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
    let mut output = std::pin::pin!(child.wait_with_output());
    let output = match tokio::time::timeout(PATIENCE, &mut output).await {
        Ok(output) => output,
        Err(_) => {
            let _ = rustix::process::kill_process(pid, Signal::TERM);
            within(command, DEADLINE, output).await
        }
    };
    let output = output.unwrap();
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        took: start.elapsed(),
    }
}

async fn check(command: &str) {
    let read = ended(command, Reader::NoTerminal).await;
    match typed(command).1 {
        Some(code) => assert_eq!(read.code, Some(code), "{command}: {read}"),
        None => assert!(
            matches!(read.code, Some(0..=6 | 143)),
            "{command} ends with no code of ours: {read}"
        ),
    }
    let text = [&*read.stdout, &*read.stderr].concat();
    let acts = |c: char| c.is_control() && c != '\n';
    assert!(!text.contains(acts), "{command} without a terminal: {read}");
    for reader in [Reader::Nobody, Reader::OneLine] {
        let unread = ended(command, reader).await;
        // One that would go on may end when nobody reads it any more.
        let is_over = read.code == Some(143) && unread.code == Some(0);
        // What it runs writes to the same nobody, and is told of if it dies of that.
        let runs_others = command == "exec" && unread.code == Some(1);
        assert!(
            unread.code == read.code || is_over || runs_others,
            "{command}, {reader:?}: {unread}"
        );
        for never in ["panicked", "roken pipe", "standard output: "] {
            let told = unread.stderr.contains(never);
            assert!(!told, "{command}, {reader:?}: {unread}");
        }
    }
}

#[tokio::test]
async fn each_command_bears_to_be_read_by_nobody_and_without_a_terminal() {
    machine::share();
    let known = tree::all().await;
    let names: Vec<String> = known
        .iter()
        .filter(|command| command.inner.is_empty())
        .map(tree::Known::name)
        .collect();
    let checks = stream::iter(&names).map(|name| check(name));
    checks.buffer_unordered(SIDE_BY_SIDE).count().await;
}

#[tokio::test]
async fn each_help_may_be_read_in_part() {
    machine::share();
    for command in tree::all().await {
        let words = [&command.words[..], &["--help".to_owned()]].concat();
        let home = Home::new();
        let mut kreel: Command =
            Process::kreel(&words, home.path(), &home.project(), &[]).into_std();
        let (read, write) = std::io::pipe().unwrap();
        drop(read);
        let output = kreel
            .stdin(Stdio::null())
            .stdout(write)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{words:?}");
    }
}

/// A body without a line's end waits in the buffer of standard output until the very end.
#[tokio::test]
async fn a_body_that_nobody_reads_is_no_fault() {
    machine::share();
    let home = Home::new();
    let history = home.path().join("history.db");
    kreel_client::fill_history(&history, &"my-app".parse().unwrap(), 3).unwrap();
    let history = history.display().to_string();
    for words in [
        &["requests", "get", "last", "--body"][..],
        &["requests", "get", "last"],
        &["requests", "export", "last", "--format", "raw"],
        &["requests", "export", "last", "--format", "har"],
        &["requests", "list", "--json"],
    ] {
        let words = [words, &["--history", &history]].concat();
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let mut kreel: Command =
            Process::kreel(&words, home.path(), &home.project(), &[]).into_std();
        let (read, write) = std::io::pipe().unwrap();
        drop(read);
        let output = kreel.stdout(write).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{words:?}");
    }
}
