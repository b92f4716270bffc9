/** Each field of each message at its bounds and beyond them. A field of atoll.proto without a row fails here. */
import type { DescField } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HeaderSchema, Kind } from "#shared/protocol/gen/atoll_pb.ts";
import { encodeHeader, type WireMessageName } from "#shared/protocol/header.ts";
import { MAX_SIDE_PX } from "#shared/protocol/limits.ts";
import { Session } from "#shared/protocol/session.ts";
import { SURFACES } from "../contracts/surfaces.ts";
import { type FieldOfAgent, FIELDS, type Fields, ROWS, SOUND } from "../testing/field-rows.ts";
import { openScene, payloadOf } from "../testing/scene.ts";
import { ROUTES } from "./index.ts";

// Services have timers.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The outcome of the agent's message in a VM where one of everything is open. */
function outcomeOf(name: WireMessageName, fields: Fields): string {
  if (name === "hello") {
    const result = new Session(ROUTES, () => undefined).accept(
      "control",
      encodeHeader(name, fields),
      new Uint8Array(0),
    );
    return result.kind === "violation" ? result.violation.code : result.kind === "hello" ? "accepted" : result.kind;
  }
  const host = openScene((ms) => vi.advanceTimersByTime(ms));
  const outcome = host.say(name, fields, payloadOf(name, fields));
  host.close();
  return outcome;
}

/** `message` with the field at that path set; undefined: without it. */
function withField(
  message: Fields,
  [field, ...inner]: readonly DescField[],
  isElement: boolean,
  value: unknown,
): Fields {
  if (field === undefined) return message;
  const key = field.localName;
  if (field.oneof !== undefined && !field.proto.proto3Optional) {
    const held = message[field.oneof.localName] as { case: string; value: Fields };
    const set = inner.length === 0 ? value : withField(held.value, inner, isElement, value);
    return { ...message, [field.oneof.localName]: { case: key, value: set } };
  }
  const { [key]: before, ...rest } = message;
  if (inner.length === 0) {
    if (value === undefined) return rest;
    return { ...message, [key]: isElement ? [value] : value };
  }
  const of = (fields: Fields): Fields => withField(fields, inner, isElement, value);
  return { ...message, [key]: field.fieldKind === "list" ? (before as Fields[]).map(of) : of(before as Fields) };
}

function messageWith({ path, name, fields, isElement }: FieldOfAgent, value: unknown): Fields {
  return withField({ ...SOUND[name], ...ROWS[path]?.beside }, fields, isElement, value);
}

const shown = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? `${part}n` : part))?.slice(0, 40) ??
  "nothing";

const good = FIELDS.flatMap((field) => (ROWS[field.path]?.good ?? []).map((value) => ({ field, value })));
const bad = FIELDS.flatMap((field) => (ROWS[field.path]?.bad ?? []).map(([value, code]) => ({ field, value, code })));

describe("the table", () => {
  it("has each field that an agent may send, and no other", () => {
    expect(Object.keys(ROWS).toSorted()).toEqual(FIELDS.map(({ path }) => path).toSorted());
  });

  it("has a sound message for each", () => {
    const accepted = HeaderSchema.fields.map(({ localName }) => localName as WireMessageName);
    for (const name of accepted.filter((one) => ROUTES.toHost.has(one)))
      expect(outcomeOf(name, SOUND[name] ?? {}), name).toBe("accepted");
    expect(Object.keys(SOUND).toSorted()).toEqual([...ROUTES.toHost.keys()].toSorted());
  });

  it("has a reason for each field without a bound, and for no other", () => {
    for (const [path, row] of Object.entries(ROWS)) expect(row.bad.length === 0, path).toBe(row.reason !== undefined);
  });

  it("has each value of an enum", () => {
    for (const { path, fields } of FIELDS) {
      const row = ROWS[path];
      const values = fields.at(-1)?.enum?.values.map(({ number }) => number);
      if (row === undefined || row.reason !== undefined || values === undefined) continue;
      expect(
        values.filter((value) => !row.good.includes(value) && !row.bad.some(([other]) => other === value)),
      ).toEqual([]);
    }
  });
});

it.each(good.map(({ field, value }) => [field.path, shown(value), field, value] as const))(
  "%s = %s is accepted",
  (_path, _shown, field, value) => {
    expect(outcomeOf(field.name, messageWith(field, value))).toBe("accepted");
  },
);

it.each(bad.map(({ field, value, code }) => [field.path, shown(value), code, field, value] as const))(
  "%s = %s is a violation: %s",
  (_path, _shown, code, field, value) => {
    expect(outcomeOf(field.name, messageWith(field, value))).toBe(code);
  },
);

it("hints are cut down to the largest side, and 0 is none", () => {
  const wire = { minWidth: MAX_SIDE_PX + 1, minHeight: 0xffff_ffff, maxWidth: MAX_SIDE_PX, maxHeight: 0 };
  const hints = { minWidth: MAX_SIDE_PX, minHeight: MAX_SIDE_PX, maxWidth: MAX_SIDE_PX, maxHeight: null };
  const host = openScene((ms) => vi.advanceTimersByTime(ms));
  host.say("windowOpened", { surface: 4, kind: Kind.X11, hints: wire });
  vi.advanceTimersByTime(1_000);
  expect(host.eventsOf(SURFACES).at(-1)).toMatchObject({ type: "windowOpened", window: { surface: 4, hints } });
  host.close();
});
