/** What the `atoll` command and the page ask of indexes, on real indexes; the services are scripted. */
import { generateKeyPairSync } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { serviceIndexContract } from "#shared/ipc/service-index.ts";
import { AppError } from "#shared/model/app-error.ts";
import { Dispatcher } from "../../ipc/dispatcher.ts";
import { cliCaller } from "../../ipc/testing/checked.ts";
import { readService } from "../catalog.ts";
import type { ServiceManifest } from "../manifest.ts";
import { type Origin, refuseSuccessor } from "../origin.ts";
import { newService } from "../scaffold.ts";
import type { Services } from "../services.ts";
import { publicKeyText } from "../signing/minisign.ts";
import { signFolder } from "../signing/signed-folder.ts";
import { IndexFile } from "./index-file.ts";
import { ServiceIndexes } from "./indexes.ts";
import { serviceIndexHandlers } from "./requests.ts";
import { signIndex } from "./sign-index.ts";

const { privateKey: key } = generateKeyPairSync("ed25519");
const KEY = publicKeyText(key);

let home: string;
let place: string;
let installed: { manifest: ServiceManifest; origin: Origin } | null;
/** Why the service is not put there; null: it is. */
let refusal: AppError | null;
let indexes: ServiceIndexes;
let dispatcher: Dispatcher;

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-index-"));
  [place, installed, refusal] = [path.join(home, "shop"), null, null];
  fs.mkdirSync(path.join(home, "state"));
  fs.mkdirSync(place);
  await newService(place, "words");
  await publish();
  const stateFolder = path.join(home, "state");
  indexes = new ServiceIndexes({
    ...{ stateFolder, recipesFolder: null, allowsUnsigned: () => false, nowMs: () => Date.now() },
    file: new IndexFile(stateFolder),
  });
  await indexes.load();
  const services = {
    installed: () => installed?.manifest ?? null,
    refuseTaken: () => undefined,
    refuseOther: (_name: string, version: string, origin: Origin) => {
      if (installed !== null) refuseSuccessor(installed.manifest, installed.origin, { version, origin });
    },
    put: async (folder: string, origin: Origin) => {
      if (refusal !== null) throw refusal;
      installed = { manifest: (await readService(folder, null)).manifest, origin };
    },
    view: () => viewOf(installed?.manifest),
  } as unknown as Services;
  dispatcher = Dispatcher.of(
    { serviceIndex: serviceIndexContract },
    { serviceIndex: serviceIndexHandlers({ indexes, services }) },
    { checksOutputs: true },
  );
});
afterEach(() => fs.rmSync(home, { recursive: true }));

function viewOf(manifest: ServiceManifest | undefined): object {
  return {
    ...{ name: "words", version: manifest?.version ?? "", description: "", icon: "box", rights: [], vm: "words" },
    ...{ state: "stopped", stateDetail: "", health: null, healthDetail: "", status: "", memoryMiB: 256, cpus: 1 },
    ...{ uptimeS: null, hasBefore: false, versionBefore: null, isUpdating: false },
    origin: { kind: "index", index: "shop", signer: "x" },
  };
}

async function publish(change?: [string, string]): Promise<void> {
  const file = path.join(place, "words/service.yaml");
  if (change !== undefined) fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(...change));
  const service = await readService(path.join(place, "words"), null);
  await signFolder(path.join(place, "words"), service, { key, days: 30, nowMs: Date.now() });
  await signIndex(place, { name: null, key, days: 30, nowMs: Date.now() });
}

async function ask<Answer = unknown>(name: string, input: object): Promise<Answer> {
  const answer = await dispatcher.dispatch(cliCaller(), name, input);
  return (answer.ok ? answer.value : answer.error) as Answer;
}

interface Sheet {
  list: string;
  added: string[];
}
const sheet = (): Promise<Sheet> => ask<Sheet>("index.sheet", { name: "words", index: null });
const install = async (): Promise<unknown> => {
  const { list } = await sheet();
  return ask("index.install", { name: "words", index: "shop", list });
};

it("from a look at it to an installed service: its sheet says rights, size and signer before", async () => {
  expect(await ask("index.look", { source: place })).toMatchObject({ name: "shop", key: KEY, services: ["words"] });
  expect(await ask("index.list", {})).toEqual([]);
  await ask("index.add", { source: place, key: KEY });
  expect(await ask("index.list", {})).toMatchObject([{ name: "shop", services: 1 }]);
  expect(await ask("index.offers", {})).toMatchObject([{ name: "words", version: "1.0.0" }]);
  expect(await sheet()).toMatchObject({ version: "1.0.0", isIndexSigned: true, added: [], installedVersion: null });
  expect(await install()).toMatchObject({ name: "words", version: "1.0.0" });
  expect(installed?.origin).toEqual({ index: "shop", key: KEY });
  expect(await sheet()).toMatchObject({ code: "service.not-newer" });
  expect(await ask("index.remove", { name: "shop" })).toBeNull();
  expect(await sheet()).toMatchObject({ code: "index.not-offered" });
});

it("a later version says what is new in its rights, and is remembered as the latest of its key when it is used", async () => {
  await ask("index.add", { source: place, key: KEY });
  await install();
  const first = installed;
  await publish(['"1.0.0"', '"1.1.0"']);
  await publish(["rights: {}", "rights: { uplink: true }"]);
  expect(await ask("index.update", { name: null })).toEqual([{ name: "shop", version: 3, before: 1, problem: null }]);
  expect((await sheet()).added).toEqual(["Reaches the internet"]);
  refusal = new AppError("service.update-failed", "It is not well.");
  expect(await install()).toMatchObject({ code: "service.update-failed" });
  expect(installed).toBe(first);
  refusal = null;
  expect(await install()).toMatchObject({ version: "1.1.0" });
  // Removed, and offered by an index that has gone back in its services.
  installed = null;
  await publish(['"1.1.0"', '"1.0.5"']);
  await ask("index.update", { name: "shop" });
  expect(await sheet()).toMatchObject({ code: "service.not-newer" });
});

it("what is installed is what was shown, and what is refused says why", async () => {
  await ask("index.add", { source: place, key: KEY });
  const { list } = await sheet();
  await publish(['"1.0.0"', '"1.1.0"']);
  await ask("index.update", { name: "shop" });
  expect(await ask("index.install", { name: "words", index: "shop", list })).toMatchObject({
    code: "index.not-offered",
  });
  fs.writeFileSync(path.join(place, "words/program/count-words.py"), "#!/bin/sh\n");
  expect(await install()).toMatchObject({ code: "service.bad-signature" });
  expect(installed).toBeNull();
  fs.rmSync(path.join(place, "index.json"));
  const [update] = await ask<{ problem: string }[]>("index.update", { name: null });
  expect(update).toMatchObject({ version: 2, before: 2, problem: expect.stringMatching(/no index.json/) as string });
  expect(await ask("index.update", { name: "other" })).toMatchObject({ code: "index.not-found" });
});
