/**
 * An internet for tests, without a network: namespaces of this machine with servers, names, and a "host" with addresses of its
 * own. The application runs within them; its VMs' networks lead there and nowhere else.
 *
 * good.example, bad.example, other.test, alias.test: HTTP and HTTPS, both families, at /eicar the test file of
 * virus scanners, at /endless what has no end, and what a test publishes; private.test, loopback.test: answers that are
 * not on the internet.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { resolveElectron } from "../../scripts/setup/electron.mjs";

const parts = path.join(import.meta.dirname, "internet");

/** What the "host" has itself, also in the ranges of test internets: no VM may reach it. */
export const HOST_ADDRESSES = [
  ...["93.184.216.7", "2a00:7::7", "192.168.77.7"],
  ...["198.19.7.7", "2001:2:0:7::7"],
] as const;

export class TestInternet {
  readonly #folder: string;
  readonly #namespace: ChildProcess;
  readonly #servers: ChildProcess[];
  /** Words before a command that is to run in it. */
  readonly enter: readonly string[];

  private constructor(folder: string, namespace: ChildProcess, servers: ChildProcess, enter: readonly string[]) {
    this.#folder = folder;
    this.#namespace = namespace;
    this.#servers = [servers];
    this.enter = enter;
  }

  /** As root: an ordinary user could make it, but then not leave the application its own user. */
  static async open(): Promise<TestInternet> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-internet-"));
    const subject = ["-subj", "/CN=good.example", "-addext"];
    const names = "subjectAltName=DNS:good.example,DNS:bad.example,DNS:other.test,DNS:alias.test";
    const files = ["-keyout", path.join(folder, "key.pem"), "-out", path.join(folder, "certificate.pem")];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject, names, ...files],
      {
        stdio: "ignore",
      },
    );
    const namespace = await ready("unshare", ["-n", "-m", "--", path.join(parts, "namespace.sh"), folder]);
    const enter = ["nsenter", "-t", String(namespace.pid), "-n", "-m", "--"];
    const servers = await ready("nsenter", [
      ...enter.slice(1),
      process.execPath,
      path.join(parts, "servers.mjs"),
      folder,
    ]);
    return new TestInternet(folder, namespace, servers, enter);
  }

  /** A file NAME.cvd of all its servers from now on. */
  publish(name: string, content: Uint8Array): void {
    fs.writeFileSync(path.join(this.#folder, name), content);
  }

  /** Names that its resolver knows soon, each with these addresses. */
  name(addresses: ReadonlyMap<string, readonly string[]>): void {
    const lines = [...addresses].flatMap(([name, all]) => all.map((address) => `${address} ${name}\n`));
    fs.writeFileSync(path.join(this.#folder, "hosts", "names"), lines.join(""));
  }

  /** Whoever connects to the port of good.example has to do with this command, by its standard input and output. */
  async serve(port: number, command: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
    const [enter = "", ...words] = this.enter;
    const program = [process.execPath, path.join(parts, "guest-port.mjs"), "198.18.0.10", String(port)];
    this.#servers.push(await ready(enter, [...words, ...program, ...command], env));
  }

  /** What a guest must have to believe this internet's servers, as PEM. */
  get certificate(): string {
    return fs.readFileSync(path.join(this.#folder, "certificate.pem"), "utf8");
  }

  /** For TestDesktop: its Electron runs in here. */
  get electron(): { executablePath: string; env: Record<string, string> } {
    const words = {
      enter: this.enter,
      wayIn: path.join(this.#folder, "in.sock"),
      electron: resolveElectron().executable,
    };
    return {
      executablePath: path.join(parts, "electron.mjs"),
      env: { ATOLL_TEST_INTERNET: JSON.stringify(words) },
    };
  }

  /** What a command in it says. */
  run(program: string, ...args: string[]): string {
    const [command = "", ...words] = this.enter;
    return execFileSync(command, [...words, program, ...args], { encoding: "utf8" });
  }

  /** Packets that have come to the server 198.18.0.N, 2001:2:0:113::N, as the kernel counts them. */
  packetsTo(server: number): number {
    const listed = this.run("nft", "-j", "list", "counter", "inet", "watch", `to-${server}`);
    const { nftables } = JSON.parse(listed) as { nftables: { counter?: { packets: number } }[] };
    const counter = nftables.find((one) => one.counter !== undefined)?.counter;
    if (counter === undefined) throw new Error(`nobody counts what comes to ${server}`);
    return counter.packets;
  }

  /** Whether anybody has asked its resolvers for the name. */
  wasAskedFor(name: string): boolean {
    return this.timesAskedFor(name) > 0;
  }

  timesAskedFor(name: string): number {
    return fs.readFileSync(path.join(this.#folder, "dnsmasq.log"), "utf8").split(`] ${name} from `).length - 1;
  }

  async close(): Promise<void> {
    for (const server of this.#servers) server.kill();
    if (this.#namespace.exitCode === null && this.#namespace.signalCode === null) {
      const ended = once(this.#namespace, "exit");
      this.#namespace.stdin?.end();
      await ended;
    }
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Resolves when it has said "ready". */
async function ready(command: string, args: string[], env = process.env): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env });
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${command} ${args.join(" ")} has ended with ${code}`)));
    createInterface({ input: child.stdout }).once("line", () => resolve());
  });
  return child;
}
