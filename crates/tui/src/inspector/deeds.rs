//! What the app wants done outside of itself.

use std::io;
use std::process::Command as Process;

use kreel_client::Command;
use kreel_inspect::filter::Filter;

use super::Inspector;
use crate::End;
use crate::app::list::Anchor;
use crate::app::pane::Tab;
use crate::app::toast::News;
use crate::app::{App, Listing, Mode};
use crate::apply::Deed;
use crate::desk::{Detail, InSight, Look};
use crate::{clipboard, editor, panic};

impl Inspector {
    pub(super) fn deed(&mut self, deed: Deed) -> io::Result<()> {
        match deed {
            Deed::Tell(command) => {
                self.tell(command);
            }
            Deed::Look => {
                self.ask_for_rows();
                self.valid_from = self.look;
            }
            Deed::OpenDetail => {
                self.look_through();
                if let Some(pane) = self.app.pane.as_mut().filter(|pane| pane.number > 0) {
                    self.desk.open_detail(Detail {
                        number: pane.number,
                        // One that is only shown otherwise has it, or will.
                        has_body: pane.unread.take().is_none() && pane.whole.is_some(),
                        attempt: pane.chosen_attempt(),
                    });
                }
            }
            Deed::LookThrough => self.look_through(),
            Deed::Chore(chore) => {
                let what = chore.what();
                self.app.working = what.map(|what| (what, self.app.now)).or(self.app.working);
                if !self.desk.chore(chore) {
                    self.app.say(News::Bad, "too much is being done already");
                }
            }
            Deed::Copy { text, says } => self.copy(&text, says)?,
            Deed::Trigger(event) => self.trigger(event),
            Deed::Browse(url) => match editor::browse(&url) {
                Ok(()) => self.app.say(News::Good, "opened in the browser"),
                Err(error) => self
                    .app
                    .say(News::Bad, format!("no browser could be started: {error}")),
            },
            Deed::EditAgain => {
                if let Some(edited) = self.edited.take() {
                    self.edit(edited)?;
                }
            }
            Deed::DropEdited => self.edited = None,
            Deed::Mouse(is_on) => {
                self.screen.set_mouse(is_on)?;
                let text = if is_on {
                    "the mouse is kreel's"
                } else {
                    "the mouse is the terminal's"
                };
                self.app.say(News::Fair, text);
            }
            Deed::Redraw => {
                panic::if_asked_to("screen");
                self.screen.forget()?;
                self.forget_picture();
                self.draw_is_due = true;
            }
            Deed::Suspend => self.suspend()?,
            Deed::Quit { is_interrupt } => self.quit(is_interrupt),
        }
        Ok(())
    }

    /// Asks for the rows that are wanted now.
    pub(super) fn ask_for_rows(&mut self) {
        self.look += 1;
        self.looked_at = std::time::Instant::now();
        self.look_is_due = false;
        let app = &self.app;
        self.desk.look(Look {
            id: self.look,
            anchor: match app.wants_oldest {
                true => Anchor::Oldest,
                false => app.list.anchor(),
            },
            filter: wanted(app),
            since: app.view.since,
        });
    }

    /// Has the lens read what is in sight.
    pub(super) fn look_through(&mut self) {
        if self.app.facts.lens.is_some() {
            self.desk.look_through(InSight {
                rows: match &self.app.listing {
                    Listing::Deliveries => None,
                    Listing::Subjects(subjects) => Some(subjects.limit()),
                },
                // A lens may read much to say what something is about: not unless that is shown.
                of: self.app.selected().filter(|_| self.app.tab == Tab::More),
                is_anew: false,
            });
        }
    }

    /// Tells the client; whether it could be told.
    pub(super) fn tell(&mut self, command: Command) -> bool {
        let is_told = self.commands.try_send(command).is_ok();
        if !is_told {
            let text = "the client is busy or stopping: try it again";
            self.app.say(News::Bad, text);
        }
        is_told
    }

    /// Has a ready-made webhook posted to the public address.
    fn trigger(&mut self, event: String) {
        let ready = self.app.status.link.ready();
        let (Some(trigger), Some(ready)) = (self.app.facts.trigger.clone(), ready) else {
            let text = "there is no address until the link is up";
            return self.app.say(News::Fair, text);
        };
        let url = ready.url.clone();
        if !self.desk.post(trigger, event, url) {
            let text = "one is being posted already, and its answer waited for";
            self.app.say(News::Fair, text);
        }
    }

    fn quit(&mut self, is_interrupt: bool) {
        if is_interrupt {
            self.end = End::Interrupted;
        }
        self.stops.ask(&self.commands);
        // Nothing opens any more.
        self.kept.clear();
        self.app.mode = Mode::Browse;
    }

    pub(super) fn copy(&mut self, text: &str, says: String) -> io::Result<()> {
        match clipboard::copy(&mut self.screen, text) {
            Ok(()) => self.app.say(News::Good, says),
            Err(fault) => self.app.say(News::Bad, fault),
        }
        Ok(())
    }
}

/// The filter of all that narrows the rows.
fn wanted(app: &App) -> Option<Filter> {
    let view = &app.view;
    if !view.only_marked {
        return view.filter.clone();
    }
    let text = match &view.filter {
        Some(filter) => format!("({filter}) is:marked"),
        None => "is:marked".to_owned(),
    };
    // What was understood once is understood again.
    Filter::parse(&text).ok()
}

/// So that nothing of a process that is started here reads or writes the terminal.
pub(crate) fn quietly(process: &mut Process) -> &mut Process {
    use std::process::Stdio;
    process
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}
