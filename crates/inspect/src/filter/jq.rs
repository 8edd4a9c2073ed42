//! jq programs over JSON bodies, bounded: whatever is typed, and whatever a body holds, one look
//! at one body ends soon, within its stack, and touches nothing else.
//!
//! jaq has no limits of its own. It asks for its tables at each step, though, and through that
//! [`Meter`] counts, looks at the clock and at the stack, and leaves by unwinding.

mod natives;
mod source;

use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use jaq_core::data::HasLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, DataT, Lut, ValT as _, Vars};
use jaq_json::{Val, read};

use crate::limits::{
    JQ_BODY_BYTES, JQ_BODY_DEPTH, JQ_CLOCK_STEPS, JQ_DEEP_STACK_BYTES, JQ_STACK_BYTES, JQ_STEPS,
    JQ_TIME,
};

/// A compiled program.
#[derive(Clone)]
pub struct Program {
    text: Arc<str>,
    filter: Arc<jaq_core::Filter<Metered>>,
    has_loops: bool,
}

/// Why a text is no program, and where.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) range: Range<usize>,
    pub(super) what: String,
    pub(super) right: String,
}

/// The kind of data programs run over.
#[derive(Debug)]
pub(super) struct Metered;

/// What a run may still take.
pub(super) struct Meter<'a> {
    lut: &'a Lut<Metered>,
    steps_left: Cell<u32>,
    until: Instant,
    /// Where the stack was when the run began, and how far it may get from there.
    stack: usize,
    stack_bytes: usize,
}

/// What unwinds from a run that takes too much.
struct Abandoned;

impl DataT for Metered {
    type V<'a> = Val;
    type Data<'a> = &'a Meter<'a>;
}

impl<'a> HasLut<'a, Metered> for &'a Meter<'a> {
    fn lut(&self) -> &'a Lut<Metered> {
        self.step();
        self.lut
    }
}

impl Meter<'_> {
    /// Counts one step. Does not return if that was one too many.
    pub(super) fn step(&self) {
        let left = self.steps_left.get();
        let is_late = left.is_multiple_of(JQ_CLOCK_STEPS) && Instant::now() >= self.until;
        if left == 0 || is_late || here().abs_diff(self.stack) > self.stack_bytes {
            // Quietly: no panic hook hears of it.
            resume_unwind(Box::new(Abandoned));
        }
        self.steps_left.set(left - 1);
    }
}

/// Where the stack is, nearly.
#[inline(never)]
fn here() -> usize {
    let mark = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&mark)).addr()
}

impl Program {
    /// Compiles a program.
    pub(super) fn compile(text: &str) -> Result<Self, Fault> {
        let has_loops = source::check(text)?;
        // Its nesting is bounded only by its length.
        let compiled = on_deep_stack(|| compile(text));
        let filter = compiled.unwrap_or_else(|| Err(Fault::of(0..text.len(), "can't be run")))?;
        Ok(Self {
            text: text.into(),
            filter: Arc::new(filter),
            has_loops,
        })
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether its first output over this body is neither false nor null. A body that is no JSON,
    /// is too large or nested too deeply, an error and a run that takes too long all mean no.
    pub fn accepts(&self, body: &[u8]) -> bool {
        if body.len() > JQ_BODY_BYTES || !is_shallow(body) {
            return false;
        }
        match self.has_loops {
            // What loops can build values that only a deep stack can take apart.
            true => on_deep_stack(|| self.run(body, JQ_DEEP_STACK_BYTES / 4)).unwrap_or(false),
            false => self.run(body, JQ_STACK_BYTES),
        }
    }

    fn run(&self, body: &[u8], stack_bytes: usize) -> bool {
        let run = || {
            let Ok(body) = read::parse_single(body) else {
                return false;
            };
            let meter = Meter {
                lut: &self.filter.lut,
                steps_left: Cell::new(JQ_STEPS),
                until: Instant::now() + JQ_TIME,
                stack: here(),
                stack_bytes,
            };
            let context = Ctx::<Metered>::new(&meter, Vars::new([]));
            let first = self.filter.id.run((context, body)).next();
            matches!(first, Some(Ok(value)) if value.as_bool())
        };
        // Nothing that is kept is changed by a run.
        catch_unwind(AssertUnwindSafe(run)).unwrap_or(false)
    }
}

fn compile(text: &str) -> Result<jaq_core::Filter<Metered>, Fault> {
    let defs = jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs());
    let arena = Arena::default();
    let program = File {
        code: text,
        path: (),
    };
    let modules = Loader::new(defs)
        .load(&arena, program)
        .map_err(|errors| Fault::of_load(text, errors))?;
    Compiler::default()
        .with_funs(natives::funs())
        .compile(modules)
        .map_err(|errors| Fault::of_compile(text, errors))
}

/// Does something with much stack. None if there is no thread for it, or it panicked.
fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name("jq".to_owned())
            .stack_size(JQ_DEEP_STACK_BYTES)
            .spawn_scoped(scope, work);
        thread.ok()?.join().ok()
    })
}

/// Whether JSON is nested no deeper than its parser's stack bears. What only that parser takes
/// for JSON, comments, is refused: they could hide brackets.
fn is_shallow(json: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            b'#' => return false,
            _ => {}
        }
        if depth > JQ_BODY_DEPTH {
            return false;
        }
    }
    true
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests;
