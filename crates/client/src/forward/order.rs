//! Header lines for the app in the order they came, where a map of headers would lose it.
//!
//! hyper writes lines of one name together: `a, b, a` would become `a, a, b`. Such heads are rare;
//! theirs are put in order between hyper and the socket, all others pass as they are.

use http::header::Entry;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The names of a head's lines, in the order they are to be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order(Vec<HeaderName>);

/// Lines that are gathered for a head.
#[derive(Debug)]
pub(super) struct Lines {
    map: HeaderMap,
    /// There is one once a name has come again after another.
    order: Option<Order>,
}

/// A head on its way from hyper to the socket, which is put in order.
#[derive(Debug)]
pub(super) struct Ordering {
    order: Order,
    /// What has come of it.
    head: Vec<u8>,
    /// It has been put in order, and so much of it is written.
    written: Option<usize>,
}

impl Order {
    /// The lines of the map in this order.
    pub(super) fn lines<'a>(
        &'a self,
        map: &'a HeaderMap,
    ) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> {
        let Self(names) = self;
        names.iter().enumerate().filter_map(move |(place, name)| {
            let before = names[..place].iter().filter(|earlier| *earlier == name);
            Some((name, map.get_all(name).iter().nth(before.count())?))
        })
    }
}

impl Lines {
    pub(super) fn with_capacity(lines: usize) -> Self {
        Self {
            map: HeaderMap::with_capacity(lines),
            order: None,
        }
    }

    /// Whether there is a line of this name.
    pub(super) fn contains(&self, name: &HeaderName) -> bool {
        self.map.contains_key(name)
    }

    /// Adds a line.
    pub(super) fn append(&mut self, name: HeaderName, value: HeaderValue) {
        if let Some(Order(names)) = &mut self.order {
            names.push(name.clone());
            self.map.append(name, value);
            return;
        }
        match self.map.entry(name) {
            Entry::Vacant(place) => drop(place.insert(value)),
            Entry::Occupied(place) => {
                let name = place.key().clone();
                self.append_again(name, value);
            }
        }
    }

    fn append_again(&mut self, name: HeaderName, value: HeaderValue) {
        if self.map.keys().last() != Some(&name) {
            // Up to here the map has them in order.
            let names = self.map.iter().map(|(name, _)| name.clone());
            let names = names.chain([name.clone()]);
            self.order = Some(Order(names.collect()));
        }
        self.map.append(name, value);
    }

    /// The lines, and their order if it is not the map's.
    pub(super) fn finish(self) -> (HeaderMap, Option<Order>) {
        (self.map, self.order)
    }
}

impl Ordering {
    pub(super) fn new(order: Order) -> Self {
        Self {
            order,
            head: Vec::new(),
            written: None,
        }
    }

    /// Takes what belongs to the head; returns how much that was.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        if self.written.is_some() {
            return 0;
        }
        // The end may lie across two pieces.
        let from = self.head.len().saturating_sub(END.len() - 1);
        let before = self.head.len();
        self.head.extend_from_slice(bytes);
        let mut places = self.head[from..].windows(END.len());
        let Some(end) = places.position(|place| place == END) else {
            return bytes.len();
        };
        self.head.truncate(from + end + END.len());
        let taken = self.head.len() - before;
        self.head = ordered(&self.head, &self.order);
        self.written = Some(0);
        taken
    }

    /// What of the head is to be written now.
    pub(super) fn unwritten(&self) -> &[u8] {
        self.written.map_or(&[], |written| &self.head[written..])
    }

    /// So much more is written.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.written = self.written.map(|written| written + bytes);
    }

    /// Whether the head has come and is written.
    pub(super) fn is_over(&self) -> bool {
        self.written == Some(self.head.len())
    }
}

/// The end of a head.
const END: &[u8] = b"\r\n\r\n";

