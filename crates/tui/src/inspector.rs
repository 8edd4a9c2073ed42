//! The loop: keys, updates and what was found come in; the app changes; a frame is drawn.
//!
//! A key is answered with a frame at once, and what it has asked for as soon as it is found. All
//! else is drawn at most every [`FRAME`].

pub(crate) mod deeds;
mod editing;
mod news;
mod stops;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;
use kreel_client::{Command, Update};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};

use self::editing::Editing;
pub(crate) use self::editing::Lending;
use self::stops::Stops;
use crate::End;
use crate::app::{App, Mode};
use crate::apply::{self, Deed};
use crate::desk::{Chore, Desk, Found, ToEdit, ToEncode};
use crate::editor::EditorTurn;
use crate::lens::News;
use crate::limits::{AWAITED, AWAITED_FRAME, FOUND, FRAME, REFRESH};
use crate::setup::Setup;
use crate::terminal::Screen;
use crate::view;

/// The inspector at work.
struct Inspector {
    app: App,
    screen: Screen,
    desk: Desk,
    commands: mpsc::Sender<Command>,
    keys: Option<EventStream>,
    /// Which look was asked for last.
    look: u64,
    /// From which look on answers are about what is wanted now: those asked for beside keys only
    /// bring it up to date, and an earlier answer is better than none.
    valid_from: u64,
    /// When the rows were last looked up, and whether they are due again.
    looked_at: Instant,
    look_is_due: bool,
    /// How long to wait before they are looked up again.
    refresh: Duration,
    /// When a key was pressed last.
    pressed_at: Instant,
    drawn_at: Instant,
    draw_is_due: bool,
    /// What happens beside the deliveries.
    news: Option<mpsc::Receiver<News>>,
    /// What takes the screen once nothing is being typed any more.
    kept: VecDeque<Found>,
    /// A file that had a fault, to be edited again.
    edited: Option<ToEdit>,
    /// A file that is being edited: another program has the terminal.
    editing: Option<Editing>,
    /// Whether it has.
    lent: Arc<Lending>,
    /// From the moment this process stops itself until it is woken.
    is_suspended: bool,
    woken_at: Option<Instant>,
    end: End,
    stops: Stops,
}

/// What has happened.
enum Turn {
    Key(Option<io::Result<Event>>),
    Update(Option<Update>),
    Found(Found),
    News(Option<News>),
    Editor(EditorTurn),
    Due,
    /// Somebody wants this process stopped (SIGTSTP), or has woken it (SIGCONT).
    Suspend,
    Woken,
}

/// Runs until there are no more updates.
pub(crate) fn run(
    setup: Setup,
    commands: mpsc::Sender<Command>,
    updates: mpsc::Receiver<Update>,
    lent: Arc<Lending>,
) -> io::Result<End> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (found, finding) = mpsc::channel(FOUND);
        let images = setup.images.here(setup.theme);
        let desk = Desk::open(&setup, images, &found)?;
        let now = Instant::now();
        let mut app = App::new(setup.facts, setup.keys, setup.theme, now);
        app.view.typed = setup
            .filter
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        app.view.filter = setup.filter;
        app.shows_images = images.is_some();
        let mut inspector = Inspector {
            app,
            screen: Screen::take()?,
            desk,
            commands,
            keys: Some(EventStream::new()),
            look: 0,
            valid_from: 0,
            looked_at: now,
            look_is_due: true,
            refresh: REFRESH,
            pressed_at: now,
            drawn_at: now,
            draw_is_due: true,
            news: setup.news,
            kept: VecDeque::new(),
            edited: None,
            editing: None,
            lent,
            is_suspended: false,
            woken_at: None,
            end: End::Quit,
            stops: Stops::default(),
        };
        inspector.run(updates, finding).await
    })
}

