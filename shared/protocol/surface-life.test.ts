// Random sequences of messages against a small model of the life of surfaces: the session says what the model says.
import fc from "fast-check";
import { expect, it } from "vitest";
import { SurfaceSession } from "#shared/testing/surface-session.ts";
import { tries } from "#shared/testing/tries.ts";
import { Kind, PixelFormat, WindowRequest } from "./gen/atoll_pb.ts";
import { MAX_OPEN_CREDITS, MAX_POPUP_DEPTH, MAX_SUBSURFACE_DEPTH } from "./limits.ts";
import type { SurfaceRole } from "./surfaces.ts";

interface Modelled {
  role: SurfaceRole;
  parent: number;
  credits: number;
  serial: number;
  isPartial: boolean;
}

/** "accepted", "dropped", or the code of a violation. */
type Outcome = string;

/** What the rules say, as plainly as they can be said; no bounds of other numbers and no texts. */
class Model {
  readonly live = new Map<number, Modelled>();
  readonly retired = new Map<number, Modelled>();
  highest = 0;

  open(id: number, role: SurfaceRole, parent: number): Outcome {
    if (id < 1) return "number-out-of-range";
    if (id <= this.highest) return "surface-reused";
    const on = this.live.get(parent);
    if (role !== "window" && on === undefined) return "bad-parent";
    if (role === "popup" && on?.role === "subsurface") return "bad-parent";
    if (role === "popup" && this.#depth(parent, role) >= MAX_POPUP_DEPTH) return "quota";
    if (role === "subsurface" && this.#depth(parent, role) >= MAX_SUBSURFACE_DEPTH) return "quota";
    this.live.set(id, { role, parent: role === "window" ? 0 : parent, credits: 0, serial: 0, isPartial: false });
    this.highest = id;
    return "accepted";
  }

  #depth(id: number, role: SurfaceRole): number {
    const surface = this.live.get(id);
    return surface?.role === role ? 1 + this.#depth(surface.parent, role) : 0;
  }

  /** A message about a surface that must be of that role. */
  speakOf(id: number, role: SurfaceRole): Outcome {
    const surface = this.live.get(id);
    if (surface === undefined) return "unknown-surface";
    return surface.role === role ? "accepted" : "wrong-role";
  }

  childrenOf(parent: number): number[] {
    return [...this.live].flatMap(([id, one]) => (one.parent === parent && one.role === "subsurface" ? [id] : []));
  }

  place(parent: number, children: number[]): Outcome {
    if (!this.live.has(parent)) return "unknown-surface";
    for (const [at, child] of children.entries()) {
      if (children.indexOf(child) < at) return "bad-parent";
      const outcome = child === parent ? "accepted" : this.speakOf(child, "subsurface");
      if (outcome !== "accepted") return outcome;
      if (child !== parent && this.live.get(child)?.parent !== parent) return "bad-parent";
    }
    return "accepted";
  }

  close(id: number): Outcome {
    const surface = this.live.get(id);
    if (surface === undefined) return "unknown-surface";
    for (const [child, { parent }] of this.live) if (parent === id) this.close(child);
    this.live.delete(id);
    if (surface.credits > 0 || surface.isPartial) this.retired.set(id, surface);
    return "accepted";
  }

  /** How many credits are given. */
  grant(id: number, count: number): number {
    const surface = this.live.get(id);
    if (surface === undefined) return 0;
    const before = surface.credits;
    surface.credits = Math.min(before + count, MAX_OPEN_CREDITS);
    return surface.credits - before;
  }

  frame(id: number, serial: number, last: boolean): Outcome {
    const surface = this.live.get(id) ?? this.retired.get(id);
    if (surface === undefined || (!surface.isPartial && surface.credits === 0)) return "no-credit";
    if (surface.isPartial ? serial !== surface.serial : serial <= surface.serial) return "bad-frame";
    if (!surface.isPartial) surface.credits -= 1;
    surface.serial = serial;
    surface.isPartial = !last;
    if (this.live.has(id)) return "accepted";
    if (last && surface.credits === 0) this.retired.delete(id);
    return "dropped";
  }

  /** The serial of a sound frame. */
  serialOf(id: number): number {
    const surface = this.live.get(id) ?? this.retired.get(id);
    return surface === undefined ? 1 : surface.serial + (surface.isPartial ? 0 : 1);
  }
}

function sayOpened(session: SurfaceSession, surface: number, role: SurfaceRole, parent: number): Outcome {
  const [kind, rect] = [Kind.WAYLAND, { width: 1, height: 1 }];
  if (role === "window") return session.say("windowOpened", { surface, kind });
  if (role === "popup") return session.say("popupOpened", { surface, kind, parent, rect });
  return session.say("subsurfaceOpened", { surface, parent });
}

interface Numbers {
  /** Surfaces; mostly ones that are, or were. */
  id: number;
  other: number;
  count: number;
  role: SurfaceRole;
  isLast: boolean;
}

interface Step {
  /** What the model has made of it. */
  expected: Outcome;
  take: (session: SurfaceSession) => Outcome;
}

const steps = {
  /** Mostly with the next id, as an agent counts. */
  opened: (model, { other, count, role }) => {
    const surface = count > 0 ? model.highest + 1 : model.highest;
    return {
      expected: model.open(surface, role, other),
      take: (session) => sayOpened(session, surface, role, other),
    };
  },
  openedOnNewest: (model, { role }) => {
    const parent = model.highest;
    return {
      expected: model.open(parent + 1, role, parent),
      take: (session) => sayOpened(session, parent + 1, role, parent),
    };
  },
  requested: (model, { id: surface }) => ({
    expected: model.speakOf(surface, "window"),
    take: (session) => session.say("windowRequested", { surface, request: WindowRequest.ACTIVATE }),
  }),
  moved: (model, { id: surface }) => ({
    expected: model.speakOf(surface, "popup"),
    take: (session) => session.say("popupMoved", { surface, rect: { width: 1, height: 1 } }),
  }),
  placed: (model, { id: parent, other, isLast }) => {
    const children = isLast ? [parent, ...model.childrenOf(parent)] : [other, parent];
    return {
      expected: model.place(parent, children),
      take: (session) => session.say("childrenPlaced", { parent, children: children.map((surface) => ({ surface })) }),
    };
  },
  closed: (model, { id: surface }) => ({
    expected: model.close(surface),
    take: (session) => session.say("surfaceClosed", { surface }),
  }),
  granted: (model, { id, count }) => ({
    expected: `${model.grant(id, count)} credits`,
    take: (session) => `${session.surfaces.grant(id, count)} credits`,
  }),
  drawn: (model, { id: surface, count, isLast: last }) => {
    const serial = count === 0 ? 1 : model.serialOf(surface);
    const frame = { surface, serial, width: 1, height: 1, scale: 1, format: PixelFormat.XRGB8888, last };
    return { expected: model.frame(surface, serial, last), take: (session) => session.say("frame", frame) };
  },
} satisfies Record<string, (model: Model, numbers: Numbers) => Step>;

const sequence = fc.array(
  fc.record({
    what: fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])),
    id: fc.nat(12),
    other: fc.nat(12),
    count: fc.constantFrom(0, 1, 1, 1, 2, 2, 9),
    role: fc.constantFrom<SurfaceRole>("window", "popup", "subsurface"),
    isLast: fc.boolean(),
    /** Takes the step even if it is a violation: rarely, so that sequences go on for a while. */
    isBold: fc.nat(40).map((n) => n === 29),
  }),
  { maxLength: 60, size: "max" },
);

