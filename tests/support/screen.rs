//! A program in a pseudo-terminal: keys go in, what it draws is seen as a terminal would show it,
//! and every byte it wrote is kept.

mod emulator;
mod key;
mod stream;

use std::io::{Read as _, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use self::emulator::Emulator;
pub(crate) use self::key::Key;
pub(crate) use self::stream::{Drawn, Stream};
use super::client::{AppAddress, Home, Listen};
use super::relay::TestRelay;
use super::sender::Sender;
use super::wait::DEADLINE;

/// The name of the tunnel, unless a story gives it another.
const TUNNEL: &str = "hooks";

/// A program on a screen. Killed on drop.
pub(crate) struct Screen {
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Emulator>>,
    reader: Option<JoinHandle<()>>,
    home: Home,
    relay: String,
    before: String,
}

impl Screen {
    /// The inspector of a new tunnel, on 100 × 30, with its link up.
    pub(crate) async fn listen(
        relay: &TestRelay,
        app: &(impl AppAddress + ?Sized),
        flags: &[&str],
    ) -> Self {
        let listen = Listen::on(relay).to(app).flags(flags);
        Self::open(listen, relay, (100, 30)).await
    }

    /// The inspector with these options, on so many columns and rows, with its link up.
    pub(crate) async fn open(listen: Listen, relay: &TestRelay, size: (u16, u16)) -> Self {
        let mut screen = Self::start(listen, size);
        screen.relay = relay.url().to_owned();
        screen.shows("● up").await;
        screen
    }

    /// The same without waiting for anything.
    pub(crate) fn start(listen: Listen, size: (u16, u16)) -> Self {
        let listen = listen.plain().flags(&["--tunnel", TUNNEL]);
        let variables = listen.variables().to_vec();
        let mut words = listen.runner().to_vec();
        words.push(env!("CARGO_BIN_EXE_kreel").to_owned());
        words.extend(listen.words());
        let program = words.remove(0);
        Self::run(&program, &words, listen.at_home(), &variables, size)
    }

    /// Any program, at home in this folder.
    pub(crate) fn run(
        program: &str,
        words: &[String],
        home: &Home,
        variables: &[(String, String)],
        (columns, rows): (u16, u16),
    ) -> Self {
        super::machine::share();
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(words);
        command.cwd(home.project());
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home.path());
        for (name, folder) in [
            ("CONFIG", "config"),
            ("DATA", "data"),
            ("STATE", "state"),
            ("CACHE", "cache"),
        ] {
            command.env(format!("XDG_{name}_HOME"), home.path().join(folder));
        }
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (name, value) in variables {
            command.env(name, value);
        }
        let before = format!("{:?}", pair.master.get_termios());
        let mut output = pair.master.try_clone_reader().unwrap();
        let keyboard = pair.master.take_writer().unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let seen = Arc::new(Mutex::new(Emulator::new(columns, rows)));
        let emulator = seen.clone();
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 64 * 1024];
            while let Ok(count @ 1..) = output.read(&mut piece) {
                emulator.lock().unwrap().take(&piece[..count]);
            }
            emulator.lock().unwrap().finish();
        });
        Self {
            master: pair.master,
            keyboard,
            child,
            seen,
            reader: Some(reader),
            home: home.clone(),
            relay: String::new(),
            before,
        }
    }

    /// A sender that posts to the tunnel.
    pub(crate) fn sender(&self) -> Sender {
        Sender::to(&self.url(), None)
    }

    /// The tunnel's public address.
    pub(crate) fn url(&self) -> String {
        format!("{}/{TUNNEL}", self.relay)
    }

    /// Where its user lives.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// A file in the folder it was started in.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.project().join(name)
    }

    /// Types this.
    pub(crate) fn keys(&mut self, text: &str) {
        self.write(text.as_bytes());
    }

    /// Presses a key that is no character.
    pub(crate) fn press(&mut self, key: Key) {
        self.write(&key.bytes());
    }

    /// Has the terminal send these bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.keyboard.write_all(bytes).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until this is on the screen.
    pub(crate) async fn shows(&self, text: &str) {
        self.until(&format!("shows {text:?}"), |screen| screen.contains(text))
            .await;
    }

    /// Waits until all of these are on the screen together.
    pub(crate) async fn shows_all(&self, texts: &[&str]) {
        self.until(&format!("shows {texts:?}"), |screen| {
            texts.iter().all(|text| screen.contains(text))
        })
        .await;
    }

    /// Goes down line by line until this is on the screen. A page at a time could go past it: what
    /// changes on the screen meanwhile need not be the scrolling.
    pub(crate) async fn scrolls_to(&mut self, sought: &str) {
        const MOST: usize = 500;
        for _ in 0..MOST {
            let before = self.text();
            if before.contains(sought) {
                return;
            }
            self.press(Key::Down);
            self.until("scrolls", |text| text != before).await;
        }
        panic!(
            "{sought:?} is not in {MOST} lines; the end is\n{}",
            self.text()
        );
    }

    /// Waits until this is not on the screen.
    pub(crate) async fn hides(&self, text: &str) {
        self.until(&format!("hides {text:?}"), |screen| !screen.contains(text))
            .await;
    }

    /// Waits until this is true of the text on the screen.
    pub(crate) async fn until(&self, what: &str, mut holds: impl FnMut(&str) -> bool) {
        let end = Instant::now() + DEADLINE;
        loop {
            let text = self.text();
            if holds(&text) {
                return;
            }
            assert!(
                Instant::now() < end,
                "not within {DEADLINE:?}: the screen {what}; it shows\n{text}"
            );
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// All of the screen, a line for each row.
    pub(crate) fn text(&self) -> String {
        self.seen().text()
    }

    /// A row of the screen, from 0 at the top.
    pub(crate) fn row(&self, row: usize) -> String {
        self.text().lines().nth(row).unwrap_or_default().to_owned()
    }

    /// The first row that has this text.
    pub(crate) fn row_with(&self, text: &str) -> String {
        let all = self.text();
        let found = all.lines().find(|row| row.contains(text));
        found
            .unwrap_or_else(|| panic!("no row has {text:?}:\n{all}"))
            .to_owned()
    }

    /// In which row and column this text begins, wide characters counted as two.
    pub(crate) fn place_of(&self, text: &str) -> Option<(usize, usize)> {
        self.seen().place_of(text)
    }

    /// What stands in so many columns of a row from a column on, as the terminal has them.
    pub(crate) fn at(&self, row: usize, column: usize, columns: usize) -> String {
        self.seen().at(row, column, columns)
    }

    /// How much was written so far, to be looked back at.
    pub(crate) fn written(&self) -> usize {
        self.seen().raw.len()
    }

    /// Which cells of an area were not written to since so much was: whatever covered them is still
    /// there. Rows and columns as `(first, count)`.
    pub(crate) fn untouched_since(
        &self,
        written: usize,
        rows: (usize, usize),
        columns: (usize, usize),
    ) -> Vec<(usize, usize)> {
        self.seen().untouched_since(written, rows, columns)
    }

    /// All bytes it has written.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.seen().raw.clone()
    }

    /// How many frames were drawn so far.
    pub(crate) fn frames(&self) -> usize {
        self.seen().frames
    }

    /// All bytes it has written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen().raw.clone()
    }

    /// What all of these bytes ask of the terminal.
    pub(crate) fn stream(&self) -> Stream {
        Stream::of(&self.seen().raw)
    }

    /// The texts it has put into the clipboard, oldest first.
    pub(crate) fn copied(&self) -> Vec<String> {
        self.stream().copied
    }

    /// Waits for another text in the clipboard than so many before; the last one.
    pub(crate) async fn copies(&self, before: usize) -> String {
        self.until("copies", |_| self.copied().len() > before).await;
        self.copied().pop().unwrap()
    }

    /// The address of the proxy in front of Krea's API, as the top of the screen has it.
    pub(crate) async fn krea_proxy(&self) -> Sender {
        let word = "Krea's API at http://";
        self.shows(word).await;
        let text = self.text();
        let (_, rest) = text.split_once(word).unwrap();
        let address = rest.split_whitespace().next().unwrap();
        Sender::direct(address.parse().unwrap())
    }

    /// Whether the whole-screen mode is on.
    pub(crate) fn is_taken(&self) -> bool {
        self.seen().is_alternate()
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.seen().resize(columns, rows);
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// The tunnel it opens is this relay's.
    pub(crate) fn belongs_to(&mut self, relay: &TestRelay) {
        relay.url().clone_into(&mut self.relay);
    }

    /// The process the terminal's keys go to.
    pub(crate) fn foreground(&self) -> Pid {
        let group = self.master.process_group_leader().and_then(Pid::from_raw);
        group.expect("somebody has the terminal")
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Pid {
        let pid = self
            .child
            .process_id()
            .and_then(|pid| i32::try_from(pid).ok());
        pid.and_then(Pid::from_raw).expect("it was started")
    }

    /// Waits for its end; its exit code, or none if a signal ended it.
    pub(crate) async fn exit_code(&mut self) -> Option<u32> {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.until_silent().await;
                return status.signal().is_none().then(|| status.exit_code());
            }
            assert!(
                Instant::now() < end,
                "it did not end within {DEADLINE:?}; it shows\n{}",
                self.text()
            );
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asserts that the terminal is as it was before: its settings, its modes, its cursor.
    pub(crate) fn is_as_before(&self) {
        let now = format!("{:?}", self.master.get_termios());
        assert_eq!(now, self.before, "the terminal's settings");
        let left = self.seen().modes_left_on();
        assert!(left.is_empty(), "left on: {left:?}");
    }

    /// The terminal's settings are those of before now, or will be.
    pub(crate) async fn is_cooked(&self) {
        self.until("is in cooked mode", |_| {
            format!("{:?}", self.master.get_termios()) == self.before
        })
        .await;
    }

    /// All that was written before the end has been read.
    async fn until_silent(&mut self) {
        // The end of a pseudo-terminal is told once nobody holds it any more.
        let reader = self.reader.take();
        let end = Instant::now() + DEADLINE;
        while let Some(reader) = &reader
            && !reader.is_finished()
        {
            assert!(Instant::now() < end, "somebody holds the terminal still");
            sleep(Duration::from_millis(1)).await;
        }
    }

    fn seen(&self) -> MutexGuard<'_, Emulator> {
        self.seen.lock().unwrap()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(self.pid(), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}
