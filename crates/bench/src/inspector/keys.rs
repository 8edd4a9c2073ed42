//! Keys among the rows while deliveries arrive: what is pressed is random, but the same each run.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::sight::{about, bar, follows, has_tab, is_for, is_inside, selected, title};
use super::terminal::{Effect, Terminal};
use super::times::Times;

/// Somebody at the keys.
pub(super) struct Hands<'a> {
    terminal: &'a mut Terminal,
    times: Times,
    /// How long it took until what a key began was done.
    ends: Times,
    place: Place,
    random: u64,
}

/// How far from an end the selection is, at least.
#[derive(Debug, Clone, Copy)]
enum Place {
    FromNewest(u32),
    FromOldest(u32),
}

impl<'a> Hands<'a> {
    /// Hands on this terminal, which follows.
    pub(super) fn on(terminal: &'a mut Terminal) -> Self {
        Self {
            terminal,
            times: Times::default(),
            ends: Times::default(),
            place: Place::FromNewest(0),
            random: 0x2545_f491_4f6c_dd1d,
        }
    }

    /// Presses keys for so long, some ten a second: from a key to its frame, and to the end of what
    /// it began.
    pub(super) fn play(mut self, time: Duration) -> Result<(Times, Times)> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            match self.below(21) {
                0..7 => self.step()?,
                7..10 => self.leaf()?,
                10 => self.go_to_oldest()?,
                11 => self.go_to_newest()?,
                12..16 => self.tab()?,
                16 | 17 => self.enter()?,
                18 => self.filter()?,
                _ => self.read()?,
            }
            let pause = 30 + self.below(60);
            // A person's pause; this thread does nothing else.
            std::thread::park_timeout(Duration::from_millis(pause));
        }
        Ok((self.times, self.ends))
    }

    fn press(&mut self, what: &'static str, keys: &str, effect: Effect) -> Result<()> {
        let took = self.terminal.press(keys, effect)?;
        self.times.note(what, took);
        Ok(())
    }

    /// Another row is selected, and none is followed.
    fn moved(&self) -> Effect {
        let (before, followed) = self
            .terminal
            .look(|screen| (selected(screen), follows(screen)));
        Box::new(move |screen| {
            let now = selected(screen);
            // What was followed may have been another when the key came.
            !follows(screen) && now.is_some() && (followed || now != before)
        })
    }

    /// Up or down by one, away from an end that is near.
    fn step(&mut self) -> Result<()> {
        let away = self.below(3) > 0;
        let key = match self.place.go(away, 1) {
            true => "j",
            false => "k",
        };
        let moved = self.moved();
        self.press("j, k", key, moved)
    }

    fn leaf(&mut self) -> Result<()> {
        let away = self.below(2) > 0;
        let key = match self.place.go(away, u32::MAX) {
            true => "\x1b[6~",
            false => "\x1b[5~",
        };
        let moved = self.moved();
        self.press("PgDn, PgUp", key, moved)
    }

    fn go_to_oldest(&mut self) -> Result<()> {
        if matches!(self.place, Place::FromOldest(_)) {
            return Ok(());
        }
        self.place = Place::FromOldest(0);
        let effect = |screen: &_| selected(screen).is_some_and(|it| it.starts_with("#0 "));
        self.press("G", "G", Box::new(effect))
    }

    fn go_to_newest(&mut self) -> Result<()> {
        self.place = Place::FromNewest(0);
        let effect = |screen: &_| follows(screen) && is_for(screen, " /hook");
        self.press("g", "g", Box::new(effect))
    }

    fn tab(&mut self) -> Result<()> {
        for tab in [2 + self.below(4) as u8, 1] {
            let effect = move |screen: &_| has_tab(screen, tab);
            self.press("1 to 5", &tab.to_string(), Box::new(effect))?;
        }
        Ok(())
    }

    fn enter(&mut self) -> Result<()> {
        self.press("Enter, Esc", "\r", Box::new(is_inside))?;
        self.press("Enter, Esc", "\x1b", Box::new(|screen| !is_inside(screen)))
    }

    /// Types a filter, waits for what it finds, and takes it back.
    fn filter(&mut self) -> Result<()> {
        let words = [
            "gulls",
            "krea",
            "job123456",
            "harbour method:post",
            "status:5xx",
        ];
        let filter = words[self.below(5) as usize];
        self.press(
            "/",
            "/",
            Box::new(|screen| bar(screen).trim_end().len() < 4),
        )?;
        let mut asked = Instant::now();
        for end in 1..=filter.len() {
            asked = Instant::now();
            let typed = filter[..end].trim_end().to_owned();
            let effect = move |screen: &_| bar(screen).contains(&typed);
            self.press("typing a filter", &filter[end - 1..end], Box::new(effect))?;
        }
        let shown = format!("/{filter}");
        self.terminal.shows(Box::new(move |screen| {
            let title = title(screen);
            let is_loaded = !screen.contents().contains("looking into");
            title.contains(&shown) && !title.contains("searching") && is_loaded
        }))?;
        self.ends.note("a filter has found a page", asked.elapsed());
        let is_told = |screen: &_| bar(screen).contains("help");
        self.press("Enter, Esc", "\r", Box::new(is_told))?;
        self.press(
            "Enter, Esc",
            "\x1b",
            Box::new(|screen| !title(screen).contains('/')),
        )?;
        self.go_to_newest()
    }

    /// A row further, until its body is there.
    fn read(&mut self) -> Result<()> {
        let mut moved = self.moved();
        let key = if self.place.go(true, 1) { "j" } else { "k" };
        let effect = move |screen: &_| moved(screen) && about(screen).contains("JSON");
        let took = self.terminal.press(key, Box::new(effect))?;
        self.ends.note("j, k: the body is there", took);
        Ok(())
    }

    /// A number below this one.
    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }
}

impl Place {
    /// Goes away from the end, or so far back if there is room; whether that is down.
    fn go(&mut self, away: bool, far: u32) -> bool {
        let (rows, is_newest) = match self {
            Self::FromNewest(rows) => (rows, true),
            Self::FromOldest(rows) => (rows, false),
        };
        let away = away || *rows == 0;
        *rows = match away {
            true => *rows + 1,
            false => rows.saturating_sub(far),
        };
        away == is_newest
    }
}
