/** The link of the host's own files, with a program that says what the test wants. */
import { describe, expect, it } from "vitest";
import { encodeMessage } from "#shared/protocol/framing.ts";
import { FileKind, Kind } from "#shared/protocol/gen/atoll_pb.ts";
import { encodeHeader } from "#shared/protocol/header.ts";
import { FILES } from "./contracts/files.ts";
import type { FromLink } from "./contract.ts";
import { HostLink } from "./host-link.ts";

/** Says these bytes as soon as it has heard something, and ends. */
const PROGRAM = `
  process.stdin.once("data", () => process.stdout.write(Buffer.from(process.argv[1], "hex"), () => process.exit()));
`;

/** The first thing that the link says when the program answers an order with these bytes. */
function answered(bytes: Uint8Array, program = process.execPath): Promise<FromLink> {
  return new Promise((resolve) => {
    const args = ["-e", PROGRAM, Buffer.from(bytes).toString("hex")];
    const link = new HostLink({ type: "openHost", program, args }, resolve);
    const order = { type: "list" as const, transfer: 1, what: { paths: [Uint8Array.of(0x2f)] } };
    link.handle({ type: "order", service: FILES.name, order }, []);
  });
}

const entry = { index: 0, kind: FileKind.FILE, path: Uint8Array.of(0x61), size: 8n };
const listed = encodeHeader("filesListed", { transfer: 1, entries: [entry], last: true });

describe("what the program says", () => {
  it("is what an agent says of files", async () => {
    expect(await answered(encodeMessage(listed))).toMatchObject({
      type: "event",
      service: "files",
      event: { type: "listed", transfer: 1, files: [{ index: 0, size: 8 }], isLast: true },
    });
  });

  it.each([
    ["of something else", encodeMessage(encodeHeader("windowOpened", { surface: 1, kind: Kind.WAYLAND }))],
    ["with bytes that belong to no stream", encodeMessage(listed, Uint8Array.of(1))],
    ["that breaks a rule", encodeMessage(encodeHeader("filesListed", { transfer: 2, last: true }))],
    ["that is none", Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)],
    ["that no version knows", encodeMessage(Uint8Array.of(0xc2, 0x3e, 0x02, 0x08, 0x01))],
  ])("ends the link where it is a message %s", async (_what, bytes) => {
    expect(await answered(bytes)).toMatchObject({ type: "closed", reason: "agent-lost" });
  });
});

it("a program that is not there, or ends, is lost", async () => {
  expect(await answered(new Uint8Array(0), "/nonexistent")).toMatchObject({ type: "closed", reason: "agent-lost" });
  expect(await answered(new Uint8Array(0), "/bin/true")).toMatchObject({ type: "closed", reason: "agent-lost" });
});
