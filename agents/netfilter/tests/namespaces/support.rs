//! A firewall, a VM and an internet, each a network namespace of this machine; the program as it is built, told what to do
//! over its socket.
#![allow(clippy::unwrap_used, clippy::panic)]

use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

pub const WEB: &str = "198.18.0.10";
pub const WEB6: &str = "2001:2:0:113::10";
pub const OTHER: &str = "198.18.0.11";
/// Sends without an end.
pub const ENDLESS_PORT: u16 = 8082;
const DNS: &str = "198.18.0.53";
/// How long a test waits for what comes by itself: a busy machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// After so long nothing will be answered.
const SILENCE: Duration = Duration::from_secs(5);

/// `None`, and a word on the terminal: this machine cannot.
pub fn world() -> Option<World> {
    let can = Command::new("unshare").args(["-n", "/usr/sbin/nft", "list", "ruleset"]).output();
    if can.is_ok_and(|output| output.status.success()) {
        return Some(World::new());
    }
    eprintln!("skipped: this needs root, network namespaces and nftables (nft in /usr/sbin)");
    None
}

#[derive(Clone)]
pub struct Namespace(Arc<File>);

impl Namespace {
    fn new() -> Self {
        let made = thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            run("ip link set lo up");
            Self(Arc::new(File::open("/proc/thread-self/ns/net").unwrap()))
        });
        made.join().unwrap()
    }

    /// Does it inside.
    pub fn inside<T: Send + 'static>(&self, what: impl FnOnce() -> T + Send + 'static) -> T {
        self.apart(what).join().unwrap()
    }

    /// The same, meanwhile.
    pub fn apart<T: Send + 'static>(&self, what: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
        let own = Arc::clone(&self.0);
        thread::spawn(move || {
            setns(&*own, CloneFlags::CLONE_NEWNET).unwrap();
            what()
        })
    }

    pub fn can(&self, line: &str) -> bool {
        let line = format!("PATH=$PATH:/usr/sbin {line}");
        self.inside(move || Command::new("sh").args(["-c", &line]).output().unwrap().status.success())
    }

    pub fn run(&self, line: &str) -> String {
        let line = line.to_owned();
        self.inside(move || run(&line))
    }

    /// Nobody else may change this table of nftables for as long as the process runs.
    pub fn owner_of_table(&self, name: &str) -> Child {
        let add = format!("add table {name} {{ flags owner; }}\n");
        let child = self.inside(move || {
            let mut nft = Command::new("/usr/sbin/nft");
            let mut child = nft.arg("-i").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            // It ends with its standard input, which stays open.
            child.stdin.as_mut().unwrap().write_all(add.as_bytes()).unwrap();
            child
        });
        self.run(&format!("timeout 60 sh -c 'until nft list table {name}; do sleep 0.05; done' 2>/dev/null"));
        child
    }
}

