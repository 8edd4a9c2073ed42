//! `kreel record`: writes deliveries of the history into a cassette.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use kreel_client::Row;
use kreel_client::inert::inert;
use kreel_inspect::cassette::Masks;
use serde_json::json;

use super::flow::{Flowing, Next};
use super::requests::print_objects;
use crate::args::{Flow, RecordArgs};
use crate::cassette;
use crate::exit::Exit;
use crate::made::Made;
use crate::past::{self, Past, left_out, nothing_whole};
use crate::problem::{Code, Problem, Result};
use crate::terminal::say;
use crate::{private_file, runtime, secrets};

/// A cassette that is written.
struct Cassette<'a> {
    to: Box<dyn Write>,
    /// None if it is standard output.
    path: Option<&'a Path>,
    masks: Masks,
    /// Each that is written is told of on standard output.
    is_json: bool,
    written: u32,
    /// The reader has left.
    is_gone: bool,
    /// It was told that rules for bodies met one they can't read.
    has_missed: bool,
}

/// Records what was asked for.
pub(crate) fn run(args: &RecordArgs) -> Result<Exit> {
    let headers = secrets::masking(args.show_secrets)?;
    let masks = match args.show_secrets {
        true => Masks::of(headers),
        false => cassette::masks(headers, &args.mask)?,
    };
    let mut cassette = Cassette::open(args, masks)?;
    let recorded = match args.ids.is_empty() {
        true => runtime::on_this_thread()?.block_on(follow(args, &mut cassette)),
        false => kept(args, &mut cassette),
    };
    cassette.tell();
    recorded
}

/// Records deliveries by their ids.
fn kept(args: &RecordArgs, cassette: &mut Cassette<'_>) -> Result<Exit> {
    let first = args.ids.first().map_or("", String::as_str);
    let past = Past::with(&args.place, first)?;
    for id in &args.ids {
        let number = past.find(id)?;
        if !cassette.take(&past, number, id)? {
            left_out(id);
        }
    }
    match cassette.written {
        0 if !cassette.is_gone => Err(nothing_whole()),
        _ => Ok(Exit::Success),
    }
}

/// Records what comes, each once its answer is there.
async fn follow(args: &RecordArgs, cassette: &mut Cassette<'_>) -> Result<Exit> {
    let settled = Flow {
        filter: Some(settled(args.flow.filter.as_deref(), args.flow.no_follow)?),
        ..args.flow.clone()
    };
    let mut flow = Flowing::begin(past::file(&args.place)?, &settled)?;
    // Once its reader has left there is nobody to record for.
    while !cassette.is_gone {
        let row = match flow.next(true).await? {
            Next::Row(row) => row,
            Next::End => return Ok(Exit::Success),
            Next::TimedOut(problem) => return Err(*problem),
            Next::Stopped(exit) => return Ok(exit),
        };
        record(flow.watch().past(), &row, cassette)?;
    }
    Ok(Exit::Success)
}

fn record(past: Option<&Past>, row: &Row, cassette: &mut Cassette<'_>) -> Result<()> {
    let past = past.expect("a delivery is of a history");
    let id = row.summary.id.to_string();
    if !cassette.take(past, row.number, &id)? {
        left_out(&id);
    }
    Ok(())
}

/// The filter, and that the delivery is whole; of one that comes, that it is over, too: its answer
/// is recorded with it.
fn settled(filter: Option<&str>, is_past: bool) -> Result<String> {
    // By itself first, so that a fault is pointed at in what was typed.
    let filter = filter.unwrap_or_default();
    crate::filters::parse_alone(filter)?;
    let fit = match is_past {
        true => "not is:broken",
        false => "not is:waiting,broken",
    };
    Ok(match filter.trim() {
        "" => fit.to_owned(),
        filter => format!("({filter}) {fit}"),
    })
}

impl<'a> Cassette<'a> {
    fn open(args: &'a RecordArgs, masks: Masks) -> Result<Self> {
        let path = &*args.file;
        let (to, path): (Box<dyn Write>, _) = match path.as_os_str() == "-" {
            true => (Box::new(io::stdout()), None),
            false => (Box::new(file(path, args.append)?), Some(path)),
        };
        Ok(Self {
            to,
            path,
            masks,
            is_json: args.place.json,
            written: 0,
            is_gone: false,
            has_missed: false,
        })
    }

    /// Writes a delivery, unless it is not here as a whole.
    fn take(&mut self, past: &Past, number: i64, id: &str) -> Result<bool> {
        let taken = past.take(number, id)?;
        if !taken.is_whole() {
            return Ok(false);
        }
        let line = taken.line(&self.masks) + "\n";
        if taken.is_missed_by(&self.masks) && !std::mem::replace(&mut self.has_missed, true) {
            say(&missed(id));
        }
        // Whole lines: whoever reads meanwhile never sees half a delivery.
        let written = self.to.write_all(line.as_bytes());
        match (written.and_then(|()| self.to.flush()), self.path) {
            (Ok(()), path) => {
                self.written += 1;
                if self.is_json && path.is_some() {
                    let id = taken.whole.delivery.id.to_string();
                    print_objects(&[json!({ "type": "recorded", "delivery_id": id })])?;
                }
            }
            (Err(error), None) if error.kind() == ErrorKind::BrokenPipe => self.is_gone = true,
            (Err(error), path) => {
                let path = path.unwrap_or(Path::new("standard output"));
                return Err(private_file::unusable("write", path, &error));
            }
        }
        Ok(true)
    }

    fn tell(&self) {
        let name = match self.path {
            Some(path) => inert(&path.to_string_lossy()).into_owned(),
            None => "standard output".to_owned(),
        };
        match self.written {
            0 => say("nothing was recorded"),
            1 => say(&format!("1 delivery recorded into {name}")),
            count => say(&format!("{count} deliveries recorded into {name}")),
        }
    }
}

/// Rules for bodies name paths, which this one has not.
fn missed(id: &str) -> String {
    format!(
        "note: a body of {id} is no JSON and stays as it is, whatever --mask says of bodies; look \
         at such lines before you commit them"
    )
}

/// The file, made; or opened to add to, once what is there could be read.
fn file(path: &Path, append: bool) -> Result<Made> {
    if append && path.exists() {
        cassette::read(path)?;
    }
    let made = match append {
        true => Made::adding(path),
        false => Made::new(path),
    };
    made.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Problem::new(
            Code::CassetteExists,
            format!("there is a file {} already", path.display()),
            "a cassette never takes the place of another file",
            "give another name, or --append to add to it",
        ),
        _ => private_file::unusable("write", path, &error),
    })
}
