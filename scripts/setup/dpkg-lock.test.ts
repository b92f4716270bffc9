import { describe, expect, it } from "vitest";
import { lockHolder, whenUnlocked } from "./dpkg-lock.mjs";
import { SetupError } from "./process.mjs";

// Said by apt 2.6 and dpkg 1.21.
const aptsWords = [
  "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)",
  "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
];
const dpkgsWords = [
  "dpkg: error: dpkg frontend lock was locked by another process with pid 812",
  "Note: removing the lock file is always wrong, can damage the locked area",
];

describe("dpkg's lock", () => {
  it.each([
    ["process 812 (unattended-upgr)", aptsWords],
    ["process 812", dpkgsWords],
    ["process 7 (apt-get)", ["E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"]],
    ["another program", ["E: Unable to lock the administration directory (/x/), is another process using it?"]],
  ])("is held by %s", (holder, output) => {
    expect(lockHolder(output)).toBe(holder);
  });

  it.each([
    "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?",
    "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. ",
    "E: Unable to locate package hello",
  ])("is not what failed here: %s", (line) => {
    expect(lockHolder([line])).toBeUndefined();
  });
});

describe("waiting for the lock", () => {
  const locked = () => new SetupError("apt-get ended with code 100", { output: aptsWords });
  const context = () => {
    const details: string[] = [];
    const controller = new AbortController();
    return { details, controller, signal: controller.signal, detail: (text: string) => void details.push(text) };
  };

  it("says for whom it waits, and goes on when the lock is free", async () => {
    const { details, ...given } = context();
    let tries = 0;
    const work = async () => {
      if ((tries += 1) < 3) throw locked();
      return "installed";
    };
    await expect(whenUnlocked(work, given, 1)).resolves.toBe("installed");
    expect(details).toEqual(Array(2).fill("waiting for process 812 (unattended-upgr) to let go of dpkg's lock"));
  });

  it("passes other failures on at once", async () => {
    const failure = new SetupError("apt-get ended with code 100", { output: ["E: Unable to locate package x"] });
    const { details, ...given } = context();
    await expect(whenUnlocked(() => Promise.reject(failure), given)).rejects.toBe(failure);
    expect(details).toEqual([]);
  });

  it("ends when it is interrupted", async () => {
    const { controller, ...given } = context();
    const waiting = whenUnlocked(() => Promise.reject(locked()), given, 60_000);
    setImmediate(() => controller.abort());
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  });
});
