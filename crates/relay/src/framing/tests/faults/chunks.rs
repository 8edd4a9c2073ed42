//! What is wrong with chunked bodies.

use super::Refusal;

/// What follows the head of a chunked body.
pub(super) const CHUNKS: &[(&[u8], Refusal)] = &[
    (b"\r\n", Refusal::ChunkSize),
    (b"x\r\n", Refusal::ChunkSize),
    (b" 5\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"5 \r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"5 ;a\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"+5\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"0x5\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"5,a\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"5;a\0\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"0;\0\r\n\r\n", Refusal::ChunkSize),
    (b"5\nhello\r\n0\r\n\r\n", Refusal::BareLf),
    (b"5;a\nhello\r\n0\r\n\r\n", Refusal::BareLf),
    (b"5;a\rb\r\nhello\r\n0\r\n\r\n", Refusal::BareCr),
    (b"5\r\r\nhello\r\n0\r\n\r\n", Refusal::BareCr),
    (b"8000000000000000\r\n", Refusal::ChunkSizeOverflow),
    (
        b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        Refusal::ChunkSizeOverflow,
    ),
    (
        b"00000000000000005\r\nhello\r\n0\r\n\r\n",
        Refusal::ChunkSizeOverflow,
    ),
    (b"5\r\nhello!\r\n0\r\n\r\n", Refusal::ChunkEnd),
    (b"5\r\nhello0\r\n\r\n", Refusal::ChunkEnd),
    (b"5\r\nhello\r0\r\n\r\n", Refusal::ChunkEnd),
    (b"5\r\nhello\n0\r\n\r\n", Refusal::BareLf),
    (b"4\r\nhello\r\n0\r\n\r\n", Refusal::ChunkEnd),
    (b"6\r\nhello\r\n0\r\n\r\n", Refusal::BareLf),
    (b"5\r\nhello\r\n\r\n", Refusal::ChunkSize),
    (b"0\r\n\n", Refusal::BareLf),
    (b"0\r\n\r\r\n", Refusal::BareCr),
    (b"0\r\nX: 1\n\r\n", Refusal::BareLf),
    (b"0\r\nX: 1\rY: 2\r\n\r\n", Refusal::BareCr),
    (b"0\r\nX\r\n\r\n", Refusal::NoColon),
    (b"0\r\nX : 1\r\n\r\n", Refusal::SpaceBeforeColon),
    (b"0\r\nX: \0\r\n\r\n", Refusal::Control),
    (b"0\r\nX: 1\r\n 2\r\n\r\n", Refusal::Folded),
    (b"0\r\nContent-Length: 5\r\n\r\n", Refusal::Trailer),
    (
        b"0\r\nX: 1\r\nTRANSFER-ENCODING: chunked\r\n\r\n",
        Refusal::Trailer,
    ),
    (b"0\r\nHost: b\r\n\r\n", Refusal::Trailer),
    (b"0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::NoColon),
];
