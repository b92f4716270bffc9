import { expect, it } from "vitest";
import { FOLDERS } from "../contracts/folders.ts";
import { ServiceHost } from "../testing/service-host.ts";

const path = Uint8Array.of(0x61);
const entries = [{ name: path }];

it("main hears what is in a folder, and the guest when it may tell more", () => {
  const host = new ServiceHost();
  host.order(FOLDERS, { type: "show", folder: 1, path });
  expect(host.say("folderChanged", { folder: 1, reset: true, entries, last: true })).toBe("accepted");
  expect(host.eventsOf(FOLDERS)).toMatchObject([{ type: "changed", folder: 1, isReset: true, isLast: true }]);
  for (let time = 0; time < 2; time += 1) host.order(FOLDERS, { type: "seen", folder: 1 });
  expect(host.sentOf("folderSeen")).toHaveLength(1);
  host.order(FOLDERS, { type: "hide", folder: 1 });
  expect(host.say("folderChanged", { folder: 1, entries, last: true })).toBe("accepted");
  expect(host.eventsOf(FOLDERS)).toHaveLength(1);
});

it("the guest is told which folder is shown, where, and that it is hidden", () => {
  const host = new ServiceHost();
  host.order(FOLDERS, { type: "show", folder: 1, path });
  host.say("folderChanged", { folder: 1, entries, last: true });
  host.order(FOLDERS, { type: "seen", folder: 1 });
  for (let time = 0; time < 2; time += 1) host.order(FOLDERS, { type: "hide", folder: 1 });
  expect(host.sent.map(({ name, value }) => [name, value])).toEqual([
    ["folderShow", { folder: 1, path }],
    ["folderSeen", { folder: 1 }],
    ["folderHide", { folder: 1 }],
  ]);
});

it("main hears once how an act ended", () => {
  const there = Uint8Array.of(0x2f, 0x61);
  const host = new ServiceHost();
  host.order(FOLDERS, { type: "act", act: 1, path, what: { kind: "trash" } });
  expect(host.say("fileActed", { act: 1, path: there })).toBe("accepted");
  expect(host.eventsOf(FOLDERS)).toMatchObject([{ type: "acted", act: 1, result: { done: true } }]);
  expect(host.say("fileActed", { act: 1, path: there })).toBe("unknown-act");
});

it("a guest that does not wait breaks the protocol", () => {
  const host = new ServiceHost();
  host.order(FOLDERS, { type: "show", folder: 1, path });
  host.say("folderChanged", { folder: 1, entries, last: true });
  expect(host.say("folderChanged", { folder: 1, entries, last: true })).toBe("wrong-state");
});

it("each act is told as it was meant, and one too many is answered by the link", () => {
  const host = new ServiceHost();
  host.order(FOLDERS, { type: "act", act: 1, path, what: { kind: "rename", name: Uint8Array.of(0x62) } });
  host.order(FOLDERS, { type: "act", act: 2, path, what: { kind: "trash" } });
  host.order(FOLDERS, { type: "act", act: 3, path, what: { kind: "restore" } });
  expect(host.sentOf("fileAct").map(({ what }) => what?.case)).toEqual(["name", "trash", "restore"]);
  for (let act = 4; act <= 20; act += 1) host.order(FOLDERS, { type: "act", act, path, what: { kind: "trash" } });
  expect(host.eventsOf(FOLDERS).at(-1)).toEqual({
    type: "acted",
    act: 20,
    result: { done: false, reason: "too-many" },
  });
});
