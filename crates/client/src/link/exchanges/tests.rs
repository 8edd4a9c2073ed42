//! The rules of flow, without a socket.
