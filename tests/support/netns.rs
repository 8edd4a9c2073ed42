//! A machine apart: a network namespace at the end of a cable that can be made to lose packets.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use super::programs;

/// A network namespace with one cable to this one. Removed on drop.
#[derive(Debug)]
pub(crate) struct MachineApart {
    name: String,
    /// The two ends of the cable, which are named alike.
    near: End,
    far: End,
}

/// One end of the cable.
#[derive(Debug)]
struct End {
    device: String,
    address: Ipv4Addr,
}

/// How many were made in this process.
static MADE: AtomicU8 = AtomicU8::new(0);

/// The hardware address of nobody: what is sent there is dropped where it arrives.
const NOBODY: &str = "02:00:00:00:00:99";

impl MachineApart {
    /// Sets it up; nothing where that can't be done, which has been said then.
    pub(crate) fn new() -> Option<Self> {
        programs::find("ip")?;
        let id = std::process::id();
        // One of several in this process, each with four addresses.
        let number = MADE.fetch_add(1, Ordering::Relaxed) % 64;
        // Of the network for benchmarks (RFC 2544), which nobody routes.
        let [low, high, ..] = id.to_le_bytes();
        let address = |last| Ipv4Addr::new(198, 18 + (high & 1), low, number * 4 + last);
        // Names of devices have 15 characters at the most.
        let machine = Self {
            name: format!("kreel-{id}-{number}"),
            near: End {
                device: format!("kr{id}n{number}a"),
                address: address(1),
            },
            far: End {
                device: format!("kr{id}n{number}b"),
                address: address(2),
            },
        };
        match machine.set_up() {
            Ok(()) => Some(machine),
            Err(why) => {
                programs::skipped(&format!("a network namespace ({why})"));
                None
            }
        }
    }

    /// The address of this side of the cable.
    pub(crate) fn our_address(&self) -> Ipv4Addr {
        self.near.address
    }

    /// What to put before a command line for it to run there.
    pub(crate) fn runner(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name]
            .map(str::to_owned)
            .into()
    }

    /// Has this side of the cable be reached there by another address too, such as one of the
    /// internet's.
    pub(crate) fn stands_for(&self, address: Ipv4Addr) {
        let (near, address) = (self.near.address.to_string(), format!("{address}/32"));
        ip(&["address", "add", &address, "dev", &self.near.device]).unwrap();
        self.there(&["route", "add", &address, "via", &near])
            .unwrap();
    }

    /// From now on each packet is lost, in both directions, and nobody is told.
    pub(crate) fn lose_packets(&self) {
        let (near, far) = (self.near.address.to_string(), self.far.address.to_string());
        ip(&[
            "neigh",
            "replace",
            &far,
            "lladdr",
            NOBODY,
            "dev",
            &self.near.device,
            "nud",
            "permanent",
        ])
        .unwrap();
        let there = [
            "neigh",
            "replace",
            &near,
            "lladdr",
            NOBODY,
            "dev",
            &self.far.device,
            "nud",
            "permanent",
        ];
        self.there(&there).unwrap();
    }

    /// Packets arrive again.
    pub(crate) fn carry_packets(&self) {
        let (near, far) = (self.near.address.to_string(), self.far.address.to_string());
        ip(&["neigh", "del", &far, "dev", &self.near.device]).unwrap();
        self.there(&["neigh", "del", &near, "dev", &self.far.device])
            .unwrap();
    }

    fn set_up(&self) -> Result<(), String> {
        let Self { name, near, far } = self;
        ip(&["netns", "add", name])?;
        ip(&[
            "link",
            "add",
            &near.device,
            "type",
            "veth",
            "peer",
            "name",
            &far.device,
            "netns",
            name,
        ])?;
        ip(&[
            "address",
            "add",
            &format!("{}/30", near.address),
            "dev",
            &near.device,
        ])?;
        ip(&["link", "set", &near.device, "up"])?;
        self.there(&[
            "address",
            "add",
            &format!("{}/30", far.address),
            "dev",
            &far.device,
        ])?;
        self.there(&["link", "set", &far.device, "up"])?;
        self.there(&["link", "set", "lo", "up"])
    }

    fn there(&self, words: &[&str]) -> Result<(), String> {
        ip(&[&["-netns", &self.name], words].concat())
    }
}

impl Drop for MachineApart {
    fn drop(&mut self) {
        // By itself the cable would go only when the last connection over it has timed out.
        let _ = ip(&["link", "delete", &self.near.device]);
        let _ = ip(&["netns", "delete", &self.name]);
    }
}

fn ip(words: &[&str]) -> Result<(), String> {
    let done = Command::new("ip")
        .args(words)
        .output()
        .map_err(|error| error.to_string())?;
    match done.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()),
    }
}