impl Inspector {
    async fn run(
        &mut self,
        mut updates: mpsc::Receiver<Update>,
        mut finding: mpsc::Receiver<Found>,
    ) -> io::Result<End> {
        let mut suspend = signal(SignalKind::from_raw(SIGTSTP))?;
        let mut woken = signal(SignalKind::from_raw(SIGCONT))?;
        self.draw()?;
        loop {
            let turn = self
                .turn(&mut updates, &mut finding, &mut suspend, &mut woken)
                .await;
            self.app.now = Instant::now();
            match turn {
                Turn::Key(Some(Ok(event))) => {
                    self.event(event)?;
                    self.more_keys().await?;
                    self.draw()?;
                    self.pressed_at = self.drawn_at;
                }
                Turn::Key(Some(Err(error))) => return Err(error),
                // The terminal is gone.
                Turn::Key(None) => return Ok(self.stop_and_wait(updates).await),
                Turn::Update(Some(update)) => {
                    self.hear(&update);
                    while let Ok(update) = updates.try_recv() {
                        self.hear(&update);
                    }
                }
                Turn::Update(None) => {
                    self.close_editor().await?;
                    return Ok(self.end);
                }
                Turn::Found(found) => {
                    self.found(found)?;
                    while let Ok(found) = finding.try_recv() {
                        self.found(found)?;
                    }
                }
                Turn::News(None) => self.news = None,
                Turn::News(Some(news)) => self.tell_of(news),
                Turn::Due => {
                    self.draw_is_due |= self.app.toasts.expire(self.app.now);
                    self.draw_is_due |= self.app.status.counts_down();
                    self.draw_is_due |= self.app.work().is_some();
                }
                Turn::Editor(turn) => self.editor(turn)?,
                Turn::Suspend => self.suspend()?,
                Turn::Woken => self.wake()?,
            }
            if self.app.status.stopping.is_some() {
                // Whoever ends kreel does not wait for an editor.
                self.close_editor().await?;
            }
            if self.end == End::Failed {
                return Ok(End::Failed);
            }
            self.do_what_is_due()?;
        }
    }

