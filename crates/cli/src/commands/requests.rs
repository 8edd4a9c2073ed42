//! `kreel requests`: lists, searches, shows, exports and changes what came to this machine, beside
//! whoever records it.

mod change;
mod export;
mod object;
mod show;
mod table;

use std::io::{self, ErrorKind, IsTerminal, StdoutLock, Write};

use kreel_client::inert::inert;
use kreel_client::plain::inert_line;
use kreel_client::{Reader, Row};
use serde_json::Value;

use crate::args::{GetArgs, ListArgs, Page, RequestsArgs, RequestsCommand, SearchArgs};
use crate::exit::Exit;
use crate::filters;
use crate::past::{Past, not_found, nothing_yet, sifting};
use crate::problem::{Code, Problem, Result, of_history};
use crate::secrets;
use crate::terminal::{Paint, print, quoted, say};

/// A delivery in brief, as an object for scripts.
pub(super) fn request(row: &Row) -> Value {
    object::of_row(row)
}

/// Does what was asked.
pub(crate) fn run(args: RequestsArgs) -> Result<Exit> {
    match args.command {
        RequestsCommand::List(args) => list(&args),
        RequestsCommand::Search(args) => search(&args),
        RequestsCommand::Get(args) => get(&args),
        RequestsCommand::Export(args) => export::run(&args),
        RequestsCommand::Mark(args) => change::mark(&args),
        RequestsCommand::Note(args) => change::note(&args),
        RequestsCommand::Rm(args) => return change::remove(&args),
    }?;
    Ok(Exit::Success)
}

fn list(args: &ListArgs) -> Result<()> {
    let filter = sifting(None, args.page.since)?;
    let Some(past) = Past::open(&args.place)? else {
        nothing_yet(&args.place);
        return Ok(());
    };
    let before = before(&past, &args.page)?;
    let limit = args.page.limit as usize;
    let is_all = filter.is_none();
    let rows = match filter {
        None => past.reader.page(args.tunnel.as_ref(), before, limit),
        Some(filter) => {
            let mut rows = Vec::new();
            let tunnel = args.tunnel.as_ref();
            past.newest(Some(filter), tunnel, before, limit, |row| rows.push(row))?;
            Ok(rows)
        }
    };
    let rows = rows.map_err(|error| of_history(&error))?;
    match (&args.tunnel, before) {
        (None, None) if rows.is_empty() && is_all => {
            nothing_yet(&args.place);
            Ok(())
        }
        (_, None) if rows.is_empty() && !is_all => {
            say("nothing has come since then");
            Ok(())
        }
        (Some(tunnel), None) if rows.is_empty() => {
            say(&format!("nothing has come through the tunnel {tunnel}"));
            Ok(())
        }
        _ => show_rows(&past, &rows, args.page.limit, args.place.json, "list"),
    }
}

fn search(args: &SearchArgs) -> Result<()> {
    let text = filters::joined(&args.words);
    let filter = sifting(Some(&text), args.page.since)?;
    let Some(past) = Past::open(&args.place)? else {
        nothing_yet(&args.place);
        return Ok(());
    };
    let before = before(&past, &args.page)?;
    let limit = args.page.limit as usize;
    let mut rows = Vec::new();
    past.newest(filter, None, before, limit, |row| rows.push(row))?;
    if rows.is_empty() {
        say(&format!("nothing has {}", inert(&text)));
    }
    let command = format!("search {}", quoted(&text));
    show_rows(&past, &rows, args.page.limit, args.place.json, &command)
}

fn get(args: &GetArgs) -> Result<()> {
    let past = Past::with(&args.place, &args.id)?;
    let number = past.find(&args.id)?;
    let reader = &past.reader;
    if args.body {
        return print_body(reader, number);
    }
    let whole = reader.get(number).map_err(|error| of_history(&error))?;
    let whole = whole.ok_or_else(|| not_found(&args.id))?;
    let masking = secrets::masking(args.show_secrets)?;
    match args.place.json {
        true => print_objects(&[object::of_whole(&whole, &masking)]),
        false => {
            let first = reader.piece(number, 0);
            let first = first.map_err(|error| of_history(&error))?;
            let text = show::text(&whole, first.as_deref(), &masking, Paint::of_stdout());
            print(&text)
        }
    }
}

fn before(past: &Past, page: &Page) -> Result<Option<i64>> {
    let before = page.before.as_deref();
    before.map(|id| past.find(id)).transpose()
}

fn show_rows(past: &Past, rows: &[Row], limit: u32, json: bool, command: &str) -> Result<()> {
    if json {
        let objects: Vec<Value> = rows.iter().map(object::of_row).collect();
        return print_objects(&objects);
    }
    let mut digits = 0;
    for row in rows {
        let needed = past.reader.id_digits(row.summary.id);
        digits = digits.max(needed.map_err(|error| of_history(&error))?);
    }
    let columns = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into());
    print(&table::table(rows, digits, columns, Paint::of_stdout()))?;
    if let Some(last) = rows.last().filter(|_| rows.len() == limit as usize) {
        say(&format!(
            "older ones: kreel requests {command} --before {}",
            last.summary.id
        ));
    }
    Ok(())
}

/// Writes a body as it is; to a terminal as inert text, with its lines.
fn print_body(reader: &Reader, number: i64) -> Result<()> {
    match write_body(reader, number, &mut io::stdout().lock())? {
        // A reader that has seen enough is no fault.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(cannot_write(&error)),
        _ => Ok(()),
    }
}

fn write_body(reader: &Reader, number: i64, stdout: &mut StdoutLock<'_>) -> Result<io::Result<()>> {
    let is_terminal = stdout.is_terminal();
    for piece in 0.. {
        let bytes = reader
            .piece(number, piece)
            .map_err(|error| of_history(&error))?;
        let Some(bytes) = bytes else {
            break;
        };
        let written = match is_terminal {
            true => stdout.write_all(show::lines(&bytes).as_bytes()),
            false => stdout.write_all(&bytes),
        };
        if written.is_err() {
            return Ok(written);
        }
    }
    // What has no line's end is in the stream's buffer until then.
    Ok(match is_terminal {
        true => stdout.write_all(b"\n"),
        false => stdout.flush(),
    })
}

pub(super) fn cannot_write(error: &io::Error) -> Problem {
    Problem::new(
        Code::SystemRefused,
        "can't write to standard output",
        error,
        "check where the output goes: a full disk, a closed terminal",
    )
}

pub(crate) fn print_objects(objects: &[Value]) -> Result<()> {
    let mut lines = Vec::new();
    for object in objects {
        let line = inert_line(object).map_err(|error| cannot_write(&error))?;
        lines.extend_from_slice(&line);
    }
    print(&String::from_utf8_lossy(&lines))
}
