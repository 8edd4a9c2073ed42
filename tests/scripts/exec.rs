//! `kreel exec`: a command for each delivery, its body on standard input and its facts around it.

use std::path::PathBuf;

use rustix::process::Signal;

use super::{ids, past};
use crate::support::{
    DEADLINE, Finished, Kreel, LocalApp, Post, TestClient, TestRelay, eventually, schema,
};

/// `kreel exec` over what a client has had, with these options and this script.
fn exec(client: &TestClient, options: &[&str], script: &str) -> Kreel {
    let kreel = client.beside(&["exec", "--since", "1h"]).args(options);
    kreel.args(&["--", "sh", "-c", script])
}

/// A file in the folder that commands run in.
fn file(client: &TestClient, name: &str) -> PathBuf {
    client.history().with_file_name(name)
}

#[tokio::test]
async fn a_command_has_the_body_byte_for_byte_and_every_fact() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(201).await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    let large: Vec<u8> = (0..3_000_000_u32)
        .map(|byte| ((byte * 31) >> 3) as u8)
        .collect();
    let bodies = [(0..=255).collect::<Vec<u8>>(), Vec::new(), large];
    for (number, body) in bodies.iter().enumerate() {
        let post = Post::new("PUT", format!("/in/{number}?a=%20b&c='$(id)'"))
            .header("Content-Type", "application/octet-stream")
            .header("X-Twice", "1")
            .header("X-Twice", "$HOME \"2\"")
            .header("X-Raw", b"caf\xe9");
        client.sender().send(post.body(body.clone())).await;
    }
    client.has_on_record("answered", bodies.len()).await;
    let out = |kind: &str, id: &str| file(&client, &format!("{kind}.{id}"));
    let script = format!(
        "cat > '{0}'.\"$KREEL_ID\"; env > '{1}'.\"$KREEL_ID\"",
        file(&client, "body").display(),
        file(&client, "env").display()
    );
    let told = exec(&client, &["--no-follow"], &script).run().await;
    assert_eq!(told.success(), "", "{told}");
    assert!(told.stderr.contains("3 ran, 0 failed"), "{told}");

    let rows = client.requests(&["list"]).await;
    for ((number, id), row) in (0..).zip(ids(&client).await).zip(rows.iter().rev()) {
        assert_eq!(
            std::fs::read(out("body", &id)).unwrap(),
            bodies[number],
            "{number}"
        );
        let facts = std::fs::read(out("env", &id)).unwrap();
        let facts: Vec<&[u8]> = facts.split(|byte| *byte == b'\n').collect();
        let has = |fact: &[u8]| facts.contains(&fact);
        for (name, value) in [
            ("ID", id.clone()),
            ("SEQ", row["seq"].to_string()),
            ("METHOD", "PUT".to_owned()),
            ("PATH", format!("/in/{number}")),
            ("QUERY", "a=%20b&c='$(id)'".to_owned()),
            (
                "RECEIVED_AT",
                row["received_at"].as_str().unwrap().to_owned(),
            ),
            ("SIZE_BYTES", bodies[number].len().to_string()),
            ("STATUS", "201".to_owned()),
            ("HISTORY", client.history().display().to_string()),
            ("HEADER_CONTENT_TYPE", "application/octet-stream".to_owned()),
            ("HEADER_CONTENT_LENGTH", bodies[number].len().to_string()),
            ("HEADER_X_TWICE", "1, $HOME \"2\"".to_owned()),
        ] {
            let fact = format!("KREEL_{name}={value}");
            assert!(has(fact.as_bytes()), "{fact} is not among them");
        }
        assert!(has(b"KREEL_HEADER_X_RAW=caf\xe9"), "bytes stay bytes");
        let ours = facts.iter().filter(|fact| fact.starts_with(b"KREEL_"));
        // Those above, and the host.
        assert_eq!(ours.count(), 9 + 5, "no fact that is not documented");
    }
}

#[tokio::test]
async fn so_many_run_at_once_and_no_more() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/"; 9]).await;
    let running = file(&client, "running");
    std::fs::create_dir(&running).unwrap();
    let (seen, go) = (file(&client, "seen"), file(&client, "go"));
    let script = format!(
        "cd '{}'; : > \"$KREEL_ID\"; ls | wc -l >> '{}'; \
         while [ ! -e '{}' ]; do sleep 0.02; done; ls | wc -l >> '{1}'; rm \"$KREEL_ID\"",
        running.display(),
        seen.display(),
        go.display()
    );
    let mut running_all = exec(&client, &["--no-follow", "--concurrency", "3"], &script).start();
    let now = || std::fs::read_dir(&running).unwrap().count();
    eventually("three commands run", DEADLINE, || now() == 3).await;
    std::fs::write(&go, "").unwrap();
    let told = Finished::of(&mut running_all, DEADLINE).await;
    told.success();
    assert!(told.stderr.contains("9 ran, 0 failed"), "{told}");
    let seen = std::fs::read_to_string(&seen).unwrap();
    let seen: Vec<u32> = seen
        .lines()
        .map(|line| line.trim().parse().unwrap())
        .collect();
    assert_eq!((seen.len(), seen.iter().max()), (18, Some(&3)), "{seen:?}");
}

