/** Progress of a build, read from the words of mmdebstrap, apt, dpkg and our hooks. Pure: lines in, progress out. */

import { cleanText } from "#shared/model/text.ts";

export type BuildStep = "wait" | "prepare" | "download" | "install" | "kernel" | "image" | "finish";

export interface Progress {
  step: BuildStep;
  /** Of the whole build, 0 to 1; null = unknown. Never falls. */
  fraction: number | null;
  /** What is worked on now, for people: a package's name mostly. */
  detail: string;
}

/** Where a step begins in the whole build, as measured (facts: downloads are a sixth, dpkg is most of the rest). */
const STARTS: Record<Exclude<BuildStep, "wait">, number> = {
  prepare: 0,
  download: 0.05,
  install: 0.25,
  kernel: 0.86,
  image: 0.9,
  finish: 0.98,
};

/** Essential packages come first, in a transaction of their own; this is their share of a step. */
const ESSENTIAL_SHARE = 0.25;

export class ProgressReader {
  #step: Exclude<BuildStep, "wait"> = "prepare";
  #fraction = 0;
  /** Packages of the current transaction, and of those how many were fetched / unpacked or configured. */
  #packages = 0;
  #fetched = 0;
  #touched = 0;
  #essential = true;

  /** @returns progress when the line means some, else null */
  read(line: string): Progress | null {
    const announced = /^atoll-step: (kernel|image)$/.exec(line)?.[1];
    if (announced === "kernel" || announced === "image") return this.#enter(announced, "");
    if (line.startsWith("I: running apt-get update")) return this.#enter("prepare", "package lists");
    if (line.startsWith("I: downloading packages")) return this.#enter("download", "");
    if (line.startsWith("I: installing essential packages")) {
      this.#touched = 0;
      return this.#enter("install", "");
    }
    if (line.startsWith("I: installing remaining packages")) {
      this.#essential = false;
      this.#packages = this.#fetched = this.#touched = 0;
      return null;
    }
    const count = /^\d+ upgraded, (\d+) newly installed/.exec(line)?.[1];
    if (count !== undefined && Number(count) > 0) this.#packages = Number(count);
    const fetched = /^Get:\d+ \S+ \S+ \S+ (\S+) /.exec(line)?.[1];
    if (fetched !== undefined && this.#packages > 0) {
      this.#fetched += 1;
      return this.#essential
        ? this.#within("download", this.#fetched / this.#packages, fetched)
        : this.#installing(fetched);
    }
    const touched = /^(?:Unpacking|Setting up) (\S+)/.exec(line)?.[1];
    if (touched !== undefined && this.#packages > 0) {
      this.#touched += 1;
      return this.#installing(touched);
    }
    return null;
  }

  #installing(detail: string): Progress {
    // A package is fetched (a sixth of its work), unpacked and configured.
    const done = Math.min(1, (this.#touched / 2 / this.#packages) * (5 / 6) + this.#fetched / this.#packages / 6);
    const part = this.#essential ? done * ESSENTIAL_SHARE : ESSENTIAL_SHARE + done * (1 - ESSENTIAL_SHARE);
    return this.#within("install", part, detail);
  }

  #enter(step: Exclude<BuildStep, "wait">, detail: string): Progress {
    return this.#within(step, 0, detail);
  }

  #within(step: Exclude<BuildStep, "wait">, part: number, detail: string): Progress {
    const starts = Object.values(STARTS);
    const start = STARTS[step];
    const end = starts.find((other) => other > start) ?? 1;
    if (start >= STARTS[this.#step]) this.#step = step;
    this.#fraction = Math.max(this.#fraction, start + (end - start) * Math.min(1, part));
    return {
      step: this.#step,
      fraction: Math.round(this.#fraction * 1000) / 1000,
      detail: cleanText(detail.replace(/:(amd64|all)$/, "")),
    };
  }
}
