//! Which elements of a changed stretch of two arrays belong together.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::json::{Node, Value};
use crate::limits;

/// The keys by which objects are known, best first.
const IDENTITIES: [&[u8]; 4] = [b"id", b"_id", b"uuid", b"key"];

/// How many parts of two elements are looked at to tell how alike they are.
const LOOKED_AT: usize = 32;

/// Pairs of indices whose elements are equal, each in the order they come.
pub(super) fn equal(
    left: &[Value<'_>],
    right: &[Value<'_>],
    from: &mut Vec<usize>,
    to: &mut Vec<usize>,
) -> Vec<(usize, usize)> {
    paired(
        from,
        to,
        |at| Some(left[at].hash),
        |at| Some(right[at].hash),
    )
}

/// Pairs of indices whose elements have the same identity.
pub(super) fn identical(
    left: &[Value<'_>],
    right: &[Value<'_>],
    from: &mut Vec<usize>,
    to: &mut Vec<usize>,
) -> Vec<(usize, usize)> {
    paired(
        from,
        to,
        |at| identity(&left[at]),
        |at| identity(&right[at]),
    )
}

/// Pairs of indices of one gap whose elements are most alike; after the deadline, those that
/// are alike in their order.
pub(super) fn alike(
    left: &[Value<'_>],
    right: &[Value<'_>],
    from: &[usize],
    to: &[usize],
    deadline: Instant,
) -> Vec<(usize, usize)> {
    if let ([left], [right]) = (from, to) {
        return vec![(*left, *right)];
    }
    if from.len().saturating_mul(to.len()) > limits::PAIRINGS || Instant::now() > deadline {
        let pairs = from.iter().copied().zip(to.iter().copied());
        return pairs
            .filter(|(l, r)| likeness(&left[*l], &right[*r]) > 0)
            .collect();
    }
    let mut scores = Vec::new();
    for (i, l) in from.iter().enumerate() {
        for (j, r) in to.iter().enumerate() {
            let likeness = likeness(&left[*l], &right[*r]);
            if likeness > 0 {
                scores.push((Reverse(likeness), i.abs_diff(j), i, j));
            }
        }
    }
    scores.sort_unstable();
    let (mut l_taken, mut r_taken) = (vec![false; from.len()], vec![false; to.len()]);
    let mut pairs = Vec::new();
    for (_, _, i, j) in scores {
        if !l_taken[i] && !r_taken[j] {
            (l_taken[i], r_taken[j]) = (true, true);
            pairs.push((from[i], to[j]));
        }
    }
    pairs
}

/// Takes from both lists what has the same mark.
fn paired(
    from: &mut Vec<usize>,
    to: &mut Vec<usize>,
    left: impl Fn(usize) -> Option<u64>,
    right: impl Fn(usize) -> Option<u64>,
) -> Vec<(usize, usize)> {
    let mut waiting: HashMap<u64, Vec<usize>> = HashMap::new();
    for at in to.iter().rev() {
        if let Some(mark) = right(*at) {
            waiting.entry(mark).or_default().push(*at);
        }
    }
    let mut pairs = Vec::new();
    from.retain(|l| {
        let found = left(*l).and_then(|mark| waiting.get_mut(&mark)?.pop());
        pairs.extend(found.map(|r| (*l, r)));
        found.is_none()
    });
    let taken: HashSet<usize> = pairs.iter().map(|(_, r)| *r).collect();
    to.retain(|r| !taken.contains(r));
    pairs
}

fn identity(value: &Value<'_>) -> Option<u64> {
    let Node::Object(members) = &value.node else {
        return None;
    };
    let of = |identity: &&[u8]| {
        let member = members.iter().find(|member| *member.key == **identity)?;
        let is_told = matches!(member.value.node, Node::Text | Node::Number);
        (is_told && !member.value.is_ignored).then_some(member.value.hash)
    };
    IDENTITIES.iter().find_map(of)
}

/// How alike two elements are: 0 if they are of different kinds or share nothing.
fn likeness(left: &Value<'_>, right: &Value<'_>) -> usize {
    match (&left.node, &right.node) {
        (Node::Object(left), Node::Object(right)) => {
            let right = &right[..right.len().min(LOOKED_AT)];
            let score = |member: &super::json::Member<'_>| {
                let like = right.iter().find(|other| other.key == member.key);
                like.map_or(0, |like| {
                    1 + 2 * usize::from(like.value.hash == member.value.hash)
                })
            };
            left.iter().take(LOOKED_AT).map(score).sum()
        }
        (Node::Array(left), Node::Array(right)) => {
            let right = &right[..right.len().min(LOOKED_AT)];
            let is_in = |one: &&Value<'_>| right.iter().any(|other| other.hash == one.hash);
            left.iter().take(LOOKED_AT).filter(is_in).count()
        }
        (Node::Text, Node::Text) | (Node::Number, Node::Number) | (Node::Bool, Node::Bool) => 1,
        _ => 0,
    }
}