#[tokio::test]
async fn what_fails_is_named_and_is_the_exit_code() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/a", "/bad", "/b", "/killed"]).await;
    let ids = ids(&client).await;
    let script = "case \"$KREEL_PATH\" in /bad) exit 3;; /killed) kill -9 $$;; esac";
    let told = exec(&client, &["--no-follow"], script).run().await;
    told.failed(1, "KR0342", &["2 of 4 commands failed", "4 ran, 2 failed"]);
    assert!(
        told.stderr
            .contains(&format!("{}: exit code 3 in ", ids[1])),
        "{told}"
    );
    assert!(
        told.stderr
            .contains(&format!("{}: ended by signal 9 in ", ids[3])),
        "{told}"
    );
    for good in [&ids[0], &ids[2]] {
        assert!(!told.stderr.contains(good), "{told}");
    }
    // The advice works: it runs for that one alone.
    let filter = format!("id:{}", ids[1]);
    let again = exec(&client, &["--no-follow", "--filter", &filter], script);
    again
        .run()
        .await
        .failed(1, "KR0342", &["1 of 1 commands failed"]);

    let options = ["--no-follow", "--fail-fast", "--filter", "not path:/a"];
    let told = exec(&client, &options, script).run().await;
    told.failed(1, "KR0342", &["1 of 1 commands failed", "1 ran, 1 failed"]);
}

#[tokio::test]
async fn one_that_reads_nothing_is_well_and_one_that_is_not_there_is_not() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    client.sender().post("/large", vec![b'x'; 2_000_000]).await;
    client.has_on_record("answered", 1).await;
    let told = exec(&client, &["--no-follow"], "exit 0").run().await;
    assert!(
        told.success().is_empty() && told.stderr.contains("1 ran, 0 failed"),
        "{told}"
    );
    let words = [
        "exec",
        "--since",
        "1h",
        "--no-follow",
        "--",
        "/no/such/command",
    ];
    let told = client.beside(&words).run().await;
    told.failed(1, "KR0342", &["can't be run: ", "1 of 1 commands failed"]);
    let none = exec(
        &client,
        &["--no-follow", "--filter", "path:/never"],
        "exit 1",
    )
    .run()
    .await;
    assert!(
        none.success().is_empty() && none.stderr.contains("0 ran, 0 failed"),
        "{none}"
    );
}

#[tokio::test]
async fn the_count_that_is_not_reached_in_time_is_told() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/a", "/b"]).await;
    let told = exec(&client, &["--count", "3", "--for", "300ms"], "cat")
        .run()
        .await;
    told.failed(
        6,
        "KR0340",
        &["only 2 of 3 came in time", "2 ran, 0 failed"],
    );
    assert_eq!(told.stdout, "{}{}", "what it prints is passed on");
    let told = exec(&client, &["--count", "1"], "cat").run().await;
    assert_eq!(told.success(), "{}", "it ends with the first: {told}");
    let told = exec(&client, &["--for", "300ms"], "cat").run().await;
    assert_eq!(
        told.success(),
        "{}{}",
        "without a count time is just the end: {told}"
    );
    // One that fails decides, whatever else is short.
    let told = exec(&client, &["--count", "3", "--for", "300ms"], "exit 1")
        .run()
        .await;
    told.failed(1, "KR0342", &["2 of 2"]);
}

