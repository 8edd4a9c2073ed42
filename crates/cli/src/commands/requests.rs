//! `kreel requests`: lists, searches and shows what came to this machine, beside whoever
//! records it.

mod object;
mod show;
mod table;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use kreel_client::filter::Term;
use kreel_client::inert::inert;
use kreel_client::plain::inert_line;
use kreel_client::{From, Match, Reader, Row, Scope, Whole};
use serde_json::Value;

use crate::args::{
    GetArgs, HistoryPlace, ListArgs, Page, RequestsArgs, RequestsCommand, SearchArgs,
};
use crate::exit::Exit;
use crate::filters;
use crate::paths::Paths;
use crate::problem::{Code, Problem, Result, of_history};
use crate::terminal::{Paint, print, quoted, say};

/// Looks, and prints what it found.
pub(crate) fn run(args: RequestsArgs) -> Result<Exit> {
    match args.command {
        RequestsCommand::List(args) => list(&args),
        RequestsCommand::Search(args) => search(&args),
        RequestsCommand::Get(args) => get(&args),
    }?;
    Ok(Exit::Success)
}

fn list(args: &ListArgs) -> Result<()> {
    let path = file(&args.place)?;
    let Some(reader) = open(&path)? else {
        return nothing_yet(&args.place, &path);
    };
    let before = before(&reader, &args.page)?;
    let rows = reader
        .page(args.tunnel.as_ref(), before, args.page.limit as usize)
        .map_err(|error| of_history(&error))?;
    match (&args.tunnel, before) {
        (None, None) if rows.is_empty() => nothing_yet(&args.place, &path),
        (Some(tunnel), None) if rows.is_empty() => {
            say(&format!("nothing has come through the tunnel {tunnel}"));
            Ok(())
        }
        _ => show_rows(&rows, args.page.limit, args.place.json, "list"),
    }
}

fn search(args: &SearchArgs) -> Result<()> {
    let text = filters::joined(&args.words);
    let filter = filters::parse_alone(&text)?;
    let path = file(&args.place)?;
    let Some(reader) = open(&path)? else {
        return nothing_yet(&args.place, &path);
    };
    let before = before(&reader, &args.page)?;
    if filter.has(|term| matches!(term, Term::Words(_))) {
        // What is not indexed yet is found too, but takes longer.
        reader.catch_up(CATCH_UP);
    }
    let scope = Scope {
        filter: Some(filter),
        ..Scope::default()
    };
    let limit = args.page.limit as usize;
    let mut from = before.map_or(From::Newest, From::Before);
    let mut rows = Vec::new();
    while rows.len() < limit {
        let page = reader
            .look(&scope, from, limit - rows.len(), LOOK)
            .map_err(|error| of_history(&error))?;
        rows.extend(page.rows);
        if page.is_end {
            break;
        }
        from = From::Before(page.scanned_to);
    }
    if rows.is_empty() {
        say(&format!("nothing has {}", inert(&text)));
    }
    let command = format!("search {}", quoted(&text));
    show_rows(&rows, args.page.limit, args.place.json, &command)
}

/// How long new words are indexed before a search: 5 s, beyond which it reads what is left.
const CATCH_UP: Duration = Duration::from_secs(5);

/// How long one look into the history takes at the most: 1 s; a search goes on until its end.
const LOOK: Duration = Duration::from_secs(1);

fn get(args: &GetArgs) -> Result<()> {
    let path = file(&args.place)?;
    let Some(reader) = open(&path)? else {
        return Err(not_found(&args.id));
    };
    let number = find(&reader, &args.id)?;
    if args.body {
        return print_body(&reader, number);
    }
    let whole = reader.get(number).map_err(|error| of_history(&error))?;
    let whole: Whole = whole.ok_or_else(|| not_found(&args.id))?;
    match args.place.json {
        true => print_objects(&[object::of_whole(&whole, args.show_secrets)]),
        false => {
            let first = reader
                .piece(number, 0)
                .map_err(|error| of_history(&error))?;
            let text = show::text(
                &whole,
                first.as_deref(),
                args.show_secrets,
                Paint::of_stdout(),
            );
            print(&text)
        }
    }
}

fn show_rows(rows: &[Row], limit: u32, json: bool, command: &str) -> Result<()> {
    if json {
        let objects: Vec<Value> = rows.iter().map(object::of_row).collect();
        return print_objects(&objects);
    }
    let columns = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into());
    print(&table::table(rows, columns, Paint::of_stdout()))?;
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
    let mut stdout = io::stdout().lock();
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
        match written {
            Ok(()) => {}
            // A reader that has seen enough is no fault.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(cannot_write(&error)),
        }
    }
    match is_terminal {
        true => stdout.write_all(b"\n"),
        false => stdout.flush(),
    }
    .map_err(|error| cannot_write(&error))
}

fn cannot_write(error: &io::Error) -> Problem {
    Problem::new(
        Code::SystemRefused,
        "can't write to standard output",
        error,
        "check where the output goes: a full disk, a closed terminal",
    )
}

fn print_objects(objects: &[Value]) -> Result<()> {
    let mut lines = Vec::new();
    for object in objects {
        let line = inert_line(object).map_err(|error| cannot_write(&error))?;
        lines.extend_from_slice(&line);
    }
    print(&String::from_utf8_lossy(&lines))
}

/// The file that was named, or the usual one.
pub(super) fn file(place: &HistoryPlace) -> Result<PathBuf> {
    match &place.history {
        Some(file) => Ok(file.clone()),
        None => Ok(Paths::find()?.history()),
    }
}

fn open(path: &std::path::Path) -> Result<Option<Reader>> {
    Reader::open(path).map_err(|error| of_history(&error))
}

fn nothing_yet(place: &HistoryPlace, path: &std::path::Path) -> Result<()> {
    let here = match &place.history {
        Some(_) => format!("there is nothing in {}", inert(&path.to_string_lossy())),
        None => "nothing has come to this machine yet".to_owned(),
    };
    say(&format!("{here}; `kreel listen` keeps what comes"));
    Ok(())
}

fn before(reader: &Reader, page: &Page) -> Result<Option<i64>> {
    let before = page.before.as_deref();
    before.map(|id| find(reader, id)).transpose()
}

fn find(reader: &Reader, id: &str) -> Result<i64> {
    let unclear = |why: &str| {
        Problem::new(
            Code::DeliveryUnclear,
            format!("it is not clear which delivery {id:?} means"),
            why,
            "give more of the id, `last`, or `last~1` for the one before; see `kreel requests list`",
        )
    };
    match reader.find(id).map_err(|error| of_history(&error))? {
        Match::One(number) => Ok(number),
        Match::None => Err(not_found(id)),
        Match::Several => Err(unclear("several ids begin like that")),
        Match::Nonsense => Err(unclear("it can't be an id")),
    }
}

fn not_found(id: &str) -> Problem {
    Problem::new(
        Code::DeliveryNotFound,
        format!("the history has no delivery {id:?}"),
        "",
        "see `kreel requests list`; another history needs --history",
    )
}
