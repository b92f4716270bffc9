/** What holds for the messages of all services: where they may come, and that nothing an agent says is ever thrown. */
import fs from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MessageReader } from "#shared/protocol/framing.ts";
import { HeaderSchema, Kind } from "#shared/protocol/gen/atoll_pb.ts";
import { decodeHeader, type WireMessageName } from "#shared/protocol/header.ts";
import { PORTS } from "#shared/protocol/routes.ts";
import { tries } from "#shared/testing/tries.ts";
import { readVectors, withBitsFlipped } from "#shared/testing/vectors.ts";
import { EXECS } from "../contracts/execs.ts";
import { ServiceHost } from "../testing/service-host.ts";
import { ROUTES } from "./index.ts";

// Services have timers.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const names = HeaderSchema.fields.map(({ localName }) => localName as WireMessageName);
const accepted = [...ROUTES.toHost].filter(([name]) => name !== "hello");
const KINDS = ["accepted", "unknown", "closed"];

it("every message of the wire is declared by a service", () => {
  expect(names.filter((name) => !ROUTES.toHost.has(name) && !ROUTES.toAgent.has(name))).toEqual([]);
});

describe("routes", () => {
  it.each(names.filter((name) => !ROUTES.toHost.has(name)))("%s is the host's to send", (name) => {
    expect(new ServiceHost().say(name, {})).toBe("wrong-direction");
  });

  it.each(accepted)("%s is refused on every other port", (name, route) => {
    for (const port of PORTS.filter((other) => other !== route.port))
      expect(new ServiceHost().say(name, {}, new Uint8Array(0), port)).toBe("wrong-port");
  });

  it.each(accepted.filter(([, { payload }]) => !payload))("%s carries no payload", (name) => {
    expect(new ServiceHost().say(name, {}, Uint8Array.of(1))).toBe("unexpected-payload");
  });
});

it("any messages in any order are accepted or a violation, never a throw", () => {
  const message = fc.record({
    name: fc.constantFrom(...names),
    port: fc.constantFrom(...PORTS),
    id: fc.nat(6),
    parent: fc.nat(6),
    number: fc.oneof(fc.nat(10), fc.nat(0xffff_ffff)),
    payload: fc.uint8Array({ maxLength: 16 }),
    isOnRightPort: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
      const host = new ServiceHost();
      let violations = 0;
      for (const { name, port, id, parent, number, payload, isOnRightPort } of messages) {
        const fields = {
          surface: id,
          exec: id,
          request: id,
          stream: id,
          parent,
          kind: Kind.WAYLAND,
          serial: number,
          width: number,
          bytes: number,
          height: 1,
          scale: 1,
          format: 1,
        };
        const route = ROUTES.toHost.get(name);
        const bytes = route?.payload === true ? payload : new Uint8Array(0);
        const result = host.say(name, fields, bytes, isOnRightPort ? (route?.port ?? port) : port);
        host.command({ type: "credit", surface: Math.max(1, id), count: 1, shownSerial: 0 });
        if (id > 0) host.order(EXECS, { type: "start", exec: id, argv: [], tty: null });
        if (!KINDS.includes(result)) violations += 1;
      }
      expect(violations).toBeLessThanOrEqual(1);
      host.close();
    }),
    tries(1500),
  );
});

// It makes tens of thousands of hosts: on a busy machine more than the 30 s that a test has.
it("golden vectors with a bit flipped are accepted or a violation, never a throw", { timeout: 180_000 }, () => {
  const file = fs.readFileSync(path.join(import.meta.dirname, "../../../shared/protocol/vectors.txt"), "utf8");
  const thrown: string[] = [];
  let [host, accepted] = [new ServiceHost(), 0];
  for (const { name, bytes } of readVectors(file).filter(({ bytes: all }) => all.length < 400)) {
    for (const flipped of withBitsFlipped(bytes)) {
      new MessageReader().read(flipped, ({ header, payload }) => {
        const decoded = decodeHeader(header);
        const port = decoded.kind === "message" ? ROUTES.toHost.get(decoded.message.case)?.port : undefined;
        try {
          const { kind } = host.session.accept(port ?? "control", header, payload);
          // One that has refused something accepts nothing more.
          if (kind !== "violation") accepted += 1;
          else {
            host.close();
            host = new ServiceHost();
          }
        } catch (error) {
          thrown.push(`${name}: ${String(error)}`);
        }
      });
    }
  }
  expect(thrown).toEqual([]);
  expect(accepted).toBeGreaterThan(0);
});
