/** The other end of a WireGuard tunnel, in a test's internet: what is behind it is reached through the tunnel alone. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestInternet } from "./test-internet.ts";

/** Of the server's end: HTTP answers there. */
export const INSIDE = "10.99.0.1";
const PORT = 51820;
const INTERFACE = "tunnel0";

export class TestTunnel {
  /** Of the client, as who runs the server would give it out. */
  readonly configuration: string;
  /** A secret of it. */
  readonly secret: string;
  readonly #internet: TestInternet;

  private constructor(internet: TestInternet, configuration: string, secret: string) {
    [this.#internet, this.configuration, this.secret] = [internet, configuration, secret];
  }

  /** @param host the address of the internet at which it listens */
  static open(internet: TestInternet, host: string): TestTunnel {
    const [server, client] = [keys(), keys()];
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-tunnel-"));
    const file = path.join(folder, "server.conf");
    fs.writeFileSync(
      file,
      `[Interface]\nPrivateKey = ${server.secret}\nListenPort = ${PORT}\n[Peer]\nPublicKey = ${client.open}\nAllowedIPs = 10.99.0.2/32\n`,
      { mode: 0o600 },
    );
    internet.run("wireguard-go", INTERFACE);
    internet.run("wg", "setconf", INTERFACE, file);
    fs.rmSync(folder, { recursive: true });
    internet.run("ip", "address", "add", `${INSIDE}/24`, "dev", INTERFACE);
    internet.run("ip", "link", "set", INTERFACE, "up");
    const configuration = [
      `[Interface]\nPrivateKey = ${client.secret}\nAddress = 10.99.0.2/24\n`,
      `[Peer]\nPublicKey = ${server.open}\nEndpoint = ${host}:${PORT}\nAllowedIPs = 0.0.0.0/0\n`,
    ];
    return new TestTunnel(internet, configuration.join(""), client.secret);
  }

  /** Its program ends with its interface. */
  close(): void {
    this.#internet.run("ip", "link", "delete", INTERFACE);
  }
}

function keys(): { secret: string; open: string } {
  const secret = execFileSync("wg", ["genkey"], { encoding: "utf8" }).trim();
  return { secret, open: execFileSync("wg", ["pubkey"], { input: secret, encoding: "utf8" }).trim() };
}
