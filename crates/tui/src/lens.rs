//! A lens: somebody who knows more of some deliveries than that they are HTTP, and what they are
//! about. It is asked on threads of its own, never on the one that draws.

use std::fmt::Debug;

use bytes::Bytes;
use kreel_client::Command;

/// Somebody who knows what deliveries are about. All its texts are made inert before they are drawn.
pub trait Lens: Debug + Send + Sync {
    /// What its tab is called: one word.
    fn name(&self) -> &'static str;

    /// What its rows are called: one word for many.
    fn title(&self) -> &'static str;

    /// The columns of its rows.
    fn columns(&self) -> &'static [Column];

    /// So many of what deliveries are about, the newest first. A sentence if they can't be read.
    fn page(&self, limit: usize) -> Result<Page, String>;

    /// What it makes of something; none if it knows nothing of it.
    fn read(&self, of: &Of) -> Result<Option<Sheet>, String>;

    /// Does something, which may take seconds.
    fn act(&self, of: &Of, act: &Act) -> Acted;

    /// Another number whenever something may have changed of what it tells. Cheap.
    fn version(&self) -> u64;

    /// Nobody waits for anything any more: what is being done may be given up.
    fn close(&self) {}
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// A delivery, by its number in the history.
    Delivery(i64),
    /// What deliveries are about, by its id.
    Subject(String),
}

/// A column of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// What stands above it.
    pub title: &'static str,
    /// How wide it is, with the gap behind it.
    pub width: usize,
    /// Whether its texts stand on the right.
    pub is_right: bool,
    /// Those with the highest numbers are left out first where there is little room; one of 0 stays.
    pub rank: u8,
}

/// Rows, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The rows.
    pub rows: Vec<SubjectRow>,
    /// Whether there are older ones.
    pub has_older: bool,
}

/// Something that deliveries are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRow {
    /// Its id.
    pub id: String,
    /// How it stands: a sign in front.
    pub sign: &'static str,
    /// How good that is.
    pub mood: Mood,
    /// One for each column.
    pub cells: Vec<String>,
    /// What stands out, behind the columns as far as there is room.
    pub flags: Vec<String>,
    /// The numbers of the deliveries about it, the newest last.
    pub deliveries: Vec<i64>,
}

/// What a lens makes of something, in lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// Its lines.
    pub lines: Vec<SheetLine>,
}

/// A line of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetLine {
    /// What it is, in front; nothing for a heading, or where it goes on.
    pub label: String,
    /// What it says.
    pub text: String,
    /// How good that is.
    pub mood: Mood,
    /// The link that stands here.
    pub link: Option<String>,
}

impl SheetLine {
    /// A heading.
    pub fn heading(text: impl Into<String>) -> Self {
        Self {
            label: String::new(),
            text: text.into(),
            mood: Mood::Strong,
            link: None,
        }
    }

    /// What something is.
    pub fn of(label: impl Into<String>, text: impl Into<String>, mood: Mood) -> Self {
        Self {
            label: label.into(),
            text: text.into(),
            mood,
            link: None,
        }
    }
}

/// How something is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// As it is.
    Plain,
    /// It is there for orientation.
    Dim,
    /// It leads on.
    Strong,
    /// It is well.
    Good,
    /// It may be well, or not.
    Fair,
    /// It is not well.
    Bad,
}

/// Something that has happened beside the deliveries, told in a line that goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// How good it is.
    pub mood: Mood,
    /// A sentence.
    pub text: String,
}

/// Something a lens can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Finds out whether what was delivered is true.
    Verify,
    /// Hands over what never came.
    Deliver,
    /// Finds out whether a link works.
    Check(String),
    /// Fetches the image behind a link.
    Preview(String),
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum Acted {
    /// It is done: a sentence.
    Says(String),
    /// It can't be done: a sentence.
    Fails(String),
    /// An image came.
    Image(Bytes),
    /// The client has to do the rest; with a sentence.
    Tell(Command, String),
}
