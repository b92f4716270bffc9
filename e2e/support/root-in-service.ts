/**
 * A test's way to be root in a service's VM, which the agent is not: an application whose service has, in place of its program, a
 * script that starts the program and does what is written into a pipe.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect } from "@playwright/test";
import type { TestDesktop } from "./desktop.ts";

const checkout = path.resolve(import.meta.dirname, "../..");

const PIPE = "/run/as-root";
/** The name of the program's process. */
export const PROGRAM = "the-program";
/** What the program says. */
const PROGRAM_LOG = "/run/program.log";
/** A process group of its own: init ends the program's. */
const SCRIPT = `#!/bin/sh
if [ ! -p ${PIPE} ]; then
  mkfifo ${PIPE}
  chmod 622 ${PIPE}
  setsid sh -c 'while :; do sh <${PIPE}; done' &
fi
exec ./${PROGRAM} 2>>${PROGRAM_LOG}
`;

export class RootInService {
  readonly #service: string;
  #runs = 0;
  /** For TestDesktop. */
  readonly application: string;

  private constructor(service: string, application: string) {
    [this.#service, this.application] = [service, application];
  }

  /** @param command of its manifest, a program that set-up has built */
  static make(service: string, command: string): RootInService {
    const application = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-app-"));
    const out = path.join(application, "out");
    for (const name of ["package.json", "node_modules", "images"])
      fs.symlinkSync(path.join(checkout, name), path.join(application, name));
    fs.cpSync(path.join(checkout, "out"), out, { recursive: true });
    const file = path.join(out, "setup.json");
    const setup = JSON.parse(fs.readFileSync(file, "utf8")) as { agent: string };
    const agent = path.join(application, "agent");
    fs.cpSync(path.resolve(checkout, "out/main", setup.agent), agent, { recursive: true });
    fs.writeFileSync(file, JSON.stringify({ ...setup, agent }));
    const program = path.join(agent, "services", service, command);
    fs.renameSync(program, path.join(path.dirname(program), PROGRAM));
    fs.writeFileSync(program, SCRIPT, { mode: 0o755 });
    return new RootInService(service, application);
  }

  remove(): void {
    fs.rmSync(this.application, { recursive: true, force: true });
  }

  /** The process of this name; null: there is none. */
  async pidOf(desktop: TestDesktop, name: string): Promise<string | null> {
    // Without a process for each: the guest may be emulated.
    const script =
      'for one in /proc/[0-9]*; do read -r name <$one/comm && [ "$name" = "$1" ] && echo ${one#/proc/}; done 2>/dev/null';
    const { stdout } = await desktop.atoll("exec", this.#service, "--", "sh", "-c", script, "-", name);
    return stdout.trim().split("\n")[0] || null;
  }

  /** Resolves when the process of this name is gone. */
  async kill(desktop: TestDesktop, name: string): Promise<void> {
    const pid = await this.pidOf(desktop, name);
    if (pid === null) throw new Error(`there is no ${name} in ${this.#service}`);
    await this.#write(desktop, `kill -9 ${pid}`);
    await expect.poll(() => this.pidOf(desktop, name), { timeout: 180_000 }).not.toBe(pid);
  }

  /** What a script of the shell says that root runs, with its errors. */
  async run(desktop: TestDesktop, script: string): Promise<string> {
    const file = `/tmp/said-${++this.#runs}`;
    await this.#write(desktop, `( ${script}\n) >${file}.part 2>&1; chmod 644 ${file}.part; mv ${file}.part ${file}`);
    const there = async (): Promise<number> =>
      (await desktop.atoll("exec", this.#service, "--", "test", "-e", file)).code;
    await expect.poll(there, { timeout: 180_000 }).toBe(0);
    return (await desktop.atoll("exec", this.#service, "--", "cat", file)).stdout;
  }

  /** What its program has said so far, and what that has started. */
  log(desktop: TestDesktop): Promise<string> {
    return this.run(desktop, `cat ${PROGRAM_LOG}`);
  }

  async #write(desktop: TestDesktop, script: string): Promise<void> {
    const command = ["exec", this.#service, "--", "sh", "-c", `cat >${PIPE}`];
    expect(await desktop.pipe(Buffer.from(`${script}\n`), ...command)).toMatchObject({ code: 0 });
  }
}
