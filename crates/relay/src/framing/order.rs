//! The order of a head's lines, where a map of headers would lose it.
//!
//! hyper's map holds the lines of one name together: `a, b, a` comes out as `a, a, b`. Whether a
//! head has such lines is seen here, line by line, at the cost of a hash of each name; only if it
//! has is anything kept.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The names of a head's lines in order, as hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order(Box<[u32]>);

/// The names of the head at hand, so far.
#[derive(Debug)]
pub(super) struct Names {
    /// Those of the first lines; ordinary heads have no more, and cost no allocation.
    first: [u32; FIRST],
    more: Vec<u32>,
    count: usize,
    /// Whether a name has come again after another.
    is_apart: bool,
}

/// How many names there is always room for: 24 lines, twice what senders of webhooks send.
const FIRST: usize = 24;

impl Default for Names {
    fn default() -> Self {
        Self {
            first: [0; FIRST],
            more: Vec::new(),
            count: 0,
            is_apart: false,
        }
    }
}

impl Names {
    /// Takes the name of the next line.
    pub(super) fn push(&mut self, name: &[u8]) {
        let hash = hash(name);
        let (first, more) = self.both();
        let last = more.last().or(first.last());
        let is_apart = last.is_some_and(|last| *last != hash)
            && (first.contains(&hash) || more.contains(&hash));
        self.is_apart |= is_apart;
        match self.first.get_mut(self.count) {
            Some(place) => *place = hash,
            None => self.more.push(hash),
        }
        self.count += 1;
    }

    /// The head is complete: its order, if a map would lose it. The next head begins.
    pub(super) fn end(&mut self) -> Option<Order> {
        let order = self.is_apart.then(|| {
            let (first, more) = self.both();
            Order([first, more].concat().into())
        });
        if self.count > FIRST {
            self.more = Vec::new();
        }
        (self.count, self.is_apart) = (0, false);
        order
    }

    fn both(&self) -> (&[u32], &[u32]) {
        (&self.first[..self.count.min(FIRST)], &self.more)
    }
}

impl Order {
    /// The lines of a map in this order; nothing if it is not the order of those.
    pub(crate) fn of<'a>(
        &self,
        map: &'a HeaderMap,
    ) -> Option<Vec<(&'a HeaderName, &'a HeaderValue)>> {
        let mut left: Vec<_> = map
            .keys()
            .map(|name| {
                (
                    hash(name.as_str().as_bytes()),
                    name,
                    map.get_all(name).iter(),
                )
            })
            .collect();
        let lines: Option<Vec<_>> = self
            .0
            .iter()
            .map(|wanted| {
                left.iter_mut()
                    .filter(|(hash, ..)| hash == wanted)
                    .find_map(|(_, name, values)| Some((*name, values.next()?)))
            })
            .collect();
        lines.filter(|lines| lines.len() == map.len())
    }
}

/// Equal for equal names, in whatever case. Names that differ may have the same, very seldom: then
/// lines may change places.
fn hash(name: &[u8]) -> u32 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let add = |hash: u64, word: u64| {
        // Upper and lower case differ in one bit; what else does is as good as never in a name.
        (hash ^ (word | 0x2020_2020_2020_2020))
            .wrapping_mul(MULTIPLIER)
            .rotate_left(29)
    };
    let (words, rest) = name.as_chunks::<8>();
    let hash = words.iter().fold(name.len() as u64, |hash, word| {
        add(hash, u64::from_le_bytes(*word))
    });
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    (add(hash, u64::from_le_bytes(last)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(names: &[&str]) -> Option<Order> {
        let mut kept = Names::default();
        names.iter().for_each(|name| kept.push(name.as_bytes()));
        kept.end()
    }

    /// What is sent with these names, its values numbered, and what a map makes of it.
    fn sent(names: &[&str]) -> (Vec<(String, String)>, HeaderMap) {
        let lines = names.iter().enumerate();
        let lines: Vec<_> = lines
            .map(|(number, name)| (name.to_lowercase(), number.to_string()))
            .collect();
        let mut map = HeaderMap::new();
        for (name, value) in &lines {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        (lines, map)
    }

    #[test]
    fn ordinary_heads_keep_nothing() {
        assert_eq!(order(&[]), None);
        assert_eq!(order(&["Host", "X-A", "X-a", "x-A", "X-B", "X-B"]), None);
        let many: Vec<String> = (0..100).map(|number| format!("x-{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(order(&many), None);
    }

    #[test]
    fn a_name_that_comes_again_after_another_keeps_its_place() {
        let long: Vec<String> = (0..200)
            .map(|number| format!("X-{}", number % 70))
            .collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        for names in [
            &["Host", "X-A", "X-B", "x-a"][..],
            &["a", "b", "b", "A", "c", "B", "a"],
            &["Set-Cookie", "X-Request-Identifier", "SET-COOKIE"],
            &long,
        ] {
            let (lines, map) = sent(names);
            let order = order(names).unwrap();
            let read = order.of(&map).unwrap().into_iter();
            let read: Vec<_> = read
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            assert_eq!(read, lines);
        }
    }

    #[test]
    fn heads_do_not_get_into_each_other() {
        let mut names = Names::default();
        for name in ["a", "b", "a"] {
            names.push(name.as_bytes());
        }
        assert!(names.end().is_some());
        for name in ["b", "a"] {
            names.push(name.as_bytes());
        }
        assert_eq!(names.end(), None);
    }

    #[test]
    fn an_order_of_other_lines_is_none() {
        let order = order(&["a", "b", "a"]).unwrap();
        for names in [&["a", "b"][..], &["a", "b", "a", "a"], &["a", "c", "a"]] {
            assert_eq!(order.of(&sent(names).1), None, "{names:?}");
        }
    }
}