#[tokio::test]
async fn objects_are_alone_on_standard_output() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/a", "/bad", "/killed"]).await;
    let script = "echo said by \"$KREEL_PATH\"; \
                  case \"$KREEL_PATH\" in /bad) exit 3;; /killed) kill -9 $$;; esac";
    let told = exec(&client, &["--no-follow", "--json"], script)
        .run()
        .await;
    told.failed(1, "KR0342", &["said by /a", "said by /bad"]);
    let objects = schema::lines(&told.stdout);
    let ends: Vec<_> = objects[..3]
        .iter()
        .map(|it| {
            (
                it["exit_code"].as_i64(),
                it["signal"].as_i64(),
                it["failure"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        ends,
        [
            (Some(0), None, None),
            (Some(3), None, None),
            (None, Some(9), None)
        ]
    );
    let told_of: Vec<_> = objects[..3]
        .iter()
        .map(|it| it["delivery_id"].as_str().unwrap())
        .collect();
    assert_eq!(told_of, ids(&client).await);
    assert_eq!(objects[3]["code"], "KR0342");
    let words = [
        "exec",
        "--since",
        "1h",
        "--count",
        "1",
        "--json",
        "--",
        "/no/such/command",
    ];
    let told = client.beside(&words).run().await;
    let object = &schema::lines(&told.stdout)[0];
    assert!(
        object["failure"].as_str().unwrap().contains("No such file"),
        "{object}"
    );
}

#[tokio::test]
async fn ctrl_c_waits_for_what_runs_and_a_second_does_not() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/a", "/b"]).await;
    let at = |name: &str| file(&client, name);
    for (patient, done) in [(true, true), (false, false)] {
        let names = ["started", "go", "done"].map(|name| at(&format!("{name}{patient}")));
        let [started, go, finished] = &names;
        let script = format!(
            ": > '{}'; while [ ! -e '{}' ]; do sleep 0.02; done; : > '{}'",
            started.display(),
            go.display(),
            finished.display()
        );
        let mut running = exec(&client, &[], &script).start();
        eventually("a command runs", DEADLINE, || started.exists()).await;
        running.signal(Signal::INT);
        if patient {
            std::fs::write(go, "").unwrap();
        } else {
            // The second counts once the first was taken, which shows in nothing: so again and again.
            eventually("it ends at once", DEADLINE, || {
                running.signal(Signal::INT);
                !running.is_running()
            })
            .await;
        }
        let told = Finished::of(&mut running, DEADLINE).await;
        assert_eq!(told.code, Some(130), "{told}");
        assert_eq!(finished.exists(), done, "{told}");
        assert_eq!(
            told.stderr.contains("1 ran, 0 failed"),
            patient,
            "no further one began: {told}"
        );
    }
}

/// A terminal sends Ctrl-C to kreel and to all in its group: what runs is not among them.
#[tokio::test]
async fn ctrl_c_at_a_terminal_is_kreels_alone() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/a", "/b"]).await;
    let at = |name: &str| file(&client, name);
    for patient in [true, false] {
        let names = ["pid", "go", "done"].map(|name| at(&format!("{name}{patient}")));
        let [pid, go, finished] = &names;
        // What the command itself starts is waited for, or killed, with it.
        let script = format!(
            "sh -c 'echo $$ > \"{0}.new\"; mv \"{0}.new\" \"{0}\"; \
             while [ ! -e \"{1}\" ]; do sleep 0.02; done; : > \"{2}\"' & wait $!",
            pid.display(),
            go.display(),
            finished.display()
        );
        let mut running = exec(&client, &[], &script).leading().start();
        eventually("a command runs", DEADLINE, || pid.exists()).await;
        running.signal_group(Signal::INT);
        if patient {
            std::fs::write(go, "").unwrap();
        } else {
            eventually("it ends at once", DEADLINE, || {
                running.signal_group(Signal::INT);
                !running.is_running()
            })
            .await;
        }
        let told = Finished::of(&mut running, DEADLINE).await;
        assert_eq!(told.code, Some(130), "{told}");
        assert_eq!(finished.exists(), patient, "{told}");
        assert_eq!(told.stderr.contains("1 ran, 0 failed"), patient, "{told}");
        let pid = std::fs::read_to_string(pid).unwrap();
        let stat = format!("/proc/{}/stat", pid.trim());
        eventually("what it started is gone", DEADLINE, || {
            // Nobody may have waited for it yet.
            std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "))
        })
        .await;
    }
}

/// Whoever tidies up meanwhile costs the others nothing.
#[tokio::test]
async fn a_delivery_that_is_gone_is_one_failure() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/a", "/gone", "/c"]).await;
    let ids = ids(&client).await;
    let script = format!(
        "[ \"$KREEL_PATH\" != /a ] || \"{}\" requests rm {} 2> /dev/null; echo \"$KREEL_PATH\"",
        env!("CARGO_BIN_EXE_kreel"),
        ids[1]
    );
    let told = exec(&client, &["--no-follow"], &script).run().await;
    told.failed(1, "KR0342", &["1 of 3 commands failed", "3 ran, 1 failed"]);
    assert!(
        told.stderr.contains(&format!(
            "{}: can't be run: the history does not have it",
            ids[1]
        )),
        "{told}"
    );
    assert_eq!(told.stdout, "/a\n/c\n", "{told}");
}