fn run(line: &str) -> String {
    let output = Command::new("sh").args(["-ec", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub struct World {
    pub firewall: Namespace,
    pub vm: Namespace,
    /// Its servers run on in it.
    internet: Namespace,
    /// By name: what the internet's resolver answers.
    pub names: Arc<Mutex<Vec<(String, IpAddr, u32)>>>,
    /// What it was asked.
    pub asked: Arc<Mutex<Vec<String>>>,
    /// All bytes that a server has got.
    pub received: Arc<Mutex<Vec<u8>>>,
    answer: Arc<Mutex<Vec<u8>>>,
    /// Connections to the server without an end that have not ended.
    downloads: Arc<AtomicU32>,
    program: Child,
    socket: PathBuf,
    /// The program's own.
    folder: PathBuf,
    listener: UnixListener,
    stream: Option<UnixStream>,
    said: Option<mpsc::Receiver<Value>>,
    /// The table "flows".
    pub flows: Vec<(String, Value)>,
    pub links: Vec<(String, Value)>,
    revision: u64,
}

impl World {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (firewall, vm, internet) = (Namespace::new(), Namespace::new(), Namespace::new());
        // Ends of a pair are made in one namespace and moved into the other one, by a process that is there.
        for (other, name, own_mac, other_mac) in [
            (&vm, "eth0", "52:54:00:b7:00:01", "52:54:00:a7:00:01"),
            (&internet, "up0", "52:54:00:c7:00:01", "02:00:00:00:00:99"),
        ] {
            let mut there = other.inside(|| Command::new("sleep").arg("1000").spawn().unwrap());
            firewall.run(&format!(
                "ip link add fw{name} address {own_mac} type veth peer name {name} address {other_mac} netns {}",
                there.id()
            ));
            there.kill().unwrap();
            there.wait().unwrap();
        }
        vm.run(
            "ip addr add 10.137.0.6/30 dev eth0; ip addr add fd00:137:1::2/64 dev eth0 nodad; ip link set eth0 up
             ip route add default via 10.137.0.5; ip -6 route add default via fd00:137:1::1",
        );
        internet.run(&format!(
            "ip addr add 10.137.255.1/24 dev up0; ip addr add fd00:137:ffff::1/64 dev up0 nodad; ip link set up0 up
             for a in {WEB} {OTHER} {DNS} 10.99.0.1; do ip addr add $a/32 dev lo; done
             ip addr add {WEB6}/128 dev lo nodad"
        ));
        let names = Arc::new(Mutex::new(vec![
            ("web.example".to_owned(), WEB.parse().unwrap(), 300),
            ("web.example".to_owned(), WEB6.parse().unwrap(), 300),
            ("twin.example".to_owned(), WEB.parse().unwrap(), 300),
            ("other.example".to_owned(), OTHER.parse().unwrap(), 300),
            ("inside.example".to_owned(), "10.99.0.1".parse().unwrap(), 300),
        ]));
        let asked = Arc::new(Mutex::new(Vec::new()));
        serve_names(&internet, Arc::clone(&names), Arc::clone(&asked));
        let received = Arc::new(Mutex::new(Vec::new()));
        for port in [80, 443, 853, 8080, 9000] {
            serve_echo(&internet, port, b"", Arc::clone(&received));
        }
        for address in [WEB, WEB6] {
            serve_datagrams(&internet, address, 443);
        }
        let answer = Arc::new(Mutex::new(Vec::new()));
        serve_answer(&internet, 8081, Arc::clone(&answer));
        let downloads = Arc::new(AtomicU32::new(0));
        serve_endless(&internet, ENDLESS_PORT, Arc::clone(&downloads));
        serve_echo(&internet, 22, GREETING, Arc::clone(&received));
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let socket = std::env::temp_dir().join(format!("atoll-netfilter-{}-{number}.sock", std::process::id()));
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let folder = socket.with_extension("folder");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let program = start(&firewall, &socket, &folder);
        let mut world = Self {
            firewall,
            vm,
            internet,
            names,
            asked,
            received,
            answer,
            downloads,
            program,
            socket,
            folder,
            listener,
            stream: None,
            said: None,
            flows: Vec::new(),
            links: Vec::new(),
            revision: 0,
        };
        world.connect();
        world
    }

    fn connect(&mut self) {
        let (stream, _) = self.listener.accept().unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        let (out, said) = mpsc::channel();
        thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                if out.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        (self.stream, self.said) = (Some(stream), Some(said));
    }

    /// As by a fault of it.
    pub fn kill_program(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }

    pub fn start_program(&mut self) {
        self.program = start(&self.firewall, &self.socket, &self.folder);
        self.connect();
    }

    /// As another run of Atoll, which counts its revisions anew.
    pub fn start_atoll_again(&mut self) {
        self.stream.take().unwrap().shutdown(Shutdown::Both).unwrap();
        self.revision = 0;
        self.connect();
    }

    /// As if the firewall's VM were another one: its kernel knows no connection.
    pub fn forget_connections(&self) {
        // IPCTNL_MSG_CT_DELETE without a word of which.
        self.firewall.run(
            "python3 -c \"import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.send(struct.pack('=IHHII4x', 20, 0x102, 5, 1, 0))
assert struct.unpack('=i', s.recv(100)[16:20])[0] == 0\"",
        );
    }

    /// The uplink's other end goes, and comes back.
    pub fn lose_uplink(&self) {
        self.internet.run("sysctl -qw net.ipv6.conf.up0.keep_addr_on_down=1; ip link set up0 down; ip link set up0 up");
    }

    /// The VM's interface has no carrier meanwhile, and its programs do not notice.
    pub fn unplugged(&mut self, meanwhile: impl FnOnce(&mut Self)) {
        self.vm.run("sysctl -qw net.ipv6.conf.eth0.keep_addr_on_down=1; ip link set eth0 down");
        meanwhile(self);
        self.vm.run(
            "ip link set eth0 up
             ip route add default via 10.137.0.5; ip -6 route add default via fd00:137:1::1",
        );
    }

    /// At this port the address has no server any more.
    pub fn refuse(&self, address: &str, port: u16) {
        self.internet.run(&format!(
            "nft 'table ip other {{
                chain in {{
                    type filter hook input priority 0
                    ip daddr {address} tcp dport {port} reject with tcp reset
                }}
            }}'"
        ));
    }

    /// From now on the firewall's kernel counts what `seen` matches (and does) at this hook, and what leaves it and is `passed`.
    pub fn watch(&self, hook: &str, seen: &str, passed: &str) {
        self.firewall.run(&format!(
            "nft -f - <<'END'
add table inet watch
delete table inet watch
table inet watch {{
    counter seen {{ }}
    counter passed {{ }}
    chain seen {{ type filter hook {hook}; policy accept; {seen} counter name seen; }}
    chain passed {{ type filter hook postrouting priority 300; policy accept; {passed} counter name passed; }}
}}
END"
        ));
    }

    /// How many packets have passed once one was seen (`watch`).
    pub fn passed_of_seen(&self) -> u64 {
        let packets = |counter: &str| -> u64 {
            let listed = self.firewall.run(&format!("nft list counter inet watch {counter}"));
            let mut words = listed.split_whitespace().skip_while(|word| *word != "packets");
            words.nth(1).unwrap().parse().unwrap()
        };
        let end = Instant::now() + PATIENCE;
        while packets("seen") == 0 {
            assert!(Instant::now() < end, "there was never such a packet");
            thread::sleep(Duration::from_millis(10));
        }
        packets("passed")
    }

    /// What the server at port 8081 answers to whatever it is asked.
    pub fn answer_with(&self, bytes: &[u8]) {
        *self.answer.lock().unwrap() = bytes.to_vec();
    }

    /// Waits until the server sends to nobody any more.
    pub fn no_download_runs(&self, what: &str) {
        let end = Instant::now() + PATIENCE;
        while self.downloads.load(Ordering::Relaxed) > 0 {
            assert!(Instant::now() < end, "{what}: the server still sends");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Suricata, once it was started.
    pub fn scanner(&self) -> Option<Pid> {
        let pid = std::fs::read_to_string(self.folder.join("scan/suricata.pid")).ok()?;
        pid.parse().ok().map(Pid::from_raw)
    }

    /// Without waiting for an answer.
    pub fn send(&mut self, state: &Value) {
        self.revision += 1;
        let line = json!({ "type": "desired", "revision": self.revision, "settings": {}, "state": state });
        self.stream.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Sends the desired state, and gives the problems with it.
    pub fn tell(&mut self, state: Value) -> Vec<Value> {
        self.send(&state);
        let revision = self.revision;
        let applied = self.until("applied", |message, _| {
            (message["type"] == "applied" && message["revision"] == revision).then(|| message["problems"].clone())
        });
        applied.as_array().unwrap().clone()
    }

    /// Rules as `DECISION TARGET [PORT[/PROTOCOL]]`.
    pub fn tell_rules(&mut self, rules: &[&str]) {
        assert_eq!(self.tell(state(rules)), [] as [Value; 0]);
    }

    /// Reads messages until one has what is waited for.
    pub fn until<T>(&mut self, what: &str, mut find: impl FnMut(&Value, &Self) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let message = self.said.as_ref().unwrap().recv_timeout(left);
            let message = message.unwrap_or_else(|_| panic!("never said: {what}; rows: {:#?}", self.flows));
            if message["type"] == "rows" {
                self.take_rows(&message);
            }
            if let Some(found) = find(&message, self) {
                return found;
            }
        }
    }

    fn take_rows(&mut self, message: &Value) {
        let table = if message["table"] == "flows" { &mut self.flows } else { &mut self.links };
        if message["reset"] == true {
            table.clear();
        }
        for row in message["rows"].as_array().unwrap() {
            let key = row["key"].as_str().unwrap();
            table.retain(|(own, _)| own != key);
            table.push((key.to_owned(), row["cells"].clone()));
        }
        for key in message["removed"].as_array().unwrap() {
            table.retain(|(own, _)| own != key.as_str().unwrap());
        }
    }

    /// Waits for a row with these cells.
    pub fn row(&mut self, wanted: Value) -> Value {
        let fits = |cells: &Value| wanted.as_object().unwrap().iter().all(|(key, value)| cells[key] == *value);
        let find = |world: &Self| world.flows.iter().find(|(_, cells)| fits(cells)).map(|(_, cells)| cells.clone());
        find(self).unwrap_or_else(|| self.until(&wanted.to_string(), |_, world| find(world)))
    }

    /// Another VM, with rules of its own beside those of the first one, which are for the internet. A server listens in it.
    pub fn second_vm(&mut self, rules: &[&str]) -> Namespace {
        let vm = self.join_vm(2);
        let desired = state_of_two(&["allow internet"], rules);
        assert_eq!(self.tell(desired), [] as [Value; 0]);
        vm
    }

    /// One that joins the firewall by `link-NUMBER`, of which the firewall does not know yet. A server listens in it.
    pub fn join_vm(&self, number: u8) -> Namespace {
        let vm = Namespace::new();
        let mut there = vm.inside(|| Command::new("sleep").arg("1000").spawn().unwrap());
        self.firewall.run(
            &format!(
                "ip link add fweth{number} address 52:54:00:b7:00:0{number} type veth
                peer name eth0 address 52:54:00:a7:00:0{number} netns {}",
                there.id()
            )
            .replace('\n', " "),
        );
        there.kill().unwrap();
        there.wait().unwrap();
        let [own, guest] = [1, 2].map(|end| number * 4 + end);
        vm.run(&format!(
            "ip link set lo up; ip addr add 10.137.0.{guest}/30 dev eth0
             ip addr add fd00:137:{number}::2/64 dev eth0 nodad; ip link set eth0 up
             ip route add default via 10.137.0.{own}; ip -6 route add default via fd00:137:{number}::1",
        ));
        serve_echo(&vm, 80, b"", Arc::default());
        vm
    }

    /// As in other VMs.
    pub fn serve_in_first_vm(&self) {
        serve_echo(&self.vm, 80, b"", Arc::default());
    }

    /// Asks the firewall by TCP, as the VM does: how many addresses it has answered.
    pub fn look_up_by_tcp(&self, name: &str) -> (ResponseCode, usize) {
        let name = name.to_owned();
        self.vm.inside(move || {
            let mut stream = TcpStream::connect("10.137.0.5:53").unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut message = Message::new();
            message.set_id(1).set_recursion_desired(true);
            message.add_query(Query::query(Name::from_str(&format!("{name}.")).unwrap(), RecordType::A));
            let bytes = message.to_vec().unwrap();
            let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
            stream.write_all(&[&length[..], &bytes].concat()).unwrap();
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut answer).unwrap();
            let answer = Message::from_vec(&answer).unwrap();
            (answer.response_code(), answer.answers().len())
        })
    }

    /// Asks the firewall, as the VM does.
    pub fn look_up(&self, name: &str, kind: RecordType) -> (ResponseCode, Vec<IpAddr>) {
        look_up(&self.vm, name, kind)
    }

    pub fn addresses(&self, name: &str) -> Vec<IpAddr> {
        self.look_up(name, RecordType::A).1
    }

    /// Connects, as the VM does.
    pub fn connect_vm(&self, address: &str, port: u16) -> Result<TcpStream, ErrorKind> {
        connect_from(&self.vm, address, port)
    }

    /// Sends the bytes and reads as many back.
    pub fn exchange(&self, address: &str, port: u16, bytes: &[u8]) -> Result<(), ErrorKind> {
        let mut stream = self.connect_vm(address, port)?;
        echo(&mut stream, bytes)
    }
}

/// The same of any VM.
pub fn connect_from(vm: &Namespace, address: &str, port: u16) -> Result<TcpStream, ErrorKind> {
    let to = SocketAddr::new(address.parse().unwrap(), port);
    vm.inside(move || TcpStream::connect_timeout(&to, SILENCE).map_err(|error| error.kind()))
}

/// Asks the firewall, as the first VM does.
pub fn look_up(vm: &Namespace, name: &str, kind: RecordType) -> (ResponseCode, Vec<IpAddr>) {
    look_up_at("10.137.0.5:53", vm, name, kind)
}

/// Asks the firewall at the link of the VM in this namespace.
pub fn look_up_at(resolver: &'static str, vm: &Namespace, name: &str, kind: RecordType) -> (ResponseCode, Vec<IpAddr>) {
    let name = name.to_owned();
    vm.inside(move || {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut message = Message::new();
        message.set_id(1).set_recursion_desired(true);
        message.add_query(Query::query(Name::from_str(&format!("{name}.")).unwrap(), kind));
        socket.send_to(&message.to_vec().unwrap(), resolver).unwrap();
        let mut buffer = [0; 4096];
        let (length, from) = socket.recv_from(&mut buffer).unwrap();
        assert_eq!(from, resolver.parse().unwrap());
        let answer = Message::from_vec(&buffer[..length]).unwrap();
        (answer.response_code(), answer.answers().iter().filter_map(|record| record.data().ip_addr()).collect())
    })
}

/// Sends the bytes and reads them back.
pub fn echo(stream: &mut TcpStream, bytes: &[u8]) -> Result<(), ErrorKind> {
    echo_within(PATIENCE, stream, bytes)
}

/// The same where no answer is expected.
pub fn silent_echo(stream: &mut TcpStream, bytes: &[u8]) -> Result<(), ErrorKind> {
    echo_within(SILENCE, stream, bytes)
}

fn echo_within(limit: Duration, stream: &mut TcpStream, bytes: &[u8]) -> Result<(), ErrorKind> {
    stream.set_read_timeout(Some(limit)).unwrap();
    stream.write_all(bytes).map_err(|error| error.kind())?;
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back).map_err(|error| error.kind())?;
    assert_eq!(back, bytes);
    Ok(())
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
        if let Some(pid) = self.scanner() {
            let _ = kill(pid, Signal::SIGKILL);
        }
        let _ = std::fs::remove_file(&self.socket);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn start(firewall: &Namespace, socket: &Path, folder: &Path) -> Child {
    let (socket, folder) = (socket.to_owned(), folder.to_owned());
    firewall.inside(move || {
        // With the limit that init gives.
        Command::new("sh")
            .args(["-c", "ulimit -Sn 1024; exec \"$0\"", env!("CARGO_BIN_EXE_atoll-netfilter")])
            .env("ATOLL_SERVICE_SOCKET", &socket)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .spawn()
            .unwrap()
    })
}

fn serve_names(internet: &Namespace, names: Arc<Mutex<Vec<(String, IpAddr, u32)>>>, asked: Arc<Mutex<Vec<String>>>) {
    let (out, ready) = mpsc::channel();
    internet.apart(move || {
        let socket = UdpSocket::bind((DNS, 53)).unwrap();
        out.send(()).unwrap();
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let mut message = Message::from_vec(&buffer[..length]).unwrap();
            let query = message.query().unwrap().clone();
            let name = query.name().to_ascii().trim_end_matches('.').to_owned();
            asked.lock().unwrap().push(name.clone());
            message.set_message_type(MessageType::Response);
            for (_, address, ttl) in names.lock().unwrap().iter().filter(|(own, _, _)| *own == name) {
                let data = match (query.query_type(), address) {
                    (RecordType::A, IpAddr::V4(address)) => RData::A(A(*address)),
                    (RecordType::AAAA, IpAddr::V6(address)) => RData::AAAA(AAAA(*address)),
                    _ => continue,
                };
                message.add_answer(Record::from_rdata(query.name().clone(), *ttl, data));
            }
            socket.send_to(&message.to_vec().unwrap(), from).unwrap();
        }
    });
    ready.recv().unwrap();
}

