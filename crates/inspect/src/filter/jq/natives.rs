//! The functions programs may call: jaq's, without those that reach beyond the body (the
//! environment, standard error, the end of the process), with a `range` that is
//! counted, and with JSON in JSON no deeper than the body may be.

use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Cv, Error, ValXs};
use jaq_json::{Val, read};

use super::Metered;

/// All of them.
pub(super) fn funs() -> impl Iterator<Item = Fun<Metered>> {
    let all = jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs());
    let ours = [
        run::<Metered>(("fromjson", v(0), from_json)),
        run::<Metered>(("range", v(3), range)),
        run::<Metered>(("halt", v(1), refuse)),
        run::<Metered>(("env", v(0), refuse)),
        run::<Metered>(("debug_empty", v(0), nothing)),
        run::<Metered>(("stderr_empty", v(0), nothing)),
    ];
    let names = ours.each_ref().map(|(name, ..)| *name);
    all.filter(move |(name, ..)| !names.contains(name))
        .chain(ours)
}

/// From the first to before the second, by the third.
fn range(mut call: Cv<'_, Metered>) -> ValXs<'_, Val> {
    let by = call.0.pop_var();
    let to = call.0.pop_var();
    let mut next = Some(Ok(call.0.pop_var()));
    let zero = Val::from(0_usize);
    Box::new(std::iter::from_fn(move || {
        call.0.data().step();
        let value: Val = match next.take()? {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        let is_before = match by.cmp(&zero) {
            std::cmp::Ordering::Greater => value < to,
            std::cmp::Ordering::Less => value > to,
            std::cmp::Ordering::Equal => value != to,
        };
        is_before.then(|| {
            next = Some((value.clone() + by.clone()).map_err(Into::into));
            Ok(value)
        })
    }))
}

/// A JSON value in text, as shallow as a body has to be.
fn from_json(call: Cv<'_, Metered>) -> ValXs<'_, Val> {
    let value = call.1.try_as_utf8_bytes_owned().and_then(|text| {
        let parsed = super::is_shallow(&text).then(|| read::parse_single(&text).ok());
        parsed
            .flatten()
            .ok_or_else(|| Error::str("this is no JSON"))
    });
    bome(value)
}

fn refuse(_: Cv<'_, Metered>) -> ValXs<'_, Val> {
    bome(Err(Error::str("this can't be done in a filter")))
}

fn nothing(_: Cv<'_, Metered>) -> ValXs<'_, Val> {
    Box::new(std::iter::empty())
}
