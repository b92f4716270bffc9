/** Something is killed in the middle of a transfer: afterwards every file is whole or absent, and it goes on. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { expect } from "@playwright/test";
import type { VmId } from "#shared/model/vm.ts";
import { TestDesktop } from "./desktop.ts";
import { movedTransfer, newestTransferIs, pausedTransfer } from "./transfers.ts";

const POLICY = `rules:
  - {action: file.send, from: "@any", to: "@any", decision: allow}
  - {action: exec, from: "@host", to: "@any", decision: allow}
tests: []
`;
/** Small files and large ones, in one folder; printed: the digest and the name of each. */
const MAKE = `mkdir many && cd many
for at in $(seq 1 40); do
  size=20000
  [ $((at % 8)) = 0 ] && size=12000000
  head -c $size /dev/urandom >"file $at"
done
sync
sha256sum -- *`;

/** What is killed: of a VM its machine or its agent, or the application. */
export type Victim = "target's QEMU" | "target's agent" | "source's QEMU" | "source's agent" | "application";

export class KilledTransfers {
  readonly #desktop: TestDesktop;
  /** Name -> digest. */
  readonly #digests: ReadonlyMap<string, string>;
  #round = 0;

  private constructor(desktop: TestDesktop, digests: ReadonlyMap<string, string>) {
    this.#desktop = desktop;
    this.#digests = digests;
  }

  static async start(): Promise<KilledTransfers> {
    const desktop = await TestDesktop.open({ home: "lagoon", web: "coral" }, (home) =>
      fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY),
    );
    for (const vm of ["home", "web"]) await desktop.isRunning(vm);
    const made = await desktop.atoll("exec", "home", "--", "sh", "-c", MAKE);
    expect(made).toMatchObject({ code: 0 });
    return new KilledTransfers(desktop, digestsIn(made.stdout));
  }

  close(): Promise<void> {
    return this.#desktop.close();
  }

  /**
   * One transfer, in which this is killed.
   * @param fraction of its bytes that are there by then, while it goes on; null: it is held in its middle
   */
  async kill(victim: Victim, fraction: number | null = null): Promise<void> {
    const desktop = this.#desktop;
    this.#round += 1;
    const folder = `round-${this.#round}`;
    const ids = new Map((await desktop.vms()).map(({ name, id }) => [name, id]));
    let ended: Promise<unknown> = Promise.resolve();
    const copy = (): void => {
      const { command, env } = desktop.commandOf("cp", "home:many", `web:${folder}/`);
      const child = spawn(command[0] ?? "", command.slice(1), { env, stdio: "ignore" });
      ended = new Promise((resolve) => child.once("exit", resolve));
    };
    const { id } = await (fraction === null
      ? pausedTransfer(desktop, 0, copy)
      : movedTransfer(desktop, fraction, copy));
    await this.#end(victim, ids);
    // It hears that the transfer was interrupted.
    await ended;
    if (victim === "application") await desktop.start();
    for (const vm of ["home", "web"]) await desktop.isRunning(vm);
    const row = await newestTransferIs(desktop, "interrupted", ...(fraction === null ? [] : ["done"]));
    expect(row).toMatchObject({ id });
    const there = await this.#there(folder);
    if (fraction === null) expect(there.size).toBeLessThan(this.#digests.size);
    for (const [name, digest] of there) expect(digest, name).toBe(this.#digests.get(name));

    if (row.state === "interrupted") await desktop.json("transfer", "resume", String(id));
    await newestTransferIs(desktop, "done");
    expect(await this.#there(folder)).toEqual(this.#digests);
    expect(await desktop.atoll("exec", "web", "--", "rm", "-r", folder)).toMatchObject({ code: 0 });
  }

  async #end(victim: Victim, ids: ReadonlyMap<string, VmId>): Promise<void> {
    const desktop = this.#desktop;
    if (victim === "application") return desktop.crash();
    const vm = victim.startsWith("target") ? "web" : "home";
    if (victim.endsWith("agent")) {
      // The answer may not come: who is to give it is killed.
      await desktop.atoll("exec", vm, "--", "pkill", "-KILL", "-x", "atoll-agent");
    } else {
      process.kill(desktop.qemuPid(ids.get(vm) ?? ("" as VmId)), "SIGKILL");
      await expect
        .poll(async () => (await desktop.vms()).find(({ name }) => name === vm)?.state, { message: "its end is seen" })
        .toBe("crashed");
      await desktop.json("vm", "start", vm);
    }
  }

  /** What the target has under its names; what is on its way has none. */
  async #there(folder: string): Promise<ReadonlyMap<string, string>> {
    const script = `cd ${folder}/many 2>/dev/null && find . -type f -not -path '*/.atoll-*' -print0 | xargs -0r sha256sum -- || true`;
    const { stdout } = await this.#desktop.atoll("exec", "web", "--", "sh", "-c", script);
    return digestsIn(stdout);
  }
}

/** As sha256sum prints them. */
function digestsIn(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => [line.slice(66).replace(/^\.\//, ""), line.slice(0, 64)]));
}
