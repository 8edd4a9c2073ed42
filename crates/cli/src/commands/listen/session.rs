//! One run of a client: its updates to the streams, signals to it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kreel_client::inert::inert;
use kreel_client::plain::Line;
use kreel_client::{
    AppAbsent, Client, Command, Counters, Ended, LinkError, Opened, Ready, RelayUrl, Target,
    TunnelName, Update, look_for_app,
};
use kreel_krea::Keys;
use kreel_tui::End;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::beside::Beside;
use super::orders::Orders;
use super::screen::{self, Face, Screen};
use super::sieve::{LOOK_AGAIN, Sieve};
use crate::args::Output;
use crate::embedded;
use crate::exit::Exit;
use crate::krea::front::FrontEvent;
use crate::krea::told;
use crate::log;
use crate::options::ListenOptions;
use crate::problem::{Result, of_link};
use crate::project::Project;
use crate::rows::Rows;
use crate::signals::{Received, Signals};
use crate::sink::RETRY;
use crate::terminal;
use crate::tunnels::Tunnels;

/// One run of a client, and what is told about it.
pub(super) struct Session {
    relay: RelayUrl,
    memory: Memory,
    /// The certificate to trust, where the relay is this process.
    certificate: Option<PathBuf>,
    output: Output,
    print_url: bool,
    rows: Rows,
    /// What leaves out deliveries that are not to be shown.
    sieve: Option<Sieve>,
    was_ready: bool,
    target: Option<Target>,
    /// The inspector, if there is a terminal for it.
    face: Face,
    /// The counters as they were told last.
    counters: Option<Counters>,
    /// The proxy in front of Krea's API, if there is one.
    beside: Option<Beside>,
    /// The one look at the app, once the tunnel is open.
    looking: JoinSet<std::result::Result<(), AppAbsent>>,
}

/// A tunnel and where its address is remembered.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) tunnels: Tunnels,
    pub(super) relay: String,
    pub(super) project: Project,
    pub(super) tunnel: TunnelName,
}

impl Memory {
    /// What the history calls the relay.
    pub(super) fn history_name(&self) -> String {
        match self.relay.as_str() {
            embedded::NAME => embedded::history_name(&self.project),
            relay => relay.to_owned(),
        }
    }
}

/// Why a session is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Signal(Received),
    /// Nobody reads the rows any more.
    Unread,
}

/// How many updates may wait to be written: 1,024, a burst that is over in 30 ms. Past that the
/// client leaves rows out and says how many.
const UPDATES: usize = 1024;

/// How many commands may wait for the client: 16; a person can't type faster, and whoever decides
/// about webhooks waits for its turn.
const COMMANDS: usize = 16;

impl Session {
    pub(super) fn new(
        options: &ListenOptions,
        relay: &RelayUrl,
        memory: Memory,
        certificate: Option<PathBuf>,
        beside: Beside,
        keys: Result<Keys>,
    ) -> Self {
        let tunnel = memory.tunnel.clone();
        let face = match options.output {
            Output::Tui => Face::Wanted(Box::new(screen::setup(
                options,
                &memory,
                certificate.clone(),
                keys,
                &beside,
            ))),
            Output::Compact | Output::Json | Output::Quiet => Face::Lines,
        };
        Self {
            relay: relay.clone(),
            output: options.output,
            print_url: options.print_url,
            rows: match options.print_url {
                true => Rows::on_stderr(options.output),
                false => Rows::new(options.output),
            },
            sieve: options.filter.clone().map(|filter| {
                let tunnel = tunnel.to_string();
                Sieve::new(filter, tunnel, options.history.clone())
            }),
            was_ready: false,
            target: match options.output {
                Output::Compact => options.target.clone(),
                // The inspector says it as soon as something comes.
                Output::Tui | Output::Json | Output::Quiet => None,
            },
            face,
            counters: None,
            looking: JoinSet::new(),
            beside: Some(beside),
            memory,
            certificate,
        }
    }

    /// What the user should know of the history that was found.
    pub(super) fn tell_of_history(&mut self, opened: &Opened) {
        let told = opened.set_aside.iter().map(ToString::to_string);
        let told = told.chain(opened.newer.iter().map(ToString::to_string));
        for text in told {
            self.rows.say(&format!("warning: {}", inert(&text)));
        }
        self.rows.push();
    }

