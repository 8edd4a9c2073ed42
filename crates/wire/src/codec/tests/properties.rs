//! What holds for every message, and for any bytes at all.

use std::fmt::Debug;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use prost::Message as _;

use super::any;
use crate::limits::{ACKS, CHUNK_BYTES, HEAD_BYTES, HEADER_COUNT, MESSAGE_BYTES, TEXT_BYTES, WAIT};
use crate::{Headers, Hello, ToClient, ToRelay, WelcomeOrReject, Wire, is_token, proto};

proptest! {
    #[test]
    fn messages_to_the_client_come_out_as_they_went_in(message in any::to_client()) {
        comes_out_as_it_went_in(message)?;
    }

    #[test]
    fn messages_to_the_relay_come_out_as_they_went_in(message in any::to_relay()) {
        comes_out_as_it_went_in(message)?;
    }

    #[test]
    fn what_is_written_by_hand_is_what_derived_code_writes(
        (down, up) in (any::to_client(), any::to_relay()),
    ) {
        let (down, up) = (down.encode(), up.encode());
        prop_assert_eq!(proto::ToClient::decode(down.clone()).unwrap().encode_to_vec(), down);
        prop_assert_eq!(proto::ToRelay::decode(up.clone()).unwrap().encode_to_vec(), up);
    }

    #[test]
    fn handshakes_come_out_as_they_went_in(
        hello in any::hello(),
        first in any::welcome_or_reject(),
    ) {
        comes_out_as_it_went_in(hello)?;
        comes_out_as_it_went_in(first)?;
    }

    #[test]
    fn any_bytes_are_a_sound_message_or_none(bytes in vec(any::<u8>(), 0..400)) {
        sound_or_none(bytes.into())?;
    }

    #[test]
    fn damaged_messages_are_sound_or_none(
        message in encoded(),
        damage in vec(damage(), 1..4),
    ) {
        let mut bytes = message.to_vec();
        for damage in damage {
            damage.apply(&mut bytes);
        }
        sound_or_none(bytes.into())?;
    }

    #[test]
    fn cut_messages_are_sound_or_none(message in encoded(), at in any::<Index>()) {
        sound_or_none(message.slice(..at.index(message.len() + 1)))?;
    }

    #[test]
    fn unknown_fields_are_skipped(
        (down, up) in (any::to_client(), any::to_relay()),
        (hello, first) in (any::hello(), any::welcome_or_reject()),
        unknown in unknown_field(),
    ) {
        skips(down, &unknown)?;
        skips(up, &unknown)?;
        skips(first, &unknown)?;
        let bytes = [&hello.clone().encode(), &unknown[..]].concat();
        prop_assert_eq!(Hello::decode(bytes.into()).unwrap(), hello);
    }
}

fn comes_out_as_it_went_in<M: Sound>(message: M) -> Result<(), TestCaseError> {
    let bytes = message.clone().encode();
    prop_assert!(bytes.len() <= MESSAGE_BYTES);
    prop_assert_eq!(M::decode(bytes).unwrap(), message);
    Ok(())
}

/// Whatever these bytes are, no decoder panics, and what it accepts keeps every promise.
fn sound_or_none(bytes: Bytes) -> Result<(), TestCaseError> {
    fn check<M: Sound>(bytes: &Bytes) -> Result<(), TestCaseError> {
        if let Ok(message) = M::decode(bytes.clone()) {
            message.assert_within_limits();
            comes_out_as_it_went_in(message)?;
        }
        Ok(())
    }
    check::<ToClient>(&bytes)?;
    check::<ToRelay>(&bytes)?;
    check::<Hello>(&bytes)?;
    check::<WelcomeOrReject>(&bytes)
}

/// A field nobody knows, both beside and inside the message's one field, makes no difference.
fn skips<M: Sound>(message: M, unknown: &[u8]) -> Result<(), TestCaseError> {
    let bytes = message.clone().encode();
    let beside = [&bytes, unknown].concat();
    prop_assert_eq!(&M::decode(beside.into()).unwrap(), &message);

    let (key, mut rest) = (bytes[0], &bytes[1..]);
    let inner_bytes = prost::decode_length_delimiter(&mut rest).unwrap();
    prop_assert_eq!(inner_bytes, rest.len());
    let mut inside = vec![key];
    prost::encode_length_delimiter(inner_bytes + unknown.len(), &mut inside).unwrap();
    inside.extend_from_slice(rest);
    inside.extend_from_slice(unknown);
    prop_assert_eq!(M::decode(inside.into()).unwrap(), message);
    Ok(())
}

