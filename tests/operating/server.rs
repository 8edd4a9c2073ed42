//! From a bare server to a public relay: the commands of the page, as they stand there, on a server
//! that is a folder, with an authority that is Pebble and a systemd that is this test.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{
    DEADLINE, Listen, LocalApp, Pebble, Process, Proxy, eventually, free_port, programs, within,
};

/// The page.
const PAGE: &str = include_str!("../../docs/operating.md");

/// The name the page leaves to its reader.
const NAME: &str = "relay.test";

/// Folders of a server, as the page and the unit name them.
const FOLDERS: [&str; 4] = [
    "/usr/local/bin",
    "/etc/kreel",
    "/etc/systemd/system",
    "/var/lib/kreel",
];

/// A server in a folder.
struct Server(TempDir);

impl Server {
    /// A bare one, with what a release brings: the program, and `deploy/`.
    fn new(settings: impl Fn(&str) -> String) -> Self {
        let server = Self(tempfile::tempdir().unwrap());
        let release = server.0.path().join("release");
        std::fs::create_dir_all(release.join("deploy")).unwrap();
        for folder in ["/usr/local/bin", "/etc/systemd/system"] {
            std::fs::create_dir_all(server.place(folder)).unwrap();
        }
        std::fs::copy(env!("CARGO_BIN_EXE_kreel"), release.join("kreel")).unwrap();
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
        for (name, change) in [("relay.toml", true), ("kreel-relay.service", false)] {
            let text = std::fs::read_to_string(deploy.join(name)).unwrap();
            let text = if change {
                settings(&text)
            } else {
                server.here(&text)
            };
            std::fs::write(release.join("deploy").join(name), text).unwrap();
        }
        server
    }

    /// Where this folder of a server is here.
    fn place(&self, folder: &str) -> PathBuf {
        self.0.path().join(folder.trim_start_matches('/'))
    }

    /// A text with the folders that are here.
    fn here(&self, text: &str) -> String {
        FOLDERS.iter().fold(text.to_owned(), |text, folder| {
            text.replace(folder, &self.place(folder).display().to_string())
        })
    }

    /// What this command printed, which must not fail.
    async fn run(&self, line: &str) -> String {
        let path = format!(
            "{}:{}",
            self.place("/usr/local/bin").display(),
            std::env::var("PATH").unwrap()
        );
        let mut shell = Command::new("sh");
        shell
            .args(["-euc", line])
            .current_dir(self.0.path().join("release"))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.0.path())
            .kill_on_drop(true);
        let ran = within(&format!("`{line}` ends"), DEADLINE, shell.output()).await;
        let ran = ran.unwrap();
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        let told = String::from_utf8_lossy(&ran.stderr);
        assert!(
            ran.status.success(),
            "`{line}`: {}\n{said}\n{told}",
            ran.status
        );
        said
    }

    /// Starts what the unit starts, as it says.
    async fn start(&self) -> Process {
        let unit = self
            .place("/etc/systemd/system")
            .join("kreel-relay.service");
        let unit = std::fs::read_to_string(unit).expect("the unit is installed");
        let said = |key: &str| {
            let line = unit.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_else(|| panic!("no {key} in the unit"))
        };
        let environment = said("Environment=");
        self.run(&format!("env {environment} {}", said("ExecStartPre=")))
            .await;
        let mut words = said("ExecStart=").split_whitespace();
        let mut command = Command::new(words.next().unwrap());
        let (name, value) = environment.split_once('=').unwrap();
        command.args(words).env_clear().env(name, value);
        Process::start("the service", &mut command)
    }
}

/// A relay, once it says that it is ready.
async fn is_ready(relay: Process) -> Process {
    eventually("the relay is ready", DEADLINE, || {
        relay.stderr().contains("kreel relay is ready at")
    })
    .await;
    relay
}

