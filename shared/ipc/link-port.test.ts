// What the page says to a link: each message within its bounds is accepted as it is, and nothing else is.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tries } from "#shared/testing/tries.ts";
import { pageMessageSchema, pixelCommandSchema } from "./link-port.ts";

/** What a field may be: a whole number from..to, one of these, or a text of so many characters. */
type Field = { from: number; to: number } | { oneOf: unknown[] } | { longest: number };

const U32 = 0xffff_ffff;
const surface = { from: 1, to: U32 };
const timeMs = { from: 0, to: U32 };
const side = { from: 0, to: 16_384 };
const place = { from: -32_767, to: 32_767 };
const fixed = { from: -0x7fff_ff, to: 0x7fff_ff };
const steps = { from: -12_000, to: 12_000 };
const yesOrNo = { oneOf: [true, false] };

const pageMessages: Record<string, Record<string, Field>> = {
  configure: {
    surface,
    serial: { from: 1, to: U32 },
    width: side,
    height: side,
    states: { from: 0, to: 63 },
    boundsWidth: side,
    boundsHeight: side,
    x: place,
    y: place,
  },
  close: { surface },
  dismissPopup: { surface },
  refresh: { surface },
  key: { code: { from: 1, to: 767 }, state: { oneOf: ["released", "pressed", "repeated"] }, timeMs },
  pointerMotion: { surface, xFixed: fixed, yFixed: fixed, timeMs },
  pointerLeft: {},
  pointerButton: { button: { from: 0x110, to: 0x11f }, pressed: yesOrNo, timeMs },
  pointerAxis: { x120: steps, y120: steps, xFixed: fixed, yFixed: fixed, finger: yesOrNo, stopped: yesOrNo, timeMs },
  output: {
    width: side,
    height: side,
    scale120: { from: 60, to: 480 },
    refreshMhz: { from: 1000, to: 1_000_000 },
  },
  fenceReached: {},
};
const pixelCommands: Record<string, Record<string, Field>> = {
  credit: { surface, count: { from: 1, to: 8 }, shownSerial: { from: 0, to: U32 } },
  violation: { surface, detail: { longest: 200 } },
};

function goodValues(field: Field): unknown[] {
  if ("oneOf" in field) return field.oneOf;
  return "longest" in field ? ["", "x".repeat(field.longest)] : [field.from, field.to];
}

function badValues(field: Field): unknown[] {
  const never = [undefined, null, Number.NaN, Infinity, -Infinity, 1n, [], {}, ["1"]];
  if ("oneOf" in field) return [...never, 0, 1, "", "1"];
  if ("longest" in field) return [...never, 0, true, "x".repeat(field.longest + 1)];
  return [...never, true, "", "1", field.from - 1, field.to + 1, field.from + 0.5, -0x8000_0000, 2 ** 53];
}

/** A message with the first good value in each field. */
function messageOf(type: string, fields: Record<string, Field>): Record<string, unknown> {
  return { type, ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, goodValues(field)[0]])) };
}

describe.each([
  ["the page", pageMessageSchema, pageMessages],
  ["the compositor", pixelCommandSchema, pixelCommands],
])("a message of %s", (_whose, schema, messages) => {
  it.each(Object.entries(messages))("%s is accepted at its bounds, and as it is", (type, fields) => {
    const message = messageOf(type, fields);
    expect(schema.parse(message)).toEqual(message);
    for (const [name, field] of Object.entries(fields)) {
      for (const value of goodValues(field))
        expect(schema.parse({ ...message, [name]: value })).toEqual({ ...message, [name]: value });
    }
  });

  it.each(Object.entries(messages))(
    "%s is refused with any field beyond its bounds, or of another type",
    (type, fields) => {
      const message = messageOf(type, fields);
      for (const [name, field] of Object.entries(fields)) {
        for (const value of badValues(field))
          expect(schema.safeParse({ ...message, [name]: value }).success, `${name}: ${String(value)}`).toBe(false);
      }
    },
  );

  it("is refused when it is no message at all", () => {
    for (const data of [undefined, null, 0, "close", [], {}, { type: "" }, { type: "hello" }, { type: ["close"] }])
      expect(schema.safeParse(data).success).toBe(false);
  });

  it("brings nothing along that belongs to no field", () => {
    for (const [type, fields] of Object.entries(messages)) {
      const message = messageOf(type, fields);
      const laden = { ...message, extra: 1, constructor: "x", ["__proto__"]: { polluted: true } };
      expect(Object.keys(schema.parse(laden)).toSorted()).toEqual(Object.keys(message).toSorted());
    }
  });

  it("that can be anything never makes the link throw", () => {
    const names = [...Object.keys(messages), "surface", "count", "detail", "timeMs", "x"];
    const field = fc.oneof(fc.anything(), fc.constantFrom(...names), fc.integer());
    const record = fc.dictionary(fc.constantFrom("type", ...names), field);
    fc.assert(
      fc.property(fc.oneof(fc.anything(), record), (data) => {
        const result = schema.safeParse(data);
        expect(result.success ? [...Object.keys(messages), "keyboardFocus"].includes(result.data.type) : true).toBe(
          true,
        );
      }),
      tries(1000),
    );
  });
});

it("the keyboard's focus is a surface or none", () => {
  for (const surface of [null, 1, U32])
    expect(pageMessageSchema.parse({ type: "keyboardFocus", surface })).toEqual({ type: "keyboardFocus", surface });
  for (const surface of [undefined, 0, -1, U32 + 1, 1.5, "1", {}])
    expect(pageMessageSchema.safeParse({ type: "keyboardFocus", surface }).success).toBe(false);
});
