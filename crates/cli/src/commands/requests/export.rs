//! `kreel requests export`: deliveries in the forms other tools read.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

use kreel_inspect::cassette::Masks;
use kreel_inspect::export::{self, Exchange, Masking};

use super::show;
use crate::args::{ExportArgs, ExportFormat};
use crate::made::Made;
use crate::past::{Past, Pick, Taken, left_out, nothing_whole, nothing_yet};
use crate::private_file;
use crate::problem::{Code, Problem, Result};
use crate::secrets;
use crate::terminal::say;

/// The most bodies of one HAR: 256 MiB, since it is one document, and importers open it whole.
const HAR_BYTES: usize = 256 * 1024 * 1024;

/// Writes what was picked.
pub(super) fn run(args: &ExportArgs) -> Result<()> {
    let picked = &args.picked;
    let past = match (Past::open(&args.place)?, picked.ids.first()) {
        (Some(past), _) => past,
        (None, Some(id)) => return Err(crate::past::not_found(id)),
        (None, None) => {
            nothing_yet(&args.place);
            return Ok(());
        }
    };
    let picks = past.pick(&picked.ids, &picked.filtered)?;
    if args.format == ExportFormat::Raw && picks.len() != 1 {
        return Err(Problem::new(
            Code::OptionUnusable,
            format!("raw is for one delivery, and these are {}", picks.len()),
            "nothing tells where one message ends and the next begins",
            "export them one by one, or with --format ndjson",
        ));
    }
    let masking = secrets::masking(args.show_secrets)?;
    let picks = match args.format {
        ExportFormat::Fixture => whole(&past, picks)?,
        _ => picks,
    };
    // A file named - is ./-, as everywhere.
    let output = args.output.as_deref();
    let output = output.filter(|path| path.as_os_str() != "-");
    let mut out = Out::open(output)?;
    let written = match args.format {
        ExportFormat::Har => har(&past, &picks, &masking, &mut out, HAR_BYTES),
        format => lines(&past, &picks, format, &masking, &mut out),
    };
    let written = written.map(|written| written.and_then(|()| out.finish()));
    if !matches!(written, Ok(Ok(()))) {
        out.give_up();
    }
    match (written?, output) {
        // A reader that has seen enough is no fault.
        (Err(error), None) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        (Err(error), None) => Err(super::cannot_write(&error)),
        (Err(error), Some(path)) => Err(private_file::unusable("write", path, &error)),
        (Ok(()), _) if picks.is_empty() && args.format != ExportFormat::Har => {
            say("the filter picks nothing");
            Ok(())
        }
        (Ok(()), Some(path)) => {
            let path = path.to_string_lossy();
            let path = kreel_client::inert::inert(&path).into_owned();
            say(&format!("{} written to {path}", counted(picks.len())));
            Ok(())
        }
        (Ok(()), None) => {
            if picks.is_empty() {
                say("the filter picks nothing");
            }
            Ok(())
        }
    }
}

fn counted(count: usize) -> String {
    match count {
        1 => "1 delivery".to_owned(),
        count => format!("{count} deliveries"),
    }
}

/// Those that are here to their last byte: no others can be replayed from a cassette.
fn whole(past: &Past, picks: Vec<Pick>) -> Result<Vec<Pick>> {
    let asked = picks.len();
    let mut whole = Vec::with_capacity(asked);
    for pick in picks {
        match take(past, &pick)?.is_whole() {
            true => whole.push(pick),
            false => left_out(&pick.id.to_string()),
        }
    }
    match whole.is_empty() && asked > 0 {
        true => Err(nothing_whole()),
        false => Ok(whole),
    }
}

/// One delivery after another: never more than one in memory.
fn lines(
    past: &Past,
    picks: &[Pick],
    format: ExportFormat,
    masking: &Masking,
    out: &mut Out,
) -> Result<io::Result<()>> {
    for pick in picks {
        let taken = take(past, pick)?;
        let text = text(&taken, format, masking);
        let text = match format {
            ExportFormat::Raw if out.is_terminal => show::lines(&text).into_bytes(),
            _ => text,
        };
        let end: &[u8] = match format {
            ExportFormat::Raw => b"",
            _ => b"\n",
        };
        if let Err(error) = out.to.write_all(&text).and_then(|()| out.to.write_all(end)) {
            return Ok(Err(error));
        }
        // Its bytes do not tell.
        if format == ExportFormat::Raw && !taken.is_whole() {
            let id = &pick.id;
            say(&format!(
                "{id} is not here as a whole: what is written breaks off where it did"
            ));
        }
    }
    Ok(Ok(()))
}

