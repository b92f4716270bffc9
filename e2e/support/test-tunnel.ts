/** The other end of a WireGuard tunnel, in a test's internet: what is behind it is reached through the tunnel alone. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TestInternet } from "./test-internet.ts";

/** Of the server's end: HTTP answers there. */
export const INSIDE = "10.99.0.1";
const PORT = 51820;
const INTERFACE = "tunnel0";
/** wireguard-go keeps a socket for each interface there, whatever namespace that is in. */
const SOCKETS = "/run/wireguard";

export class TestTunnel {
  /** Of the client, as who runs the server would give it out. */
  readonly configuration: string;
  /** A secret of it. */
  readonly secret: string;
  readonly #program: ChildProcess;

  private constructor(program: ChildProcess, configuration: string, secret: string) {
    [this.#program, this.configuration, this.secret] = [program, configuration, secret];
  }

  /** @param host the address of the internet at which it listens */
  static async open(internet: TestInternet, host: string): Promise<TestTunnel> {
    const [server, client] = [keys(), keys()];
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-tunnel-"));
    const file = path.join(folder, "server.conf");
    fs.writeFileSync(
      file,
      `[Interface]\nPrivateKey = ${server.secret}\nListenPort = ${PORT}\n[Peer]\nPublicKey = ${client.open}\nAllowedIPs = 10.99.0.2/32\n`,
      { mode: 0o600 },
    );
    fs.mkdirSync(SOCKETS, { recursive: true });
    internet.run("mount", "-t", "tmpfs", "tmpfs", SOCKETS);
    const program = await started(internet);
    internet.run("wg", "setconf", INTERFACE, file);
    fs.rmSync(folder, { recursive: true });
    internet.run("ip", "address", "add", `${INSIDE}/24`, "dev", INTERFACE);
    internet.run("ip", "link", "set", INTERFACE, "up");
    const configuration = [
      `[Interface]\nPrivateKey = ${client.secret}\nAddress = 10.99.0.2/24\n`,
      `[Peer]\nPublicKey = ${server.open}\nEndpoint = ${host}:${PORT}\nAllowedIPs = 0.0.0.0/0\n`,
    ];
    return new TestTunnel(program, configuration.join(""), client.secret);
  }

  /** Its interface ends with its program. */
  async close(): Promise<void> {
    const ended = once(this.#program, "exit");
    this.#program.kill();
    await ended;
  }
}

/** Ends with the test's process, whatever becomes of that. */
async function started({ enter }: TestInternet): Promise<ChildProcess> {
  const args = ["--pdeathsig", "KILL", ...enter, "wireguard-go", "--foreground", INTERFACE];
  const env = { ...process.env, LOG_LEVEL: "verbose" };
  const program = spawn("setpriv", args, { stdio: ["ignore", "pipe", "ignore"], env });
  await new Promise<void>((resolve, reject) => {
    program.once("error", reject);
    program.once("exit", (code) => reject(new Error(`wireguard-go has ended with ${code}`)));
    createInterface({ input: program.stdout }).on("line", (line) => {
      if (line.includes("UAPI listener started")) resolve();
    });
  });
  return program;
}

function keys(): { secret: string; open: string } {
  const secret = execFileSync("wg", ["genkey"], { encoding: "utf8" }).trim();
  return { secret, open: execFileSync("wg", ["pubkey"], { input: secret, encoding: "utf8" }).trim() };
}