    /// Runs the client until it ends: by a signal, or by a fault that trying again can't mend.
    pub(super) async fn run(mut self, client: Client, signals: &mut Signals) -> Result<Exit> {
        let (commands, commanded) = mpsc::channel(COMMANDS);
        let (updating, mut updates) = mpsc::channel(UPDATES);
        let mut running = Box::pin(client.run(commanded, updating));
        if let Some(beside) = &mut self.beside {
            beside.open_door(&commands)?;
            beside.announce(&mut self.rows);
            self.rows.push();
        }
        self.open_screen(&commands)?;
        let mut orders = Orders::to(commands);
        let mut stop = None;
        let ended = loop {
            tokio::select! {
                // The client first: rows are written while it waits.
                biased;
                ended = &mut running => break ended,
                Some(update) = updates.recv(), if !self.rows.is_full() && self.face.has_room() => {
                    self.show_all(update, &mut updates);
                }
                event = happening(&mut self.beside), if !self.rows.is_full() => {
                    self.show_beside(&event);
                    self.rows.push();
                }
                end = self.face.changed() => {
                    if self.screen_ended(end) {
                        orders.give(Command::Stop);
                    }
                }
                Some(Ok(Err(absent))) = self.looking.join_next() => {
                    self.rows.say(&until_there(&absent));
                    self.rows.push();
                }
                () = sleep(RETRY), if self.rows.is_waiting() || !self.face.has_room() => self.rows.push(),
                () = sleep(LOOK_AGAIN), if self.is_sifting() => {
                    self.sift(Sieve::look_again);
                    self.rows.push();
                }
                signal = signals.next() => {
                    if signal == Received::Interrupt && self.face.has_lent_terminal() {
                        continue;
                    }
                    orders.give(match stop.replace(Stop::Signal(signal)) {
                        None => Command::Stop,
                        Some(_) => Command::StopNow,
                    });
                }
                () = orders.taken() => {}
            }
            if self.rows.is_gone() && stop.is_none() {
                stop = Some(Stop::Unread);
                orders.give(Command::Stop);
            }
        };
        while let Ok(update) = updates.try_recv() {
            self.show(&update);
        }
        self.sift(Sieve::finish);
        if let Some(beside) = self.beside.take() {
            beside.close(&mut self.rows).await;
        }
        if let Some(End::Interrupted) = self.close_screen().await {
            stop.get_or_insert(Stop::Signal(Received::Interrupt));
        }
        self.finish(ended, stop)
    }

    /// Shows an update and those that have come meanwhile, in as few writes as may be.
    fn show_all(&mut self, first: Update, more: &mut mpsc::Receiver<Update>) {
        self.rows.fit_terminal();
        self.show(&first);
        while !self.rows.is_full()
            && self.face.has_room()
            && let Ok(update) = more.try_recv()
        {
            self.show(&update);
        }
        self.rows.push();
    }

    fn show(&mut self, update: &Update) {
        if let Update::Counters(counters) = update {
            self.counters = Some(*counters);
        }
        match (&mut self.face, update) {
            (Face::Screen(screen), _) => screen.tell(update),
            (_, Update::Stopping { running, grace }) => return self.stopping(*running, *grace),
            _ => self.show_row(update),
        }
        if let Update::Ready(ready) = update
            && !std::mem::replace(&mut self.was_ready, true)
        {
            self.ready(ready);
        }
    }

    /// Shows what happened at the proxy beside the tunnel.
    fn show_beside(&mut self, event: &FrontEvent) {
        let has_screen = matches!(self.face, Face::Screen(_));
        if let (Face::Screen(screen), Some(news)) = (&mut self.face, told::news(event)) {
            screen.tell_of(news);
        }
        if let Some(beside) = &self.beside {
            beside.show(event, &mut self.rows, has_screen);
        }
    }

    /// Whether it is not known yet of some deliveries whether they are to be shown.
    fn is_sifting(&self) -> bool {
        self.sieve.as_ref().is_some_and(Sieve::is_waiting)
    }

    fn sift(&mut self, look: fn(&mut Sieve) -> Vec<Update>) {
        let passed = self.sieve.as_mut().map(look).unwrap_or_default();
        for update in passed {
            self.rows.show(&update);
        }
    }

    /// Shows an update as a line, if it is about a delivery that is to be shown.
    fn show_row(&mut self, update: &Update) {
        match &mut self.sieve {
            None => self.rows.show(update),
            Some(sieve) => {
                for update in sieve.pass(update) {
                    self.rows.show(&update);
                }
            }
        }
    }