it("surfaces live as the model says, through any sequence of messages, and nothing is accepted after a violation", () => {
  fc.assert(
    fc.property(sequence, (actions) => {
      const [model, session] = [new Model(), new SurfaceSession()];
      let isBroken = false;
      for (const { what, isBold, id, other, ...numbers } of actions) {
        if (isBroken) {
          expect(sayOpened(session, 1001, "window", 0)).toBe("closed");
          break;
        }
        const known = [...model.live.keys(), ...model.retired.keys()];
        const surface = (at: number): number => known[at % (known.length + 1)] ?? 1000;
        const { expected, take } = steps[what](model, { ...numbers, id: surface(id), other: surface(other) });
        const isSound = expected === "accepted" || expected === "dropped" || what === "granted";
        if (!isSound && !isBold) continue;
        expect(take(session), what).toBe(expected);
        isBroken = !isSound;
      }
      for (const { id, role, parent, credits, lastSerial, partial } of session.surfaces.values()) {
        const modelled = { role, parent: parent ?? 0, credits, serial: lastSerial, isPartial: partial !== null };
        expect(modelled).toEqual(model.live.get(id));
      }
      expect(Array.from(session.surfaces.values(), ({ id }) => id)).toEqual([...model.live.keys()]);
    }),
    tries(2000),
  );
});
