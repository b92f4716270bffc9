/** That a service can be written from docs/services.md alone: its fields and messages are those that there are, its program runs. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FromProgram, fromProgram, type ToProgram } from "#shared/model/service-messages.ts";
import { manifestJsonSchema } from "./manifest.ts";
import { hasPython } from "./testing/python.ts";

const root = path.join(import.meta.dirname, "../..");
const DOCS = fs.readFileSync(path.join(root, "docs/services.md"), "utf8");
const TOLD = ["desired", "job", "cancel"] satisfies ToProgram["type"][];

/** Of the lines of tables whose first cell is a message. */
const messages = Array.from(DOCS.matchAll(/^\| `(\{"type".*?\})` \|/gmu), ([, text = ""]) => {
  const whole = text
    .replaceAll("{...}", "{}")
    .replaceAll("[...]", "[]")
    .replaceAll(/: \.\.\.(?=[,}])/gu, ": null");
  return JSON.parse(whole) as { type: string };
});

describe("docs/services.md", () => {
  it("names each field of a manifest, and each right", () => {
    const { properties } = manifestJsonSchema() as {
      properties: Record<string, { properties?: Record<string, unknown> }>;
    };
    const rights = Object.keys(properties["rights"]?.properties ?? {}).map((right) => `rights.${right}`);
    const named = [...DOCS.matchAll(/`([a-zA-Z.]+)`/gu)].map(([, name = ""]) => name);
    const isNamed = (field: string): boolean => named.some((name) => name === field || name.startsWith(`${field}.`));
    expect(rights.length).toBeGreaterThan(3);
    expect([...Object.keys(properties), ...rights].filter((field) => !isNamed(field))).toEqual([]);
  });

  it("shows each message as it is", () => {
    const said = messages.filter(({ type }) => !(TOLD as readonly string[]).includes(type));
    for (const message of said) expect(fromProgram.safeParse(message), message.type).toMatchObject({ success: true });
    const types = fromProgram.options.map(({ shape }) => shape.type.value);
    expect(new Set(messages.map(({ type }) => type))).toEqual(new Set([...TOLD, ...types]));
  });
});

describe.runIf(hasPython)("the program of docs/services.md", () => {
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-docs-"));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("answers a job", async () => {
    const [, code = ""] = /```python\n(.*?)```/su.exec(DOCS) ?? [];
    fs.writeFileSync(path.join(folder, "program.py"), code);
    fs.copyFileSync(
      path.join(root, "services/example/program/atoll_service.py"),
      path.join(folder, "atoll_service.py"),
    );
    const socket = path.join(folder, "s.sock");
    const said: FromProgram[] = [];
    const told: ToProgram[] = [
      { type: "desired", revision: 1, settings: {}, state: null },
      { type: "job", job: 7, input: { text: "the quick brown fox" } },
    ];
    const server = net.createServer().listen(socket);
    const answered = new Promise<void>((resolve, reject) => {
      server.on("connection", (connection) => {
        for (const message of told) connection.write(`${JSON.stringify(message)}\n`);
        createInterface({ input: connection }).on("line", (line) => {
          const read = fromProgram.safeParse(JSON.parse(line));
          if (!read.success) return reject(read.error);
          said.push(read.data);
          if (read.data.type === "result") resolve();
        });
      });
    });
    const env = { ...process.env, ATOLL_SERVICE_SOCKET: socket };
    const program = spawn("python3", ["-B", "program.py"], {
      cwd: folder,
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const ended = new Promise((resolve) => program.once("exit", resolve));
    await Promise.race([answered, ended.then(() => Promise.reject(new Error("the program has ended")))]);
    program.kill();
    await ended;
    server.close();
    expect(said).toMatchObject([
      { type: "applied", revision: 1 },
      { type: "health", state: "ok" },
      { type: "result", job: 7, ok: true, output: 4 },
    ]);
  });
});