    /// The first time the tunnel is open.
    fn ready(&mut self, ready: &Ready) {
        let Memory {
            tunnels,
            relay,
            project,
            tunnel,
        } = &self.memory;
        if let Err(problem) = tunnels.note_url(relay, project, tunnel, &ready.url) {
            self.rows
                .say(&format!("warning: {}: {}", problem.what, problem.why));
        }
        if let Some(beside) = &self.beside {
            beside.ready(&ready.url, &mut self.rows);
        }
        if self.print_url {
            // Once, and so short that no pipe is in the way.
            let _ = terminal::print(&format!("{}\n", ready.url));
        }
        if let Some(target) = self.target.take() {
            // Beside the deliveries, which find out for themselves.
            self.looking
                .spawn(async move { look_for_app(&target).await });
        }
        let is_for_people = self.output != Output::Quiet && !matches!(self.face, Face::Screen(_));
        if let (Some(certificate), true) = (&self.certificate, is_for_people) {
            self.rows.say(&private_address(&ready.url, certificate));
        }
    }

    /// Opens the inspector, if it is wanted.
    fn open_screen(&mut self, commands: &mpsc::Sender<Command>) -> Result<()> {
        if let Face::Wanted(setup) = std::mem::replace(&mut self.face, Face::Lines) {
            self.face = Face::Screen(Screen::open(*setup, commands.clone())?);
        }
        Ok(())
    }

    /// The inspector has ended though the client has not: lines take its place. Whether the client
    /// is to end too.
    fn screen_ended(&mut self, end: io::Result<End>) -> bool {
        self.face = Face::Lines;
        log::release();
        let is_wanted = matches!(end, Ok(End::Interrupted | End::Quit));
        match end {
            Ok(End::Interrupted | End::Quit) => {}
            Ok(End::Failed) => self
                .rows
                .say("warning: the inspector failed; kreel goes on without it"),
            Err(error) => self.rows.say(&format!(
                "warning: the inspector can't use the terminal: {error}; kreel goes on without it"
            )),
        }
        self.rows.push();
        is_wanted
    }

    /// Gives the terminal back, and says what became of all.
    async fn close_screen(&mut self) -> Option<End> {
        let Face::Screen(screen) = std::mem::replace(&mut self.face, Face::Lines) else {
            return None;
        };
        let end = screen.close().await;
        log::release();
        if let Some(counters) = self.counters {
            self.rows.show(&Update::Counters(counters));
        }
        end.ok()
    }

    fn stopping(&mut self, running: u64, grace: Duration) {
        let waited_for = match running {
            0 => return,
            1 => "1 running delivery".to_owned(),
            count => format!("{count} running deliveries"),
        };
        if grace.is_zero() {
            return self
                .rows
                .say(&format!("stopping without waiting for {waited_for}"));
        }
        self.rows.say(&format!(
            "stopping: waiting up to {} s for {waited_for}; Ctrl-C again stops at once",
            grace.as_secs()
        ));
    }

    fn finish(
        mut self,
        ended: std::result::Result<Ended, LinkError>,
        stop: Option<Stop>,
    ) -> Result<Exit> {
        match &ended {
            Ok(ended) if self.output == Output::Json => {
                let given_up = ended.given_up;
                self.rows.add(&Line::Stopped { given_up });
            }
            Ok(Ended {
                given_up: count @ 1..,
                ..
            }) => {
                self.rows.say(&format!("{count} given up while running"));
            }
            _ => {}
        }
        self.rows.finish();
        ended.map_err(|error| of_link(&error, &self.relay))?;
        Ok(match stop {
            Some(Stop::Signal(signal)) => signal.exit(),
            Some(Stop::Unread) | None => Exit::Success,
        })
    }
}

/// What happens next at the proxy; never without one.
async fn happening(beside: &mut Option<Beside>) -> FrontEvent {
    match beside {
        Some(beside) => beside.next().await,
        None => std::future::pending().await,
    }
}

/// What it means that the app is not there.
fn until_there(absent: &AppAbsent) -> String {
    format!("{absent}: deliveries wait until the app is there")
}

/// What an address of our own relay is good for, and what to do for a better one.
fn private_address(url: &str, certificate: &Path) -> String {
    let certificate = certificate.to_string_lossy();
    let certificate = terminal::quoted(&certificate);
    let url = terminal::quoted(url);
    format!(
        "No relay is configured, so kreel runs one itself: only this machine can reach this address.\n\
         Try it from another terminal:\n  \
         curl --cacert {certificate} {url} -d '{{\"hello\":\"world\"}}'\n\
         For a public address, `kreel relay` on a server of yours, then `kreel login` here.\n"
    )
}
