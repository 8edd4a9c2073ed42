//! What travels: a number, the parts of a head with their lengths before them, and the body.

use anyhow::{Context, Result};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A message that is being written.
#[derive(Debug)]
pub(super) struct Writer(BytesMut);

impl Writer {
    pub(super) fn new(number: u64, body: &Bytes) -> Self {
        let mut bytes = BytesMut::with_capacity(HEAD_BYTES + body.len());
        bytes.put_u64(number);
        Self(bytes)
    }

    pub(super) fn put(&mut self, part: &[u8]) -> Result<()> {
        self.0.put_u16(part.len().try_into()?);
        self.0.put_slice(part);
        Ok(())
    }

    pub(super) fn put_headers(&mut self, headers: &HeaderMap) -> Result<()> {
        self.0.put_u16(headers.len().try_into()?);
        for (name, value) in headers {
            self.put(name.as_str().as_bytes())?;
            self.put(value.as_bytes())?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self, body: &Bytes) -> Bytes {
        self.0.put_slice(body);
        self.0.freeze()
    }
}

/// A message that is being read.
#[derive(Debug)]
pub(super) struct Reader(Bytes);

impl Reader {
    /// The number of the exchange, and what follows it.
    pub(super) fn new(mut message: Bytes) -> Result<(u64, Self)> {
        Ok((message.try_get_u64()?, Self(message)))
    }

    pub(super) fn take(&mut self) -> Result<Bytes> {
        let length = self.0.try_get_u16()?.into();
        (length <= self.0.len())
            .then(|| self.0.split_to(length))
            .context("a message that was cut off")
    }

    pub(super) fn take_headers(&mut self, headers: &mut HeaderMap) -> Result<()> {
        for _ in 0..self.0.try_get_u16()? {
            let name = HeaderName::from_bytes(&self.take()?)?;
            headers.append(name, HeaderValue::from_maybe_shared(self.take()?)?);
        }
        Ok(())
    }

    /// What is left is the body.
    pub(super) fn finish(self) -> Bytes {
        self.0
    }
}

/// Room for most heads.
const HEAD_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let body = Bytes::from_static(b"body");
        let mut headers = HeaderMap::new();
        headers.append("x-a", HeaderValue::from_static("1"));
        headers.append("x-a", HeaderValue::from_static("2"));
        let mut message = Writer::new(7, &body);
        message.put(b"POST").unwrap();
        message.put_headers(&headers).unwrap();
        let message = message.finish(&body);
        let (number, mut reader) = Reader::new(message.clone()).unwrap();
        let mut read = HeaderMap::new();
        assert_eq!(number, 7);
        assert_eq!(reader.take().unwrap(), "POST");
        reader.take_headers(&mut read).unwrap();
        assert_eq!(read, headers);
        assert_eq!(reader.finish(), body);
        let (_, mut cut) = Reader::new(message.slice(..11)).unwrap();
        assert!(cut.take().is_err());
    }
}
