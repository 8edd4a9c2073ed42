//! What updates and found things do to the app.

use std::io;

use kreel_client::Update;
use kreel_inspect::inert::inert;

use super::Inspector;
use crate::End;
use crate::action::Action;
use crate::app::differences::Differences;
use crate::app::toast::News;
use crate::app::{Listing, Mode};
use crate::apply;
use crate::desk::{Detail, Found, Rows};
use crate::lens::{self, Acted, Mood, Of};
use crate::limits::{REFRESH, REFRESH_REST};

impl Inspector {
    /// The client says something.
    pub(super) fn hear(&mut self, update: &Update) {
        let now = self.app.now;
        if let Some((news, text)) = self.app.status.hear(update, now) {
            self.app.say(news, text);
        }
        // Whatever it is, the history may have changed with it.
        self.look_is_due = true;
        self.draw_is_due = true;
    }

    /// Something has happened beside the deliveries.
    pub(super) fn tell_of(&mut self, news: lens::News) {
        let how = match news.mood {
            Mood::Good | Mood::Strong => News::Good,
            Mood::Plain | Mood::Dim | Mood::Fair => News::Fair,
            Mood::Bad => News::Bad,
        };
        self.app.say(how, news.text);
        self.draw_is_due = true;
    }

    /// What waited for the end of a line takes the screen.
    pub(super) fn take_kept(&mut self) -> io::Result<()> {
        if !self.app.may_be_interrupted() || self.editing.is_some() {
            return Ok(());
        }
        match self.kept.pop_front() {
            Some(found) => self.found(found),
            None => Ok(()),
        }
    }

    /// A desk has found something.
    pub(super) fn found(&mut self, found: Found) -> io::Result<()> {
        self.draw_is_due = true;
        let is_over = matches!(
            found,
            Found::Copy { .. }
                | Found::Compared(_)
                | Found::ToEdit(_)
                | Found::Done(_)
                | Found::Failed(_)
        );
        self.app.working = self.app.working.filter(|_| !is_over);
        if matches!(found, Found::Compared(_) | Found::ToEdit(_)) && !self.app.may_be_interrupted()
        {
            self.kept.push_back(found);
            return Ok(());
        }
        match found {
            Found::Rows(rows) if rows.look >= self.valid_from => return self.rows(*rows),
            Found::Rows(_) => {}
            Found::Whole {
                number,
                whole,
                listening,
            } => {
                if let Some(pane) = self.app.pane.as_mut().filter(|pane| pane.number == number) {
                    pane.listening = listening;
                    match whole {
                        Some(whole) => pane.show(whole),
                        None => pane.is_gone = true,
                    }
                    self.app.explain();
                    self.read_rest();
                }
            }
            Found::Unread { number, why } => {
                if let Some(pane) = self.app.pane.as_mut().filter(|pane| pane.number == number) {
                    pane.unread = Some(inert(&why).into_owned());
                }
            }
            Found::Body { number, body } => {
                if let Some(pane) = self.app.pane.as_mut().filter(|pane| pane.number == number) {
                    pane.show_body(*body);
                    self.read_rest();
                }
            }
            Found::Picture {
                number,
                which,
                made,
            } => {
                if let Some((shown, kind, picture)) = self.app.picture()
                    && (shown, kind) == (number, which)
                {
                    picture.show(*made);
                }
            }
            Found::Sheet { of, read } => {
                if let Some(pane) = self.app.pane.as_mut().filter(|pane| pane.of == of) {
                    pane.sheet.show(*read);
                }
            }
            Found::Subjects(page) => {
                if let Listing::Subjects(subjects) = &mut self.app.listing {
                    subjects.show(*page);
                    let deeds = apply::follow_selection(&mut self.app);
                    return self.carry_out(deeds);
                }
            }
            Found::Acted { of, acted } => self.acted(&of, *acted),
            Found::Copy { text, says } => self.copy(&text, says)?,
            Found::Compared(comparing) => {
                if comparing.comparison.is_equal {
                    self.app.say(News::Good, "no difference");
                }
                self.app.mode = Mode::Compare(Box::new(Differences::new(comparing)));
            }
            Found::LaidOut { comparing, laid } => {
                if let Mode::Compare(shown) = &mut self.app.mode {
                    shown.show(&comparing, laid);
                }
            }
            Found::ToEdit(edited) => self.edit(*edited)?,
            Found::Goto(number) => {
                self.app.listing = Listing::Deliveries;
                self.app.list.select(number);
                let deeds = apply::follow_selection(&mut self.app);
                self.ask_for_rows();
                self.valid_from = self.look;
                return self.carry_out(deeds);
            }
            Found::Newest(number) => {
                self.app.only_after(number);
                self.ask_for_rows();
                self.valid_from = self.look;
            }
            Found::Done(text) => self.app.say(News::Good, text),
            Found::Failed(text) => self.app.say(News::Bad, text),
            Found::Changed => self.look_is_due = true,
            Found::Broken => self.end = End::Failed,
        }
        Ok(())
    }

    /// What came of something the lens was to do.
    fn acted(&mut self, of: &Of, acted: Acted) {
        match acted {
            Acted::Says(text) => self.app.say(News::Good, text),
            Acted::Fails(text) => self.app.say(News::Bad, text),
            Acted::Tell(command, text) => {
                self.app.say(News::Good, text);
                self.tell(command);
            }
            Acted::Image(_) if !self.app.shows_images => {
                let key = self.app.key(Action::Browse);
                let text =
                    format!("it is an image, but images are off here: {key} opens it in a browser");
                self.app.say(News::Fair, text);
            }
            Acted::Image(bytes) => {
                if let Some(pane) = self.app.pane.as_mut().filter(|pane| pane.of == *of) {
                    pane.sheet.preview(bytes);
                }
            }
        }
        self.look_is_due = true;
    }

    fn rows(&mut self, rows: Rows) -> io::Result<()> {
        self.refresh = REFRESH.max(rows.took * REFRESH_REST);
        let app = &mut self.app;
        app.totals = rows.totals.or(app.totals);
        app.progress = rows.progress;
        app.markers = rows.markers;
        app.list.pin(app.is_about_one());
        app.list.show(rows.rows, rows.has_newer, rows.has_older);
        if std::mem::take(&mut app.wants_oldest) {
            app.list.go_to_oldest();
        }
        let deeds = apply::follow_selection(app);
        self.refresh_detail();
        self.carry_out(deeds)
    }

    /// The shown delivery is opened again if its row is another than it was.
    fn refresh_detail(&mut self) {
        let app = &mut self.app;
        if app.shown().is_none() {
            return;
        }
        let Some(pane) = app.pane.as_mut() else {
            return;
        };
        let Some(row) = app.list.at_hand_of(pane.number) else {
            return;
        };
        if pane.whole.as_ref().is_some_and(|whole| whole.row != *row) {
            self.desk.open_detail(Detail {
                number: pane.number,
                has_body: !pane.lacks_body(row),
                attempt: pane.chosen_attempt(),
            });
        }
    }

    /// A body that was still arriving when it was read is read again once it has come.
    fn read_rest(&mut self) {
        let Some(pane) = self.app.pane.as_mut() else {
            return;
        };
        if let Some(whole) = pane.whole.clone()
            && pane.lacks_body(&whole.row)
        {
            self.desk.open_detail(Detail {
                number: pane.number,
                has_body: false,
                attempt: pane.chosen_attempt(),
            });
        }
    }
}
