//! The PROXY protocol: what a proxy says about a connection before its first byte. Exactly the
//! header is read, and no byte behind it.

use std::io;
use std::net::{IpAddr, SocketAddr};

use ppp::v2::Command;
use ppp::{v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::limits::PROXY_HEADER_BYTES;

/// The beginning of version 2: a signature, version and command, family, length.
const FIXED: usize = 16;

/// The shortest header of version 1, `PROXY UNKNOWN` and its line's end, is one byte longer.
const FIRST: usize = 12;

/// Reads a header; who connects, if it says so. A proxy that asks for itself does not.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut header = vec![0; FIRST];
    stream.read_exact(&mut header).await?;
    if header == v2::PROTOCOL_PREFIX {
        header.resize(FIXED, 0);
        stream.read_exact(&mut header[FIRST..]).await?;
        let length = usize::from(u16::from_be_bytes([header[FIXED - 2], header[FIXED - 1]]));
        if FIXED + length > PROXY_HEADER_BYTES {
            return Err(wrong("the header is too long"));
        }
        header.resize(FIXED + length, 0);
        stream.read_exact(&mut header[FIXED..]).await?;
        return binary(&header);
    }
    if !header.starts_with(b"PROXY ") {
        return Err(wrong("it does not begin with the PROXY protocol"));
    }
    while !header.ends_with(b"\r\n") {
        // The specification's longest line.
        if header.len() >= 107 {
            return Err(wrong("the header does not end"));
        }
        header.push(stream.read_u8().await?);
    }
    text(&header)
}

fn binary(header: &[u8]) -> io::Result<Option<SocketAddr>> {
    let header = v2::Header::try_from(header).map_err(wrong)?;
    Ok(match (header.command, header.addresses) {
        (Command::Local, _) => None,
        (Command::Proxy, v2::Addresses::IPv4(from)) => {
            Some(at(from.source_address, from.source_port))
        }
        (Command::Proxy, v2::Addresses::IPv6(from)) => {
            Some(at(from.source_address, from.source_port))
        }
        (Command::Proxy, v2::Addresses::Unspecified | v2::Addresses::Unix(_)) => None,
    })
}

fn text(header: &[u8]) -> io::Result<Option<SocketAddr>> {
    let header = v1::Header::try_from(header).map_err(wrong)?;
    Ok(match header.addresses {
        v1::Addresses::Unknown => None,
        v1::Addresses::Tcp4(from) => Some(at(from.source_address, from.source_port)),
        v1::Addresses::Tcp6(from) => Some(at(from.source_address, from.source_port)),
    })
}

fn at(address: impl Into<IpAddr>, port: u16) -> SocketAddr {
    SocketAddr::new(address.into().to_canonical(), port)
}

fn wrong(cause: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(bytes: &[u8]) -> (io::Result<Option<SocketAddr>>, usize) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut rest = bytes;
        let read = runtime.block_on(read(&mut rest));
        (read, rest.len())
    }

    fn binary_of(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [
            v2::PROTOCOL_PREFIX,
            &[command, family][..],
            &length,
            body,
            b"REST",
        ]
        .concat()
    }

    #[test]
    fn both_versions_are_read_to_the_byte() {
        let four = [192, 0, 2, 7, 10, 0, 0, 1, 0x1f, 0x90, 1, 0xbb];
        let with_extra = [&four[..], &[0x04, 0, 1, 0]].concat();
        for (bytes, from) in [
            (
                b"PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\r\nREST".to_vec(),
                Some("192.0.2.7:8080"),
            ),
            (
                b"PROXY TCP6 2001:db8::7 ::1 8080 443\r\nREST".to_vec(),
                Some("[2001:db8::7]:8080"),
            ),
            (b"PROXY UNKNOWN\r\nREST".to_vec(), None),
            (binary_of(0x21, 0x11, &four), Some("192.0.2.7:8080")),
            (binary_of(0x21, 0x11, &with_extra), Some("192.0.2.7:8080")),
            (binary_of(0x20, 0x00, &[]), None),
        ] {
            let (read, rest) = parse(&bytes);
            assert_eq!(read.unwrap(), from.map(|from| from.parse().unwrap()));
            assert_eq!(rest, 4, "{bytes:?}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bytes in [
            &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
            b"PROXY TCP4 192.0.2.7\r\n",
            b"PROXY TCP4 999.0.2.7 10.0.0.1 8080 443\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\n\n\n\n",
            b"PROXY ",
            b"",
            &binary_of(0x31, 0x11, &[0; 12]),
            &binary_of(0x21, 0x11, &[0; 3]),
            &binary_of(0x21, 0x11, &[0; 4096]),
            &[b"PROXY TCP4 ", &[b' '; 200][..]].concat(),
        ] {
            assert!(
                parse(bytes).0.is_err(),
                "{:?}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_read_beyond_the_header(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let (read, rest) = parse(&binary_of(0x21, 0x21, &bytes));
            if read.is_ok() {
                prop_assert_eq!(rest, 4);
            }
        }
    }
}