fn text(taken: &Taken, format: ExportFormat, masking: &Masking) -> Vec<u8> {
    match format {
        ExportFormat::Curl => export::curl(&taken.request(), masking).into_bytes(),
        ExportFormat::Raw => export::raw(&taken.request(), masking),
        ExportFormat::Fixture => taken.line(&Masks::of(masking.clone())).into_bytes(),
        ExportFormat::Ndjson | ExportFormat::Har => {
            export::json(&taken.exchange(), masking).into_bytes()
        }
    }
}

fn har(
    past: &Past,
    picks: &[Pick],
    masking: &Masking,
    out: &mut Out,
    most: usize,
) -> Result<io::Result<()>> {
    let mut all = Vec::new();
    let mut bytes = 0;
    for pick in picks {
        let taken = past.take_with_last(pick.number, &pick.id.to_string())?;
        let answer = taken
            .exchange()
            .answer
            .map_or(0, |answer| answer.body.len());
        bytes += taken.body.len() + answer;
        if bytes > most {
            return Err(Problem::new(
                Code::ExportTooLarge,
                "the bodies are too large for one HAR",
                format!("it is one document, and more than {most} bytes would be in it"),
                "pick fewer, with --limit or --since; or use --format ndjson, which has no bound",
            ));
        }
        all.push(taken);
    }
    let exchanges: Vec<Exchange<'_>> = all.iter().map(Taken::exchange).collect();
    let text = export::har(&exchanges, masking);
    Ok(writeln!(out.to, "{}", text.trim_end()))
}

fn take(past: &Past, pick: &Pick) -> Result<Taken> {
    past.take(pick.number, &pick.id.to_string())
}

/// Where it is written to.
struct Out {
    to: io::BufWriter<To>,
    is_terminal: bool,
}

enum To {
    Stdout(io::Stdout),
    File(Made),
}

impl Write for To {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(file) => file.flush(),
        }
    }
}

impl Out {
    fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            let stdout = io::stdout();
            return Ok(Self {
                is_terminal: stdout.is_terminal(),
                to: io::BufWriter::new(To::Stdout(stdout)),
            });
        };
        // It may hold what others must not read, and never takes the place of another.
        let file = Made::private(path);
        let file = file.map_err(|error| private_file::unusable("make", path, &error))?;
        Ok(Self {
            to: io::BufWriter::new(To::File(file)),
            is_terminal: false,
        })
    }

    /// Half an export is none.
    fn give_up(&mut self) {
        if let To::File(file) = self.to.get_mut() {
            file.give_up();
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.is_terminal {
            self.to.write_all(b"\n")?;
        }
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Filtered;
    use crate::testing::Home;

    /// An archive is one document: what is in it is its requests and its answers.
    #[test]
    fn the_bound_of_an_archive_counts_answers() {
        let home = Home::new();
        let path = home.path("history.db");
        kreel_client::fill_history(&path, &"my-app".parse().unwrap(), 3).unwrap();
        let past = Past::at(path).unwrap().unwrap();
        let all = Filtered {
            filter: Some(String::new()),
            ..Filtered::default()
        };
        let picks = past.pick(&[], &all).unwrap();
        let bodies = picks
            .iter()
            .map(|pick| take(&past, pick).unwrap().body.len());
        let bodies: usize = bodies.sum();
        // Each was answered with "ok".
        let answers = 3 * 2;
        let file = home.path("out.har");
        for (most, fits) in [(bodies + answers, true), (bodies + answers - 1, false)] {
            let mut out = Out::open(Some(&file)).unwrap();
            let written = har(&past, &picks, &Masking::standard(), &mut out, most);
            match written {
                Ok(written) => assert!(written.is_ok() && fits),
                Err(problem) => {
                    assert!(!fits, "{problem:?}");
                    assert_eq!(problem.code, Code::ExportTooLarge);
                }
            }
            drop(out);
            assert_eq!(file.exists(), fits, "an export that failed leaves nothing");
            let _ = std::fs::remove_file(&file);
        }
    }
}