fn encoded() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        any::to_client().prop_map(Wire::encode),
        any::to_relay().prop_map(Wire::encode),
        any::hello().prop_map(Wire::encode),
        any::welcome_or_reject().prop_map(Wire::encode),
    ]
}

/// Fields with tag 100, one of each type that protobuf has.
fn unknown_field() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(vec![0xa0, 0x06, 0x96, 0x01]),
        Just([vec![0xa1, 0x06], vec![7; 8]].concat()),
        vec(any::<u8>(), 0..100).prop_map(|b| [vec![0xa2, 0x06, b.len() as u8], b].concat()),
        Just(vec![0xa3, 0x06, 0x08, 0x01, 0xa4, 0x06]),
        Just([vec![0xa5, 0x06], vec![7; 4]].concat()),
    ]
}

#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Repeat(Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), 0..8u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        any::<(Index, u8)>().prop_map(|(at, byte)| Damage::Insert(at, byte)),
        any::<Index>().prop_map(Damage::Remove),
        any::<(Index, Index)>().prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        match self {
            _ if len == 0 => {}
            Self::Flip(at, bit) => bytes[at.index(len)] ^= 1 << bit,
            Self::Insert(at, byte) => bytes.insert(at.index(len), *byte),
            Self::Remove(at) => _ = bytes.remove(at.index(len)),
            Self::Repeat(from, to) => {
                let (from, to) = (from.index(len), to.index(len));
                bytes.extend_from_within(from.min(to)..from.max(to));
            }
        }
    }
}

/// A message whose promises can be looked at without the decoder's own checks.
trait Sound: Wire + Clone + PartialEq + Debug {
    fn assert_within_limits(&self);
}

impl Sound for ToClient {
    fn assert_within_limits(&self) {
        match self {
            Self::Request(request) => {
                let delivery = &request.delivery;
                assert!(is_token(delivery.method.as_bytes()));
                assert!(matches!(delivery.target.first(), None | Some(b'/' | b'?')));
                assert!(
                    !delivery
                        .target
                        .iter()
                        .any(|b| b.is_ascii_control() || *b == b' ')
                );
                assert_headers(&delivery.headers);
                assert_text(&delivery.forwarded_for);
                assert!(!delivery.forwarded_for.contains(['\r', '\n', '\0']));
                assert!(request.body.len() <= CHUNK_BYTES);
            }
            Self::RequestBody(chunk) => assert!(chunk.data.len() <= CHUNK_BYTES),
            Self::Answered { status, .. } => assert!(status.is_none_or(|status| status >= 200)),
            Self::Goodbye { message, .. } => assert_text(message),
            Self::Credit { .. } | Self::Cancel { .. } => {}
        }
    }
}

impl Sound for ToRelay {
    fn assert_within_limits(&self) {
        match self {
            Self::Answer(answer) => {
                assert!((200..=999).contains(&answer.response.status));
                assert_headers(&answer.response.headers);
                let reason = answer.response.reason.as_deref().unwrap_or_default();
                assert!(reason.len() <= TEXT_BYTES);
                assert!(!reason.iter().any(|byte| b"\r\n\0".contains(byte)));
                assert!(answer.body.len() <= CHUNK_BYTES);
            }
            Self::AnswerBody(chunk) => assert!(chunk.data.len() <= CHUNK_BYTES),
            Self::Failed { failure, .. } => assert!(failure.to_string().len() < 3 * TEXT_BYTES),
            Self::Ack { seqs } => assert!(seqs.len() <= ACKS),
            Self::Goodbye { message, .. } => assert_text(message),
            Self::Credit { .. } => {}
        }
    }
}

impl Sound for Hello {
    fn assert_within_limits(&self) {
        assert_text(&self.client);
        assert!(self.policy.wait <= WAIT);
    }
}

impl Sound for WelcomeOrReject {
    fn assert_within_limits(&self) {
        match self {
            Self::Welcome(welcome) => {
                assert_text(&welcome.relay);
                for url in [Some(&welcome.url), welcome.subdomain_url.as_ref()] {
                    let url = url.map_or("", String::as_str);
                    assert!(url.bytes().all(|byte| byte.is_ascii_graphic()));
                    assert_text(url);
                }
            }
            Self::Reject(reject) => assert_text(&reject.message),
        }
    }
}

fn assert_text(text: &str) {
    assert!(text.len() <= TEXT_BYTES);
}

fn assert_headers(headers: &Headers) {
    assert!(headers.len() <= HEADER_COUNT);
    assert!(headers.size_bytes() <= HEAD_BYTES);
    for line in headers {
        assert!(is_token(line.name));
        assert!(!line.name.iter().any(u8::is_ascii_uppercase));
        assert!(!line.value.iter().any(|byte| b"\r\n\0".contains(byte)));
    }
}
