import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LinkProcess } from "../link/link-process.ts";
import type { FromLink, ToLink } from "../link/contract.ts";
import { files } from "../vms/services/files.ts";
import { HostFiles, reachOfSource, reachOfTarget } from "./host-files.ts";

let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-host-"))));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe("the program for the host's files", () => {
  it("sees the folders of what it lists, each once", () => {
    const paths = ["/a/b", "/a/c", "/d/e f"].map(bytes);
    expect(reachOfSource({ party: { kind: "host" }, paths })).toEqual({ reads: ["/a", "/d"], writes: [] });
  });

  it("sees the folder that things are put into, or the one where it is to be made", () => {
    const file = path.join(folder, "file");
    fs.writeFileSync(file, "");
    for (const target of [`${folder}/`, path.join(folder, "new/deep/"), file])
      expect(reachOfTarget({ kind: "path", path: bytes(target) })).toEqual({ reads: [], writes: [folder] });
  });

  it("is started with them, and with nothing else; its end is the end of all that it did", async () => {
    const sent: ToLink[] = [];
    let tell: (message: FromLink) => void = () => undefined;
    let isKilled = false;
    const link: LinkProcess = {
      send: (message) => void sent.push(message),
      connect: () => undefined,
      attachPage: () => undefined,
      onMessage: (listener) => (tell = listener),
      onExit: () => undefined,
      kill: () => (isKilled = true),
    };
    const host = new HostFiles({ spawn: () => link, program: "/p" }, { reads: ["/r"], writes: ["/w"] });
    expect(sent).toEqual([
      {
        type: "openHost",
        program: "/p",
        args: ["--incoming", path.join(os.homedir(), "Incoming"), "--read", "/r", "--write", "/w"],
      },
    ]);
    const lost = new Promise<void>((resolve) => {
      host.service(files).list({ paths: [] }, { streamOpened: () => undefined, ended: () => undefined, lost: resolve });
    });
    tell({ type: "closed", reason: "agent-lost", detail: "" });
    await lost;
    expect(isKilled).toBe(true);
  });
});
