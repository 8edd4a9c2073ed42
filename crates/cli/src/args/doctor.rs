//! `kreel doctor`: each step of the way, looked at by itself.

use clap::Args;
use kreel_client::Target;

use super::Connection;

/// Look at each step between a sender and your app for faults
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// Your app: PORT, HOST:PORT/PATH or a URL. It is only looked for, and asked nothing
    #[arg(value_name = "TARGET", env = "KREEL_FORWARD_TO", hide_env = true)]
    pub(crate) target: Option<Target>,

    /// One JSON object a line on standard output
    #[arg(long)]
    pub(crate) json: bool,

    /// Which relay.
    #[command(flatten)]
    pub(crate) connection: Connection,
}

const EXAMPLES: &str = "\
It looks at the relay's name, the connection and proxies in between, the
certificate and its end, the versions, the clocks, the token, the websocket,
the largest body, your app, and sends webhooks the whole way to an app of its
own, through a tunnel of its own. Tunnels of yours are left alone.

Examples:
  kreel doctor
  kreel doctor 3000
  kreel doctor --relay https://relay.example --token-file token
  kreel doctor --json | jq 'select(.outcome == \"failed\")'

Exit codes:
  0 nothing is wrong   1 something on this machine   3 the relay refuses the
  token   5 the network or the relay
";
