//! nginx as the plainest reverse proxy with connections kept to the app; no tunnel at all.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::Command;

use super::{Stage, free_port, hook};
use crate::load::{Target, Tls};
use crate::process::Process;
use crate::tls::{SelfSigned, believing};

/// Starts nginx in the foreground, in a folder of its own.
pub(super) fn start(stage: &Stage, dir: &Path, tls: bool) -> Result<(Target, Vec<Process>)> {
    let port = free_port()?;
    let config = dir.join("nginx.conf");
    let mut target = hook((Ipv4Addr::LOCALHOST, port).into());
    let mut listen = format!("listen 127.0.0.1:{port} backlog=1024");
    if tls {
        let SelfSigned { certificate, key } = SelfSigned::make()?;
        fs::write(dir.join("cert.pem"), &certificate)?;
        fs::write(dir.join("key.pem"), &key)?;
        target.tls = Some(Tls {
            connector: believing()?,
            name: "localhost".try_into()?,
        });
        listen += " ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem; ";
        // The default from 1.23.4 on.
        listen += "ssl_protocols TLSv1.2 TLSv1.3";
    }
    fs::write(&config, configuration(&listen, &stage.app.to_string()))?;
    let nginx = stage.tools.nginx.as_ref().context("no nginx")?;
    let mut command = Command::new(nginx);
    command.arg("-p").arg(dir).arg("-c").arg(&config);
    command.args(["-e", "stderr"]);
    let process = Process::quiet("proxy", &mut command, dir)?;
    Ok((target, vec![process]))
}

/// No access log, no limit on requests per connection: to its advantage, so that a ratio of ours
/// to it flatters nobody. The rest is nginx's default.
fn configuration(listen: &str, app: &str) -> String {
    format!(
        "daemon off; user root; worker_processes auto; pid nginx.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_max_body_size 64m;
  keepalive_requests 1000000000;
  client_body_temp_path client; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  upstream app {{ server {app}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    {listen};
    location / {{
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
    }}
  }}
}}
"
    )
}