/// A server that speaks first says this.
pub const GREETING: &[u8] = b"SSH-2.0-test\r\n";

fn serve_echo(internet: &Namespace, port: u16, greeting: &'static [u8], received: Arc<Mutex<Vec<u8>>>) {
    let (out, ready) = mpsc::channel();
    internet.apart(move || {
        let listener = TcpListener::bind(SocketAddr::new("::".parse().unwrap(), port)).unwrap();
        out.send(()).unwrap();
        for stream in listener.incoming().map_while(Result::ok) {
            let received = Arc::clone(&received);
            thread::spawn(move || {
                let mut stream = stream;
                let mut buffer = [0; 4096];
                let _ = stream.write_all(greeting);
                while let Ok(length) = stream.read(&mut buffer) {
                    received.lock().unwrap().extend(&buffer[..length]);
                    if length == 0 || stream.write_all(&buffer[..length]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    ready.recv().unwrap();
}

/// Sends each datagram back, from the address that it went to.
fn serve_datagrams(internet: &Namespace, address: &'static str, port: u16) {
    let (out, ready) = mpsc::channel();
    internet.apart(move || {
        let socket = UdpSocket::bind((address, port)).unwrap();
        out.send(()).unwrap();
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&buffer[..length], from);
        }
    });
    ready.recv().unwrap();
}

/// Sends without an end once it was asked for something.
fn serve_endless(internet: &Namespace, port: u16, open: Arc<AtomicU32>) {
    let (out, ready) = mpsc::channel();
    internet.apart(move || {
        let listener = TcpListener::bind(SocketAddr::new("::".parse().unwrap(), port)).unwrap();
        out.send(()).unwrap();
        for mut stream in listener.incoming().map_while(Result::ok) {
            let open = Arc::clone(&open);
            thread::spawn(move || {
                open.fetch_add(1, Ordering::Relaxed);
                if stream.read(&mut [0; 4096]).is_ok() {
                    while stream.write_all(&[b'x'; 16_384]).is_ok() {}
                }
                open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    ready.recv().unwrap();
}

fn serve_answer(internet: &Namespace, port: u16, answer: Arc<Mutex<Vec<u8>>>) {
    let (out, ready) = mpsc::channel();
    internet.apart(move || {
        let listener = TcpListener::bind(SocketAddr::new("::".parse().unwrap(), port)).unwrap();
        out.send(()).unwrap();
        for mut stream in listener.incoming().map_while(Result::ok) {
            // What it asks is one segment.
            if stream.read(&mut [0; 4096]).is_ok() {
                let _ = stream.write_all(&answer.lock().unwrap());
            }
        }
    });
    ready.recv().unwrap();
}

pub fn state(rules: &[&str]) -> Value {
    let rules: Vec<Value> = rules.iter().map(|line| rule(line)).collect();
    let checks_names = rules.iter().any(|rule| rule["to"].get("name").is_some() && rule["to"]["kind"] != "vm");
    json!({
        "links": [{
            "id": "link-1",
            "own": { "mac": "52:54:00:b7:00:01", "ipv4": "10.137.0.5", "ipv6": "fd00:137:1::1" },
            "guest": { "mac": "52:54:00:a7:00:01", "ipv4": "10.137.0.6", "ipv6": "fd00:137:1::2" },
            "rules": { "revision": 7, "rules": rules, "checksNames": checks_names, "scan": false },
        }],
        "uplink": {
            "own": { "mac": "52:54:00:c7:00:01", "ipv4": "10.137.255.2", "ipv6": "fd00:137:ffff::2" },
            "gateway": { "ipv4": "10.137.255.1", "ipv6": "fd00:137:ffff::1" },
            "session": "first",
        },
        "dns": [DNS],
        "notInternet": [],
        "privateNames": [],
        "scanRules": [],
        "lost": [],
    })
}

/// Of the first VM, and of the second one.
pub fn state_of_two(rules: &[&str], others: &[&str]) -> Value {
    let mut desired = state(rules);
    add_link(&mut desired, 2, others);
    desired
}

/// Of the VM that has joined by it (`join_vm`).
pub fn add_link(desired: &mut Value, number: u8, rules: &[&str]) {
    let mut link = state(rules)["links"][0].clone();
    link["id"] = json!(format!("link-{number}"));
    for (end, kind, last) in [("own", "b7", 1), ("guest", "a7", 2)] {
        link[end] = json!({
            "mac": format!("52:54:00:{kind}:00:0{number}"),
            "ipv4": format!("10.137.0.{}", number * 4 + last),
            "ipv6": format!("fd00:137:{number}::{last}"),
        });
    }
    desired["links"].as_array_mut().unwrap().push(link);
}

fn rule(line: &str) -> Value {
    let words: Vec<&str> = line.split(' ').collect();
    let to = match words[1] {
        "any" => json!({ "kind": "any" }),
        "internet" => json!({ "kind": "internet" }),
        vm if vm.starts_with('@') => json!({ "kind": "vm", "link": &vm[1..], "name": "printer" }),
        range if range.contains('/') => json!({ "kind": "addresses", "cidr": range }),
        name => match name.strip_prefix("*.") {
            Some(name) => json!({ "kind": "names-below", "name": name }),
            None => json!({ "kind": "name", "name": name }),
        },
    };
    let (port, protocol) = match words.get(2).map(|port| port.split_once('/').unwrap_or((port, ""))) {
        None => (None, None),
        Some((port, protocol)) => (Some(port.parse::<u16>().unwrap()), (!protocol.is_empty()).then_some(protocol)),
    };
    json!({ "id": line, "decision": words[0], "to": to, "port": port, "protocol": protocol, "until": null })
}
