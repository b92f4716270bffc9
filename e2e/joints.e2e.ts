/** Streams from one VM to another: by their links, with the reader's credit, and without main. */
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { VmView } from "#shared/model/vm.ts";
import { RUNTIME_FILES } from "../main/hardware/qemu/argv.ts";
import { Exec, type StreamName } from "../main/vms/exec.ts";
import { joinStreams } from "../main/vms/joints.ts";
import {
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  ScriptedMachine,
} from "../main/vms/testing/scripted-vm.ts";
import { Vm } from "../main/vms/vm.ts";
import { TestDesktop } from "./support/desktop.ts";
import { WorkerLink } from "./support/worker-link.ts";

let desktop: TestDesktop;
let [home, web]: [Guest, Guest] = [] as never;

/** A real guest, with a link of the test's own. */
interface Guest {
  vm: Vm;
  link: WorkerLink;
}

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" });
  for (const name of ["home", "web"]) await desktop.isRunning(name);
  const vms = await desktop.vms();
  // The guests go on without the application, and take whoever calls them next.
  await desktop.crash();
  [home, web] = (await Promise.all(["home", "web"].map((name) => linked(vms.find((vm) => vm.name === name))))) as [
    Guest,
    Guest,
  ];
});

test.afterAll(async () => {
  for (const guest of [home, web]) guest?.vm.release();
  await desktop.start();
  for (const name of ["home", "web"]) await desktop.isRunning(name);
  await desktop.close();
});

async function linked(view: VmView | undefined): Promise<Guest> {
  if (view === undefined) throw new Error("no such VM");
  const link = new WorkerLink();
  const socket = (name: "control" | "frames" | "bulk"): string =>
    path.join(desktop.home, "run/vms", view.id.slice(0, 13), RUNTIME_FILES[name]);
  const machine = Object.assign(new ScriptedMachine(), {
    sockets: { control: socket("control"), frames: socket("frames"), bulk: socket("bulk") },
  });
  const context = { ...scriptedContext([]), driver: scriptedDriver(machine), spawnLink: () => link };
  const vm = new Vm(scriptedDefinition(view.name), context);
  const runs = new Promise<void>((resolve) =>
    vm.on("changed", () => {
      if (vm.state === "running") resolve();
    }),
  );
  await vm.start();
  await runs;
  return { vm, link };
}

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** A command of which some streams are not main's. */
function run({ vm }: Guest, script: string, joined: StreamName[]): { exec: Exec; ended: Promise<Outcome> } {
  const exec = new Exec(vm, ["sh", "-c", script], null, { joined });
  const output = { stdout: "", stderr: "" };
  exec.on("output", (name, bytes) => {
    output[name] += Buffer.from(bytes).toString();
    exec.grant(name, bytes.length);
  });
  const ended = new Promise<Outcome>((resolve, reject) => {
    exec.on("exited", ({ code, signal }) => resolve({ code: signal === 0 ? code : 128 + signal, ...output }));
    exec.on("failed", reject);
  });
  return { exec, ended };
}

/** The writer's standard output, joined with the reader's standard input. */
async function join(
  writer: { guest: Guest; exec: Exec },
  reader: { guest: Guest; exec: Exec },
  onProgress?: (bytes: number) => void,
): ReturnType<typeof joinStreams>["done"] {
  const [{ stdout }, { stdin }] = await Promise.all([writer.exec.streams, reader.exec.streams]);
  const options = onProgress === undefined ? {} : { onProgress };
  return joinStreams({ vm: writer.guest.vm, stream: stdout }, { vm: reader.guest.vm, stream: stdin }, options).done;
}

/** Writes so many random bytes, and their hash to standard error. */
const random = (bytes: number): string =>
  `mkfifo /tmp/copy.$$; sha256sum </tmp/copy.$$ >&2 & head -c ${bytes} /dev/urandom | tee /tmp/copy.$$; wait`;

test("64 MB go from a program of one VM to one of another, whole, and main carries none of them", async () => {
  const bytes = 64 * 1024 * 1024;
  const before = home.link.dataBytes + web.link.dataBytes;
  const writer = run(home, random(bytes), ["stdout"]);
  const reader = run(web, "sha256sum", ["stdin"]);
  const progress: number[] = [];
  const done = join({ guest: home, ...writer }, { guest: web, ...reader }, (carried) => progress.push(carried));
  const [sent, received, end] = await Promise.all([writer.ended, reader.ended, done]);
  expect(end).toEqual({ bytes, aborted: false });
  expect(received).toEqual({ code: 0, stdout: sent.stderr, stderr: "" });
  expect(received.stdout).toMatch(/^[0-9a-f]{64} {2}-\n$/);
  // Two lines with a hash.
  expect(home.link.dataBytes + web.link.dataBytes - before).toBe(2 * sent.stderr.length);
  expect(progress.length).toBeGreaterThan(0);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
});

test("a reader that has had enough stops the writer", async () => {
  const writer = run(home, "yes", ["stdout"]);
  const reader = run(web, "head -c 100000 | wc -c", ["stdin"]);
  const done = join({ guest: home, ...writer }, { guest: web, ...reader });
  expect(await reader.ended).toMatchObject({ code: 0, stdout: "100000\n" });
  expect(await done).toMatchObject({ aborted: true });
  // As by a pipe that is closed.
  expect((await writer.ended).code).toBe(128 + 13);
});

test("a writer that ends is the end for the reader, in whatever way it ended", async () => {
  const writer = run(home, "echo one; kill -9 $$", ["stdout"]);
  const reader = run(web, "cat", ["stdin"]);
  const done = join({ guest: home, ...writer }, { guest: web, ...reader });
  expect(await reader.ended).toMatchObject({ code: 0, stdout: "one\n" });
  expect((await writer.ended).code).toBe(128 + 9);
  // A pipe says no more of its writer than that it has ended.
  expect(await done).toEqual({ bytes: 4, aborted: false });
});

test("a link that ends is the end for the other VM's reader, which hears that it was not all", async () => {
  const writer = run(home, "yes", ["stdout"]);
  const reader = run(web, "wc -c", ["stdin"]);
  let carried: () => void = () => undefined;
  const hasCarried = new Promise<void>((resolve) => (carried = resolve));
  const done = join({ guest: home, ...writer }, { guest: web, ...reader }, () => carried());
  await hasCarried;
  home.vm.release();
  const end = await done;
  expect(end.aborted).toBe(true);
  expect(await reader.ended).toMatchObject({ code: 0, stdout: `${end.bytes}\n` });
});
