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
# What cannot be looked at does not pass: a limit of memory is reached, a parser fails, or its beginning was not seen.
exception-policy: drop-flow
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
  # The kernel has dropped bad checksums before. Those that it makes itself it has not made yet.
  checksum-validation: no
  # What the scanner takes for no part of the connection, as its timestamp is old or it is outside of the window, is in nothing
  # that rules look at, and the other side may take it all the same. It does not pass, and is sent again.
  drop-invalid: yes
  midstream: no
  async-oneside: no
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::Value;
    use std::fs;
    use std::process::Command;

    const RULES: &str = include_str!("../../../../services/firewall/rules/atoll.rules");
    const EICAR: &str = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
    const SYN: u8 = 2;
    const PUSH: u8 = 8;
    const ACK: u8 = 16;
    /// Of the protocol IP, without a link layer.
    const LINKTYPE_RAW: u32 = 101;

    fn packet(is_from_vm: bool, seq: u32, ack: u32, flags: u8, timestamp: u32, data: &str) -> Vec<u8> {
        let (vm, server) = (([10, 137, 0, 6], 40_000_u16), ([198, 18, 0, 10], 80_u16));
        let (from, to) = if is_from_vm { (vm, server) } else { (server, vm) };
        let tcp = [
            &from.1.to_be_bytes()[..],
            &to.1.to_be_bytes(),
            &seq.to_be_bytes(),
            &ack.to_be_bytes(),
            &[0x80, flags, 0xfa, 0, 0, 0, 0, 0],
            &[1, 1, 8, 10],
            &timestamp.to_be_bytes(),
            &1_u32.to_be_bytes(),
            data.as_bytes(),
        ]
        .concat();
        let length = u16::try_from(20 + tcp.len()).unwrap().to_be_bytes();
        [&[0x45, 0][..], &length, &[0, 1, 0x40, 0, 64, 6, 0, 0], &from.0, &to.0, &tcp].concat()
    }

    /// A request and its answer, whose packets have this timestamp; the server began with 1,000.
    fn conversation(body: &str, timestamp: u32) -> Vec<Vec<u8>> {
        let request = "GET / HTTP/1.1\r\nHost: web.example\r\n\r\n";
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let asked = 101 + u32::try_from(request.len()).unwrap();
        vec![
            packet(true, 100, 0, SYN, 1, ""),
            packet(false, 900, 101, SYN | ACK, 1_000, ""),
            packet(true, 101, 901, ACK, 1, ""),
            packet(true, 101, 901, ACK | PUSH, 1, request),
            packet(false, 901, asked, ACK, timestamp, ""),
            packet(false, 901, asked, ACK | PUSH, timestamp, &answer),
        ]
    }

    fn capture(packets: &[Vec<u8>]) -> Vec<u8> {
        let words = |all: &[u32]| all.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let mut bytes = words(&[0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65_535, LINKTYPE_RAW]);
        for packet in packets {
            let length = u32::try_from(packet.len()).unwrap();
            bytes.extend(words(&[1, 0, length, length]));
            bytes.extend(packet);
        }
        bytes
    }

    /// How many of the packets the real Suricata drops. `None`, and a word on the terminal: this machine has none.
    fn dropped(name: &str, packets: &[Vec<u8>]) -> Option<u64> {
        dropped_by(RULES, name, packets)
    }

    fn dropped_by(rules: &str, name: &str, packets: &[Vec<u8>]) -> Option<u64> {
        if Command::new("suricata").arg("-V").output().is_err() {
            eprintln!("skipped: this needs suricata");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("atoll-scanner-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("rules")).unwrap();
        if !rules.is_empty() {
            fs::write(folder.join("rules/atoll.rules"), rules).unwrap();
        }
        fs::write(folder.join("capture"), capture(packets)).unwrap();
        // From a file, and with counters. All else is as it is.
        let text = config(&folder)
            .replace("filetype: unix_stream", "filetype: regular")
            .replace("eve.sock", "eve.json")
            .replace("        - quic\n", "        - quic\n        - stats\n")
            .replace("stats:\n  enabled: no", "stats:\n  enabled: yes");
        fs::write(folder.join("suricata.yaml"), text).unwrap();
        let output = Command::new("suricata")
            .args(["--runmode", "single", "--simulate-ips", "-c"])
            .arg(folder.join("suricata.yaml"))
            .arg("-l")
            .arg(&folder)
            .arg("-r")
            .arg(folder.join("capture"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = fs::read_to_string(folder.join("eve.json")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        let mut records = lines.lines().rev().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let ips = records.find(|record| record["event_type"] == "stats").unwrap()["stats"]["ips"].clone();
        let [accepted, dropped] = ["accepted", "blocked"].map(|name| ips[name].as_u64().unwrap());
        assert_eq!(accepted + dropped, packets.len() as u64);
        Some(dropped)
    }

    #[test]
    fn without_rules_nothing_is_dropped() {
        let Some(harmless) = dropped_by("", "none", &conversation("hello", 1_001)) else { return };
        assert_eq!(harmless, 0);
        assert_eq!(dropped_by("", "none-eicar", &conversation(EICAR, 1_001)), Some(0));
        // With rules, but none that it is.
        assert_eq!(dropped_by("# none\n", "comments", &conversation(EICAR, 1_001)), Some(0));
    }

    #[test]
    fn what_the_scanner_does_not_follow_does_not_pass() {
        let Some(harmless) = dropped("harmless", &conversation("hello", 1_001)) else { return };
        assert_eq!(harmless, 0);
        // The answer alone.
        assert_eq!(dropped("eicar", &conversation(EICAR, 1_001)), Some(1));
        // Both that the server sends with old timestamps.
        assert_eq!(dropped("old", &conversation(EICAR, 900)), Some(2));
        // All where the beginning is not there.
        assert_eq!(dropped("middle", &conversation(EICAR, 1_001)[3..]), Some(3));
    }
}
