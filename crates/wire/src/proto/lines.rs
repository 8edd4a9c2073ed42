//! Header lines ⇄ bytes: the repeated message `{ bytes name = 1; bytes value = 2; }`.
//!
//! By hand, since a head is most of what a message costs: derived code copies a reference for
//! each name and value it writes, and reads any number of lines before anybody counts them. Heads
//! of our own are written by [`Fields`](super::Fields).

use bytes::{Buf, BufMut, Bytes};
use prost::DecodeError;
use prost::encoding::{
    self, DecodeContext, WireType, check_wire_type, decode_key, encode_key, encode_varint,
    encoded_len_varint, key_len, merge_loop, skip_field,
};

use crate::Header;
use crate::limits::HEADER_COUNT;

/// The lines a head is likely to have at most, so that they are seldom moved while it is read.
const USUAL_COUNT: usize = 16;

/// Header lines as a field. Derived code reaches it as it would a `oneof` of one member, since
/// that is the one kind of field that is read by its type's own function, one line at a time.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Lines<const TAG: u32>(Vec<Header>);

impl<const TAG: u32> Lines<TAG> {
    #[cfg(test)]
    pub(crate) fn new(lines: Vec<Header>) -> Option<Self> {
        Some(Self(lines))
    }

    /// The lines read, at most one more than [`HEADER_COUNT`].
    pub(crate) fn take(lines: Option<Self>) -> Vec<Header> {
        lines.map_or_else(Vec::new, |lines| lines.0)
    }

    pub(crate) fn encode(&self, buf: &mut impl BufMut) {
        for line in &self.0 {
            encode_key(TAG, WireType::LengthDelimited, buf);
            encode_varint(line_len(line) as u64, buf);
            encode_bytes(1, &line.name, buf);
            encode_bytes(2, &line.value, buf);
        }
    }

    pub(crate) fn encoded_len(&self) -> usize {
        self.0
            .iter()
            .map(|line| {
                let len = line_len(line);
                key_len(TAG) + encoded_len_varint(len as u64) + len
            })
            .sum()
    }

    pub(crate) fn merge(
        field: &mut Option<Self>,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        check_wire_type(WireType::LengthDelimited, wire_type)?;
        let lines = field.get_or_insert_with(|| Self(Vec::with_capacity(USUAL_COUNT)));
        // One too many tells that there are too many; a line takes 64 bytes, and two of input.
        if lines.0.len() > HEADER_COUNT {
            return skip_field(wire_type, tag, buf, ctx);
        }
        let mut line = Header {
            name: Bytes::new(),
            value: Bytes::new(),
        };
        merge_loop(&mut line, buf, ctx, |line, buf, ctx| {
            let (tag, wire_type) = decode_key(buf)?;
            match tag {
                1 => encoding::bytes::merge(wire_type, &mut line.name, buf, ctx),
                2 => encoding::bytes::merge(wire_type, &mut line.value, buf, ctx),
                _ => skip_field(wire_type, tag, buf, ctx),
            }
        })?;
        lines.0.push(line);
        Ok(())
    }
}

fn line_len(line: &Header) -> usize {
    encoded_len(1, &line.name) + encoded_len(2, &line.value)
}

fn encoded_len(tag: u32, bytes: &[u8]) -> usize {
    if bytes.is_empty() {
        0
    } else {
        key_len(tag) + encoded_len_varint(bytes.len() as u64) + bytes.len()
    }
}

fn encode_bytes(tag: u32, bytes: &[u8], buf: &mut impl BufMut) {
    if !bytes.is_empty() {
        encode_key(tag, WireType::LengthDelimited, buf);
        encode_varint(bytes.len() as u64, buf);
        buf.put_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    #[derive(Clone, PartialEq, Message)]
    struct DerivedLine {
        #[prost(bytes = "bytes", tag = "1")]
        name: Bytes,
        #[prost(bytes = "bytes", tag = "2")]
        value: Bytes,
    }

    #[derive(Clone, PartialEq, Message)]
    struct Derived {
        #[prost(message, repeated, tag = "16")]
        lines: Vec<DerivedLine>,
    }

    type Lines16 = Lines<16>;

    #[derive(Clone, PartialEq, Message)]
    struct ByHand {
        #[prost(oneof = "Lines16", tags = "16")]
        lines: Option<Lines16>,
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_derived_code(
            lines in vec((vec(any::<u8>(), 0..200), vec(any::<u8>(), 0..20_000)), 0..5),
        ) {
            let derived = |(name, value): &(Vec<u8>, Vec<u8>)| DerivedLine {
                name: name.clone().into(),
                value: value.clone().into(),
            };
            let derived = Derived { lines: lines.iter().map(derived).collect() };
            let header = |DerivedLine { name, value }| Header { name, value };
            let headers: Vec<Header> = derived.lines.iter().cloned().map(header).collect();
            let by_hand = ByHand { lines: Lines::new(headers.clone()) };

            let bytes = derived.encode_to_vec();
            prop_assert_eq!(&by_hand.encode_to_vec(), &bytes);
            prop_assert_eq!(by_hand.encoded_len(), bytes.len());
            let decoded = ByHand::decode(&*bytes).unwrap();
            prop_assert_eq!(Lines::take(decoded.lines), headers);
        }
    }
}
