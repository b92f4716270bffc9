/** A program in a VM that asks for both selections of its X server all the time, and keeps what it is given: snooper.pl. */
import fs from "node:fs";
import path from "node:path";
import { expect } from "@playwright/test";
import type { TestDesktop } from "./desktop.ts";

const FOLDER = "/tmp/snooper";

export class Snooper {
  readonly #desktop: TestDesktop;
  readonly #vm: string;

  private constructor(desktop: TestDesktop, vm: string) {
    this.#desktop = desktop;
    this.#vm = vm;
  }

  static async start(desktop: TestDesktop, vm: string): Promise<Snooper> {
    const program = fs.readFileSync(path.join(import.meta.dirname, "snooper.pl"));
    const install = `mkdir ${FOLDER} && cat > ${FOLDER}/snooper.pl`;
    expect((await desktop.pipe(program, "exec", vm, "--", "sh", "-c", install)).code).toBe(0);
    const run = `perl ${FOLDER}/snooper.pl ${FOLDER} < /dev/null > /dev/null 2> ${FOLDER}/errors &`;
    expect(await desktop.atoll("exec", vm, "--", "sh", "-c", run)).toMatchObject({ code: 0 });
    await desktop.isThere(vm, `${FOLDER}/pid`);
    return new Snooper(desktop, vm);
  }

  /** Resolves when it has asked so many times more, and was refused at least half as often. */
  async asks(times: number): Promise<void> {
    const { asked, refused } = await this.#counts();
    await expect
      .poll(async () => {
        const now = await this.#counts();
        return now.asked >= asked + times && now.refused >= refused + times / 2;
      })
      .toBe(true);
  }

  /** All contents, one after the other. */
  given(): Promise<string> {
    return this.#desktop.read(this.#vm, `${FOLDER}/given`);
  }

  async end(): Promise<void> {
    await this.#desktop.atoll("exec", this.#vm, "--", "sh", "-c", `kill "$(cat ${FOLDER}/pid)"`);
  }

  async #counts(): Promise<{ asked: number; refused: number }> {
    const [asked = 0, refused = 0] = (await this.#desktop.read(this.#vm, `${FOLDER}/counts`)).split(" ").map(Number);
    return { asked, refused };
  }
}
