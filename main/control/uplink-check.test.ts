import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { passtCommand } from "../networks/uplink.ts";
import { uplinkCheck } from "./uplink-check.ts";

it("says by what VMs reach the internet, and what keeps them from this machine", async () => {
  expect(await uplinkCheck(() => Promise.resolve(null))).toEqual({
    id: "network",
    status: "ok",
    detail:
      "VMs reach the internet by passt; a relay drops each packet that is for this machine, its addresses or its local networks",
    remedy: "",
  });
});

it("says why they do not, and what to do", async () => {
  expect(await uplinkCheck(() => Promise.resolve("passt does not answer"))).toEqual({
    id: "network",
    status: "warn",
    detail: "VMs with a network do not reach the internet: passt does not answer",
    remedy: "apt-get install passt; is this machine online?",
  });
});

it("starts the program that VMs go by: where that is not there, or ends with a word, it says so", async () => {
  const [program = ""] = passtCommand({ guest: { ipv4: "", ipv6: "" }, gateway: { ipv4: "", ipv6: "" } });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-doctor-"));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    fs.rmSync(folder, { recursive: true });
  });
  vi.stubEnv("PATH", folder);
  expect((await uplinkCheck()).detail).toBe(`VMs with a network do not reach the internet: spawn ${program} ENOENT`);
  fs.writeFileSync(path.join(folder, program), "#!/bin/sh\necho 'No interface is online' >&2\nexit 1\n", {
    mode: 0o755,
  });
  expect(await uplinkCheck()).toMatchObject({
    status: "warn",
    detail: "VMs with a network do not reach the internet: No interface is online",
  });
});
