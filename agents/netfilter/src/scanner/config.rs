//! Suricata's configuration. Packets come by NFQUEUE, where the kernel holds each back until Suricata has said that it may go
//! on: in the path of both directions, as the VM sees them.

use crate::marks::SCANNED;
use std::path::Path;

/// By which the kernel hands packets over. Nothing passes it while nobody listens there.
pub const QUEUE: u16 = 0;
/// How much of a connection is looked at, in each direction. What comes later passes: without that a download takes four times
/// as long.
const DEPTH: &str = "256kb";
/// Packets that may wait. One has 64 KiB at most, so that they fit into a small VM.
const PENDING: u16 = 192;

pub fn config(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"%YAML 1.1
---
vars:
  address-groups:
    HOME_NET: "[10.137.0.0/16,fd00:137::/32]"
    EXTERNAL_NET: "!$HOME_NET"
    HTTP_SERVERS: "any"
    SMTP_SERVERS: "any"
    SQL_SERVERS: "any"
    DNS_SERVERS: "any"
    TELNET_SERVERS: "any"
    AIM_SERVERS: "any"
  port-groups:
    HTTP_PORTS: "any"
    SHELLCODE_PORTS: "!80"
    ORACLE_PORTS: "1521"
    SSH_PORTS: "22"
    FTP_PORTS: "21"
    FILE_DATA_PORTS: "[$HTTP_PORTS,110,143]"
default-rule-path: "{folder}/rules"
rule-files: ["*.rules"]
classification-file: /etc/suricata/classification.config
reference-config-file: /etc/suricata/reference.config
default-log-dir: "{folder}"
stats:
  enabled: no
logging:
  default-log-level: notice
  outputs:
    - console:
        enabled: yes
outputs:
  - eve-log:
      enabled: yes
      filetype: unix_stream
      filename: "{folder}/eve.sock"
      types:
        - alert
        - tls
        - ssh
        - quic
unix-command:
  enabled: no
nfq:
  mode: accept
  bypass-mark: {SCANNED}
  bypass-mask: {SCANNED}
  # What does not fit into the queue is dropped.
  fail-open: no
max-pending-packets: {PENDING}
runmode: workers
threading:
  set-cpu-affinity: no
detect:
  profile: low
  sgh-mpm-context: auto
mpm-algo: auto
spm-algo: auto
flow:
  memcap: 16mb
  hash-size: 4096
  prealloc: 256
  emergency-recovery: 30
defrag:
  memcap: 4mb
  hash-size: 1024
  trackers: 1024
  max-frags: 1024
  prealloc: no
  timeout: 30
host:
  hash-size: 256
  prealloc: 10
  memcap: 1mb
stream:
  memcap: 16mb
  # The kernel has dropped what is wrong before: connections that it does not know, and bad checksums. Those that it makes
  # itself it has not made yet.
  checksum-validation: no
  drop-invalid: no
  inline: yes
  bypass: yes
  prealloc-sessions: 64
  reassembly:
    memcap: 24mb
    depth: {DEPTH}
    toserver-chunk-size: 2560
    toclient-chunk-size: 2560
    randomize-chunk-size: no
app-layer:
  protocols:
    http:
      enabled: yes
      memcap: 16mb
      libhtp:
        default-config:
          personality: IDS
          request-body-limit: 64kb
          response-body-limit: 64kb
          http-body-inline: yes
    tls:
      enabled: yes
      encryption-handling: bypass
      detection-ports:
        dp: 443
    ssh: {{ enabled: yes }}
    quic: {{ enabled: yes }}
    ftp: {{ enabled: yes }}
    smtp: {{ enabled: yes }}
    imap: {{ enabled: detection-only }}
    dns:
      tcp: {{ enabled: no }}
      udp: {{ enabled: no }}
    http2: {{ enabled: yes }}
    smb: {{ enabled: no }}
    dcerpc: {{ enabled: no }}
    nfs: {{ enabled: no }}
    tftp: {{ enabled: no }}
    ike: {{ enabled: no }}
    krb5: {{ enabled: no }}
    snmp: {{ enabled: no }}
    sip: {{ enabled: no }}
    rdp: {{ enabled: no }}
    rfb: {{ enabled: no }}
    mqtt: {{ enabled: no }}
    telnet: {{ enabled: no }}
    bittorrent-dht: {{ enabled: no }}
    pgsql: {{ enabled: no }}
    dhcp: {{ enabled: no }}
    ntp: {{ enabled: no }}
    modbus: {{ enabled: no }}
    dnp3: {{ enabled: no }}
    enip: {{ enabled: no }}
"#
    )
}