    async fn turn(
        &mut self,
        updates: &mut mpsc::Receiver<Update>,
        finding: &mut mpsc::Receiver<Found>,
        suspend: &mut Signal,
        woken: &mut Signal,
    ) -> Turn {
        let due = self.next_due();
        let editing = self.editing.as_mut();
        // They are the editor's while there is one, and the shell's while this is suspended.
        let keys = match editing.is_none() && !self.is_suspended {
            true => Some(self.keys.get_or_insert_with(EventStream::new)),
            false => None,
        };
        let key = async move {
            match keys {
                Some(keys) => keys.next().await,
                None => std::future::pending().await,
            }
        };
        let news = self.news.as_mut();
        let news = async move {
            match news {
                Some(news) => news.recv().await,
                None => std::future::pending().await,
            }
        };
        let editor = async move {
            match editing {
                Some(editing) => editing.editor.turn().await,
                None => std::future::pending().await,
            }
        };
        let due = async move {
            match due {
                Some(due) => sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = woken.recv() => Turn::Woken,
            event = key => Turn::Key(event),
            turn = editor => Turn::Editor(turn),
            Some(found) = finding.recv() => Turn::Found(found),
            update = updates.recv() => Turn::Update(update),
            news = news => Turn::News(news),
            _ = suspend.recv() => Turn::Suspend,
            () = due => Turn::Due,
        }
    }

    /// Keys that were pressed meanwhile, or pasted, count before a frame is drawn.
    async fn more_keys(&mut self) -> io::Result<()> {
        for _ in 0..KEYS_A_FRAME {
            let Some(keys) = self.keys.as_mut() else {
                return Ok(());
            };
            match timeout(Duration::ZERO, keys.next()).await {
                Ok(Some(Ok(event))) => self.event(event)?,
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Event) -> io::Result<()> {
        let deeds = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => apply::key(&mut self.app, key),
            Event::Paste(text) => apply::paste(&mut self.app, &text),
            Event::Mouse(mouse) => {
                let places = view::places(self.screen.area(), &self.app);
                apply::mouse(&mut self.app, mouse, places)
            }
            Event::Resize(..) => {
                self.draw_is_due = true;
                Vec::new()
            }
            _ => Vec::new(),
        };
        self.carry_out(deeds)
    }

    fn carry_out(&mut self, deeds: Vec<Deed>) -> io::Result<()> {
        for deed in deeds {
            self.deed(deed)?;
        }
        Ok(())
    }

    fn do_what_is_due(&mut self) -> io::Result<()> {
        self.stops.tell(&self.commands);
        self.take_kept()?;
        if self.look_is_due && self.looked_at.elapsed() >= self.refresh {
            self.ask_for_rows();
        }
        if self.draw_is_due && self.drawn_at.elapsed() >= self.frame() {
            self.draw()?;
        }
        Ok(())
    }

    /// When there is something to do though nothing happens.
    fn next_due(&self) -> Option<Instant> {
        let look = self.look_is_due.then(|| self.looked_at + self.refresh);
        let draw = self.draw_is_due.then(|| self.drawn_at + self.frame());
        let count = self
            .app
            .status
            .counts_down()
            .then(|| self.drawn_at + SECOND);
        let toast = self.app.toasts.next_end();
        let stop = self.stops.is_due().then(|| Instant::now() + FRAME);
        let work = self.app.tells_of_work_at();
        let work = work.filter(|at| *at > self.drawn_at);
        [look, draw, count, toast, work, stop]
            .into_iter()
            .flatten()
            .min()
    }

    /// How long to wait after a frame before the next is drawn.
    fn frame(&self) -> Duration {
        match self.pressed_at.elapsed() < AWAITED {
            true => AWAITED_FRAME,
            false => FRAME,
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        self.app.now = Instant::now();
        let app = &mut self.app;
        self.screen.draw(|frame| view::draw(frame, app))?;
        self.drawn_at = Instant::now();
        self.draw_is_due = false;
        if let Some((number, which, picture)) = self.app.picture()
            && let Some((source, room)) = picture.next_wanted()
        {
            self.desk.encode(ToEncode {
                number,
                which,
                source,
                room,
            });
        }
        if let Mode::Compare(shown) = &mut self.app.mode
            && let Some(layout) = shown.next_wanted()
        {
            let comparing = shown.comparing.clone();
            self.desk.chore(Chore::LayOut { comparing, layout });
        }
        // A larger screen may show rows that are not at hand.
        if self.app.list.wants_more() && !self.look_is_due {
            self.look_is_due = true;
        }
        Ok(())
    }

    /// Takes the terminal over again: all of it is drawn anew.
    fn take_again(&mut self) -> io::Result<()> {
        self.screen.take_again()?;
        self.forget_picture();
        self.draw_is_due = true;
        Ok(())
    }

    /// A terminal that was cleared has let go of its images.
    fn forget_picture(&mut self) {
        if let Some((_, _, picture)) = self.app.picture() {
            picture.forget();
        }
    }

    /// The terminal was closed: the client is told, and waited for without a screen.
    async fn stop_and_wait(&mut self, mut updates: mpsc::Receiver<Update>) -> End {
        // A client that is gone needs no telling.
        let _ = self.commands.send(Command::Stop).await;
        while updates.recv().await.is_some() {}
        End::Interrupted
    }
}

/// Keys taken in before a frame is drawn in between: 64, so that a held key shows its way.
const KEYS_A_FRAME: usize = 64;

const SECOND: Duration = Duration::from_secs(1);

/// The numbers are the same on all systems kreel runs on but for these two on the BSDs.
const SIGTSTP: i32 = rustix::process::Signal::TSTP.as_raw();
const SIGCONT: i32 = rustix::process::Signal::CONT.as_raw();
