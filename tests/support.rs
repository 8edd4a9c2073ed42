//! The harness: a relay, a client, apps, senders and a wire between them, each killed on drop.
//!
//! A story reads
//!
//! ```ignore
//! let relay = TestRelay::start().await;
//! let app = LocalApp::answering(500).await;
//! let client = TestClient::listen(&relay, &app, &["--strict"]).await;
//! let answer = client.sender().post("/hook", "{}").await;
//! assert_eq!(answer.status(), 500);
//! ```
//!
//! - [`TestRelay`]: `kreel relay` as a process, plain or with TLS; may be killed and restarted.
//! - [`TestClient`]: `kreel listen` as a process with a home of its own, its JSON lines as
//!   events, each checked against the schemas of `docs/json.md`. [`Listen`] has the rarer options.
//! - [`Screen`]: `kreel listen` in a pseudo-terminal: keys in, a screen out, and every byte kept;
//!   [`Stream`] tells what those bytes ask of a terminal.
//! - [`Kreel`]: any other command line; [`Finished`] is what it left behind.
//! - [`LocalApp`]: an app in this process that does what the story wants, and remembers what it
//!   got to the byte. [`NodeApp`] and [`PythonApp`] are the real thing.
//! - [`Sender`]: HTTP/1.1 to the byte over TCP or TLS; [`Curl`] runs the real curl.
//! - [`Wire`]: a TCP proxy that delays, freezes or cuts what goes through it.
//! - [`Proxy`]: what stands between a client and the world in companies.
//! - [`Certificate`]: a certificate made for the story, as files.
//! - [`Pebble`]: a certificate authority.
//! - [`SmallDisk`]: a disk that can be full, or read-only.
//! - [`RawLink`]: a link to the byte, without a client.
//! - [`h2::Http2`]: HTTP/2 to the byte.
//! - [`Tls`]: a TLS connection of the story's making.
//! - [`MachineApart`]: a network namespace behind a cable that loses packets when told to.
//! - [`eventually`], [`within`]: every wait has a deadline. No test may sleep and hope.
//! - [`machine::alone`]: first line of a story that measures; no other story runs beside it.
//!
//! A program that is missing (curl, node, python3) is said loudly by [`programs::find`] and its
//! story is skipped; with `CI` set it is a failure. So are [`packages`] that can't be installed.

mod app;
mod certificate;
mod client;
mod curl;
mod disk;
pub(crate) mod h2;
pub(crate) mod http;
mod kreel;
mod link;
pub(crate) mod machine;
mod netns;
pub(crate) mod packages;
mod pebble;
mod ports;
mod process;
pub(crate) mod programs;
mod proxy;
mod real_apps;
mod relay;
pub(crate) mod schema;
mod screen;
mod sender;
mod tls;
mod wait;
mod wire;

pub(crate) use app::{LocalApp, Received, Visit};
pub(crate) use certificate::Certificate;
pub(crate) use client::{AppAddress, Home, Listen, TestClient};
pub(crate) use curl::Curl;
pub(crate) use disk::SmallDisk;
pub(crate) use http::{Answer, Connection, Digest, Head};
pub(crate) use kreel::{Finished, Kreel};
pub(crate) use link::RawLink;
pub(crate) use netns::MachineApart;
pub(crate) use pebble::Pebble;
pub(crate) use ports::free_port;
pub(crate) use process::{KREEL, Process};
pub(crate) use proxy::Proxy;
pub(crate) use real_apps::{NodeApp, PythonApp};
pub(crate) use relay::TestRelay;
pub(crate) use screen::{Drawn, Key, Screen, Stream};
pub(crate) use sender::{Post, Sender};
pub(crate) use tls::Tls;
pub(crate) use wait::{DEADLINE, eventually, within};
pub(crate) use wire::Wire;