#[tokio::test]
async fn ten_commands_make_a_public_relay() {
    let Some(mut pebble) = Pebble::find() else {
        return;
    };
    if programs::find("curl").is_none() {
        return;
    }
    let port = free_port();
    let server = Server::new(|text| {
        assert!(text.contains("\nlisten = \"0.0.0.0:443\"\n"), "{text}");
        let listen = format!(
            "\nlisten = \"127.0.0.1:{port}\"\nacme_directory = {:?}\nacme_ca = {:?}\n",
            pebble.directory(),
            pebble.ca(),
        );
        text.replace("\nlisten = \"0.0.0.0:443\"\n", &listen)
            .replace("127.0.0.1:9464", &format!("127.0.0.1:{}", free_port()))
    });
    let long = Duration::from_secs(3600);
    pebble.start(port, free_port(), long, "blocked.test").await;
    let root = server.0.path().join("root.pem");
    pebble.root(&root).await;

    let (_, rest) = PAGE.split_once("\n```sh\n").unwrap();
    let (block, _) = rest.split_once("\n```\n").unwrap();
    assert_eq!(block.lines().count(), 10, "ten commands: {block}");
    let curl = format!(
        "curl --silent --show-error --fail --retry 20 --retry-all-errors --retry-delay 1 \
         --cacert {} --connect-to {NAME}:443:127.0.0.1:{port}",
        root.display()
    );
    let mut service = None;
    let mut token = String::new();
    for line in block.lines() {
        let line = server.here(line);
        let line = line
            .replace("YOUR.NAME", NAME)
            .replace("YOU@YOUR.MAIL", "me@relay.test");
        match line.as_str() {
            "systemctl daemon-reload" => {}
            "systemctl enable --now kreel-relay" => {
                service = Some(is_ready(server.start().await).await);
            }
            line if line.starts_with("kreel token create") => token = server.run(line).await,
            line if line.starts_with("curl ") => {
                let said = server.run(&line.replacen("curl", &curl, 1)).await;
                assert!(said.contains("ready"), "{said}");
            }
            line => drop(server.run(line).await),
        }
    }

    let told = service.as_ref().map(Process::stderr).unwrap_or_default();
    assert!(told.contains("there is a new certificate"), "{told}");
    assert!(!told.contains("1970-"), "with the time of its end: {told}");

    // What a developer does then: that token, and the first webhook.
    let token_file = server.0.path().join("laptop");
    std::fs::write(&token_file, token.trim()).unwrap();
    let (app, proxy) = (LocalApp::answering(200).await, Proxy::willing().await);
    let url = format!("https://{NAME}:{port}");
    let client = Listen::at(&url)
        .token_file(Some(token_file))
        .ca(Some(root.clone()))
        .env("HTTPS_PROXY", &proxy.url())
        .to(&app)
        .start()
        .await;
    let hook = format!("{}/hook", client.url());
    let post = format!("{curl} --connect-to {NAME}:{port}:127.0.0.1:{port} --data webhook {hook}");
    server.run(&post).await;
    assert_eq!(app.received().len(), 1);
    drop(client);
    let mut service = service.expect("the block starts it");
    assert_eq!(service.terminate().await, Some(143), "{}", service.stderr());
}

#[tokio::test]
async fn the_unit_is_what_systemd_takes_and_lets_it_do_little() {
    let Some(analyze) = programs::find("systemd-analyze") else {
        return;
    };
    let server = Server::new(str::to_owned);
    server
        .run("install -m 0755 kreel ../usr/local/bin/kreel")
        .await;
    let unit = server.0.path().join("release/deploy/kreel-relay.service");
    let (analyze, unit) = (analyze.display(), unit.display());
    server.run(&format!("{analyze} verify {unit}")).await;
    // 10 is a service that may do all; below 2 is what systemd calls well contained.
    server
        .run(&format!(
            "{analyze} security --offline=true --threshold=20 --no-pager {unit}"
        ))
        .await;
}

#[tokio::test]
async fn the_containers_health_check_asks_a_relay_as_its_settings_start_it() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/Dockerfile");
    let text = std::fs::read_to_string(file).unwrap();
    let joined = text.replace("\\\n", " ");
    let value = |name: &str| {
        let key = format!("{name}=");
        let line = joined.lines().filter(|line| line.starts_with("ENV "));
        let mut words = line.flat_map(str::split_whitespace);
        let found = words.find_map(|word| word.strip_prefix(&key));
        found
            .unwrap_or_else(|| panic!("no {name} in the image"))
            .to_owned()
    };
    let check = joined
        .lines()
        .find(|line| line.trim_start().starts_with("HEALTHCHECK"))
        .unwrap();
    let (_, check) = check.split_once("CMD").unwrap();
    let words: Vec<String> = serde_json::from_str(check).expect("an array of words");
    // Nothing that is typed behind the image's name takes these away.
    let (listen, metrics) = (value("KREEL_LISTEN"), value("KREEL_METRICS"));
    assert!(joined.contains(&format!("EXPOSE {}", listen.rsplit_once(':').unwrap().1)));
    let port = free_port();
    let here: Vec<String> = words
        .iter()
        .map(|word| word.replace(metrics.rsplit_once(':').unwrap().1, &port.to_string()))
        .collect();
    assert_ne!(here, words, "it asks where the metrics are");
    let data = tempfile::tempdir().unwrap();
    let env = [
        ("KREEL_LISTEN", "127.0.0.1:0".to_owned()),
        ("KREEL_METRICS", format!("127.0.0.1:{port}")),
        ("KREEL_DATA", data.path().display().to_string()),
        ("KREEL_TLS", "off".to_owned()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value));
    let healthy = async || {
        let mut command = Command::new(&here[0]);
        let ran = command.args(&here[1..]).kill_on_drop(true).output();
        within("the check ends", DEADLINE, ran)
            .await
            .unwrap()
            .status
            .success()
    };
    assert!(!healthy().await, "nothing runs");
    let relay = ["relay".to_owned()];
    let mut command = Process::kreel(&relay, data.path(), data.path(), &env);
    let mut relay = is_ready(Process::start("kreel relay", &mut command)).await;
    assert!(healthy().await, "{}", relay.stderr());
    relay.terminate().await;
}
