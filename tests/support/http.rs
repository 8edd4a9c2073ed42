//! HTTP/1.1 to the byte, for both ends: heads as they came, bodies as they are framed.

mod connection;
mod digest;
mod framing;
mod head;

pub(crate) use connection::{Answer, Connection};
pub(crate) use digest::{Digest, Digester};
pub(crate) use framing::Framing;
pub(crate) use head::Head;
