//! Header lines ⇄ bytes: the repeated message `{ bytes name = 1; bytes value = 2; }`.
//!
//! By hand, since a head is most of what a message costs: derived code counts a reference for
//! each name and value, and reads any number of lines before anybody counts them. Heads
//! of our own are written by [`Fields`](super::Fields).

use std::ops::Range;

use bytes::{Buf, BufMut};
use prost::DecodeError;
use prost::encoding::{
    DecodeContext, WireType, check_wire_type, decode_key, decode_varint, encode_key, encode_varint,
    encoded_len_varint, key_len, merge_loop, skip_field,
};

use crate::limits::HEADER_COUNT;
use crate::{Header, HeadersBuilder};

/// The lines a head is likely to have at most, so that they are seldom moved while it is read.
const USUAL_COUNT: usize = 16;

/// Header lines as a field. Derived code reaches it as it would a `oneof` of one member, since
/// that is the one kind of field that is read by its type's own function, one line at a time.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Lines<const TAG: u32>(HeadersBuilder);

impl<const TAG: u32> Lines<TAG> {
    /// The lines read, at most one more than [`HEADER_COUNT`].
    pub(crate) fn take(lines: Option<Self>) -> HeadersBuilder {
        lines.map(|lines| lines.0).unwrap_or_default()
    }

    pub(crate) fn encode(&self, buf: &mut impl BufMut) {
        for Header { name, value, .. } in &self.0.clone().build() {
            encode_key(TAG, WireType::LengthDelimited, buf);
            encode_varint(line_len(name, value) as u64, buf);
            encode_bytes(1, name, buf);
            encode_bytes(2, value, buf);
        }
    }

    pub(crate) fn encoded_len(&self) -> usize {
        let headers = self.0.clone().build();
        let lines = headers.iter().map(|line| {
            let len = line_len(line.name, line.value);
            key_len(TAG) + encoded_len_varint(len as u64) + len
        });
        lines.sum()
    }

    pub(crate) fn merge(
        field: &mut Option<Self>,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        check_wire_type(WireType::LengthDelimited, wire_type)?;
        let Self(lines) =
            field.get_or_insert_with(|| Self(HeadersBuilder::with_capacity(USUAL_COUNT)));
        // One too many tells that there are too many.
        if lines.len() > HEADER_COUNT {
            return skip_field(wire_type, tag, buf, ctx);
        }
        lines.push_read(|block| {
            let mut line = (block, 0..0, 0..0);
            merge_loop(&mut line, buf, ctx, |(block, name, value), buf, ctx| {
                let (tag, wire_type) = decode_key(buf)?;
                match tag {
                    1 => *name = read_bytes(wire_type, block, buf)?,
                    2 => *value = read_bytes(wire_type, block, buf)?,
                    _ => skip_field(wire_type, tag, buf, ctx)?,
                }
                Ok(())
            })?;
            let (_, name, value) = line;
            Ok((name, value))
        })
    }
}

/// Copies a field's bytes to the end of a block; where they are then.
fn read_bytes(
    wire_type: WireType,
    block: &mut Vec<u8>,
    buf: &mut impl Buf,
) -> Result<Range<usize>, DecodeError> {
    check_wire_type(WireType::LengthDelimited, wire_type)?;
    let length = usize::try_from(decode_varint(buf)?).unwrap_or(usize::MAX);
    if length > buf.remaining() {
        // Cut off: what is said of a number of which nothing is there.
        return Err(decode_varint(&mut [].as_slice()).expect_err("nothing is no number"));
    }
    let start = block.len();
    block.put(buf.take(length));
    Ok(start..block.len())
}

fn line_len(name: &[u8], value: &[u8]) -> usize {
    encoded_len(1, name) + encoded_len(2, value)
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
    use bytes::Bytes;
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

    /// The lines in these bytes, by either code; none if they can't be read.
    fn decoded(bytes: &[u8]) -> [Option<HeadersBuilder>; 2] {
        let derived = Derived::decode(bytes).map(|derived| {
            let mut lines = HeadersBuilder::default();
            for DerivedLine { name, value } in derived.lines {
                lines.push(&name, &value);
            }
            lines
        });
        // In two runs, since the bytes of a message may come so.
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let by_hand = ByHand::decode(first.chain(second));
        let by_hand = by_hand.map(|by_hand| Lines::take(by_hand.lines));
        [derived.ok(), by_hand.ok()]
    }

    /// Fields as nobody of ours writes them: repeated, in another order, of another type.
    fn odd_line() -> impl Strategy<Value = Vec<u8>> {
        let part = (1..4_u32, vec(any::<u8>(), 0..5), any::<bool>());
        vec(part, 0..5).prop_map(|parts| {
            let mut line = Vec::new();
            for (tag, bytes, is_number) in parts {
                match is_number {
                    true => encode_key(tag, WireType::Varint, &mut line),
                    false => encode_key(tag, WireType::LengthDelimited, &mut line),
                }
                encode_varint(bytes.len() as u64, &mut line);
                if !is_number {
                    line.extend_from_slice(&bytes);
                }
            }
            line
        })
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
            let mut headers = HeadersBuilder::default();
            lines.iter().for_each(|(name, value)| headers.push(name, value));
            let by_hand = ByHand { lines: Some(Lines(headers.clone())) };

            let bytes = derived.encode_to_vec();
            prop_assert_eq!(&by_hand.encode_to_vec(), &bytes);
            prop_assert_eq!(by_hand.encoded_len(), bytes.len());
            prop_assert_eq!(decoded(&bytes), [Some(headers.clone()), Some(headers)]);
        }

        #[test]
        fn odd_bytes_are_read_as_derived_code_reads_them(
            lines in vec(odd_line(), 0..4),
            cut in 0..4_usize,
        ) {
            let mut bytes = Vec::new();
            for line in lines {
                encode_key(16, WireType::LengthDelimited, &mut bytes);
                encode_varint(line.len() as u64, &mut bytes);
                bytes.extend_from_slice(&line);
            }
            bytes.truncate(bytes.len().saturating_sub(cut));
            let [derived, by_hand] = decoded(&bytes);
            prop_assert_eq!(derived, by_hand);
        }
    }
}
