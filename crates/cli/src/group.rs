//! Commands of the user's that run beside kreel: in a process group of their own, so that a Ctrl-C
//! at the terminal is kreel's alone and kreel decides when they end.

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// The processes of a command. Those that are left are killed on drop.
#[derive(Debug)]
pub(crate) struct Group(Option<Pid>);

impl Group {
    /// Has a command begin a group of its own.
    pub(crate) fn lead(command: &mut Command) {
        command.process_group(0).kill_on_drop(true);
    }

    /// The group that this one leads.
    pub(crate) fn of(child: &Child) -> Self {
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        Self(pid.and_then(Pid::from_raw))
    }

    /// The command has ended by itself: what it left running is its own business.
    pub(crate) fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // All of it may be gone by now.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
