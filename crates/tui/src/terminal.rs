//! The terminal while the inspector has it: taken over whole, and given back as it was, also when
//! something panics.

use std::io::{self, BufWriter, Stdout, Write};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::style::force_color_output;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// The terminal, taken over. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    has_mouse: bool,
}

/// The settings of a terminal that another program has for a while.
#[derive(Debug)]
pub(crate) struct Lent(Termios);

/// Cursor keys and keypad as they are at first, and no looks: a program that was killed leaves its
/// own.
const USUAL_KEYS: &[u8] = b"\x1b[?1l\x1b>\x1b[0m";

/// Whether the terminal is ours. Whoever turns it off gives the terminal back, so that a panic on
/// one thread and the end of another do not both.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// As much as a frame of 200 × 60 with colours takes, so that it goes out in one piece: 64 KiB.
const FRAME_BYTES: usize = 64 * 1024;

impl Screen {
    /// Takes the terminal over.
    pub(crate) fn take() -> io::Result<Self> {
        give_back_on_panic();
        // Which colours there are is the theme's to say: under NO_COLOR it has none, unless the user
        // asked for one that has.
        force_color_output(true);
        let out = BufWriter::with_capacity(FRAME_BYTES, io::stdout());
        let mut screen = Self {
            terminal: Terminal::new(CrosstermBackend::new(out))?,
            has_mouse: false,
        };
        screen.take_again()?;
        Ok(screen)
    }

    /// Takes it over again, after [`Screen::give_back`], and draws all of it anew.
    pub(crate) fn take_again(&mut self) -> io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        execute!(
            self.terminal.backend_mut(),
            EnterAlternateScreen,
            EnableBracketedPaste
        )?;
        if self.has_mouse {
            execute!(self.terminal.backend_mut(), EnableMouseCapture)?;
        }
        self.forget()
    }

    /// Gives it to another program for a while.
    pub(crate) fn lend(&mut self) -> io::Result<Lent> {
        self.give_back()?;
        Ok(Lent(tcgetattr(io::stdin())?))
    }

    /// Takes it from that program again, whatever state it has left it in.
    pub(crate) fn take_from(&mut self, lent: &Lent) -> io::Result<()> {
        tcsetattr(io::stdin(), OptionalActions::Now, &lent.0)?;
        self.terminal.backend_mut().write_all(USUAL_KEYS)?;
        self.take_again()
    }

    /// Gives it back, for another program or for good.
    pub(crate) fn give_back(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().flush()?;
        give_back()
    }

    /// Draws a frame, as one.
    pub(crate) fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if !TAKEN.load(Ordering::SeqCst) {
            return Ok(());
        }
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(view)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// How large it is.
    pub(crate) fn area(&self) -> Rect {
        let size = self.terminal.size().unwrap_or_default();
        Rect::new(0, 0, size.width, size.height)
    }

    /// Has the next frame draw every cell.
    pub(crate) fn forget(&mut self) -> io::Result<()> {
        // `Terminal::clear` would ask the terminal where its cursor is, and wait two seconds for
        // an answer that some never give and that the reader of keys may take away.
        let area = self.area();
        self.terminal.resize(area)
    }

    /// Hands text to the terminal's clipboard (OSC 52), which works over SSH too. Whether it took
    /// it is not told.
    pub(crate) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(
            self.terminal.backend_mut(),
            CopyToClipboard::to_clipboard_from(text)
        )
    }

    /// Has the mouse reported, or leaves it to the terminal.
    pub(crate) fn set_mouse(&mut self, is_on: bool) -> io::Result<()> {
        self.has_mouse = is_on;
        match is_on {
            true => execute!(self.terminal.backend_mut(), EnableMouseCapture),
            false => execute!(self.terminal.backend_mut(), DisableMouseCapture),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // There is no better place to say that it failed than the terminal itself.
        let _ = self.give_back();
    }
}

fn give_back() -> io::Result<()> {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return Ok(());
    }
    let screen = execute!(
        io::stdout(),
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    disable_raw_mode().and(screen)
}

/// A panic's message must be readable, and the shell usable after it.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let _ = give_back();
            before(info);
        }));
    });
}