/// A head with its lines in this order; those that are not in it stand behind.
fn ordered(head: &[u8], Order(names): &Order) -> Vec<u8> {
    let mut lines = head[..head.len() - END.len()].split_inclusive(|byte| *byte == b'\n');
    let mut ordered = Vec::with_capacity(head.len());
    ordered.extend_from_slice(lines.next().unwrap_or_default());
    let mut left: Vec<Option<&[u8]>> = lines.map(Some).collect();
    let is_of = |line: &[u8], name: &HeaderName| {
        let name = name.as_str().as_bytes();
        line.get(name.len()) == Some(&b':') && line[..name.len()].eq_ignore_ascii_case(name)
    };
    let mut put = |line: &[u8]| {
        ordered.extend_from_slice(line.trim_ascii_end());
        ordered.extend_from_slice(b"\r\n");
    };
    for name in names {
        let next = left
            .iter_mut()
            .find(|line| line.is_some_and(|line| is_of(line, name)));
        next.and_then(Option::take).into_iter().for_each(&mut put);
    }
    left.into_iter().flatten().for_each(&mut put);
    ordered.extend_from_slice(b"\r\n");
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(names: &[&'static str]) -> (HeaderMap, Option<Order>) {
        let mut lines = Lines::with_capacity(names.len());
        for (number, name) in names.iter().enumerate() {
            lines.append(HeaderName::from_static(name), number.into());
        }
        lines.finish()
    }

    /// As hyper writes them.
    fn written(map: &HeaderMap) -> Vec<u8> {
        let mut head = b"POST /a: HTTP/1.1\r\n".to_vec();
        for (name, value) in map {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        [&head[..], b"\r\nbody"].concat()
    }

    #[test]
    fn an_order_is_kept_where_the_map_has_another() {
        assert_eq!(lines(&["a", "b", "c"]).1, None);
        assert_eq!(lines(&["a", "a", "b", "b"]).1, None);
        for names in [&["a", "b", "a"][..], &["a", "b", "b", "a", "c", "b", "a"]] {
            let (map, order) = lines(names);
            let order = order.unwrap();
            let read = order.lines(&map);
            let read: Vec<_> = read
                .map(|(name, value)| (name.as_str(), value.to_str().unwrap().to_owned()))
                .collect();
            let sent = names.iter().enumerate();
            let sent: Vec<_> = sent
                .map(|(number, name)| (*name, number.to_string()))
                .collect();
            assert_eq!(read, sent);
        }
    }

    #[test]
    fn a_head_is_put_in_order_however_it_is_cut() {
        let (map, order) = lines(&["x-a", "x-b", "x-ab", "x-a", "x-b"]);
        let bytes = written(&map);
        let wanted = "POST /a: HTTP/1.1\r\nx-a: 0\r\nx-b: 1\r\nx-ab: 2\r\nx-a: 3\r\nx-b: 4\r\n\r\n";
        for size in 1..=bytes.len() {
            let mut ordering = Ordering::new(order.clone().unwrap());
            let mut taken = 0;
            for piece in bytes.chunks(size) {
                taken += ordering.take(piece);
            }
            assert_eq!(taken, wanted.len(), "the body is not of the head");
            let mut out = Vec::new();
            while !ordering.is_over() {
                let some = ordering.unwritten();
                let some = some[..some.len().min(size)].to_vec();
                out.extend_from_slice(&some);
                ordering.wrote(some.len());
            }
            assert_eq!(String::from_utf8(out).unwrap(), wanted);
        }
    }

    #[test]
    fn what_the_order_does_not_know_stands_behind() {
        let (mut map, order) = lines(&["a", "b", "a"]);
        map.insert("te", "x".parse().unwrap());
        map.remove("b");
        let mut ordering = Ordering::new(order.unwrap());
        ordering.take(&written(&map));
        let head = String::from_utf8(ordering.unwritten().to_vec()).unwrap();
        assert!(
            head.starts_with("POST /a: HTTP/1.1\r\na: 0\r\na: 2\r\nte: x\r\n\r\n"),
            "{head}"
        );
    }
}
