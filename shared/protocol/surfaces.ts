/**
 * The surfaces of one VM as the host has accepted them: ids, roles, parents, credits. A table with rules, no I/O.
 *
 * A surface is unknown, then live, then retired; an id never comes back within an epoch. The ports are not ordered among
 * each other: frames of a retired surface may still arrive against credits that it had, and are dropped.
 */
import type { SurfaceId } from "../model/window.ts";
import { MAX_OPEN_CREDITS, MAX_POPUP_DEPTH, MAX_SUBSURFACE_DEPTH, MAX_SURFACES, MAX_WINDOWS } from "./limits.ts";
import { boundedInteger, MAX_U32, refuse } from "./violation.ts";

export type SurfaceRole = "window" | "popup" | "subsurface";

/** The frame that is being received, in several messages. */
export interface PartialFrame {
  serial: number;
  width: number;
  height: number;
  parts: number;
  bytes: number;
  rects: number;
  /** Pixels of all rectangles so far. */
  areaPx: number;
}

export interface Surface {
  readonly id: SurfaceId;
  readonly role: SurfaceRole;
  /** null for windows. */
  readonly parent: SurfaceId | null;
  /** Frames that the guest may still send. */
  credits: number;
  /** Serial of the last frame that began. */
  lastSerial: number;
  partial: PartialFrame | null;
}

/** How many retired surfaces with open credits are remembered: their late frames are dropped, not punished. */
const MAX_REMEMBERED = 4096;

export class SurfaceTable {
  readonly #live = new Map<SurfaceId, Surface>();
  readonly #retired = new Map<SurfaceId, Surface>();
  #highestId = 0;
  #windows = 0;

  /** Live surfaces in the order in which they were opened. */
  values(): IterableIterator<Surface> {
    return this.#live.values();
  }

  find(id: number): Surface | undefined {
    return this.#live.get(id as SurfaceId);
  }

  /** The live surface of that id, of one of these roles. */
  require(id: number, ...roles: SurfaceRole[]): Surface {
    const surface = this.#live.get(id as SurfaceId);
    if (surface === undefined) refuse("unknown-surface", `surface ${id} is not open`);
    if (roles.length > 0 && !roles.includes(surface.role)) refuse("wrong-role", `surface ${id} is a ${surface.role}`);
    return surface;
  }

  /** A surface that frames may still come for: live, or retired with open credits. */
  findForFrame(id: number): { surface: Surface; isLive: boolean } | undefined {
    const live = this.#live.get(id as SurfaceId);
    if (live !== undefined) return { surface: live, isLive: true };
    const retired = this.#retired.get(id as SurfaceId);
    return retired === undefined ? undefined : { surface: retired, isLive: false };
  }

  open(untrustedId: number, role: SurfaceRole, untrustedParent: number | null): Surface {
    const id = boundedInteger(untrustedId, 1, MAX_U32, "surface") as SurfaceId;
    // Ids rise: so no table of all ids that ever were is needed to know that one comes back.
    if (id <= this.#highestId) refuse("surface-reused", `surface ${id} is not above ${this.#highestId}`);
    if (this.#live.size >= MAX_SURFACES) refuse("quota", `more than ${MAX_SURFACES} surfaces`);
    if (role === "window" && this.#windows >= MAX_WINDOWS) refuse("quota", `more than ${MAX_WINDOWS} windows`);
    const parent = untrustedParent === null ? null : this.#parentOf(role, untrustedParent);
    const surface: Surface = { id, role, parent: parent?.id ?? null, credits: 0, lastSerial: 0, partial: null };
    this.#live.set(id, surface);
    this.#highestId = id;
    if (role === "window") this.#windows += 1;
    return surface;
  }

  #parentOf(role: SurfaceRole, untrustedParent: number): Surface {
    const parent = this.#live.get(untrustedParent as SurfaceId);
    if (parent === undefined) refuse("bad-parent", `parent ${untrustedParent} is not open`);
    if (role === "popup" && parent.role === "subsurface") refuse("bad-parent", `popup on subsurface ${parent.id}`);
    const limit = role === "popup" ? MAX_POPUP_DEPTH : MAX_SUBSURFACE_DEPTH;
    let depth = 1;
    for (
      let at: Surface | undefined = parent;
      at?.role === role;
      at = at.parent === null ? undefined : this.#live.get(at.parent)
    ) {
      depth += 1;
    }
    if (depth > limit) refuse("quota", `${role} nested deeper than ${limit}`);
    return parent;
  }

  /** Retires a surface and all its descendants; returns their ids, children before parents. */
  close(id: number): SurfaceId[] {
    const root = this.require(id);
    const doomed: Surface[] = [root];
    // Parents are opened before their children, so one pass in that order finds them all.
    const ids = new Set<SurfaceId>([root.id]);
    for (const surface of this.#live.values()) {
      if (surface.parent !== null && ids.has(surface.parent)) {
        ids.add(surface.id);
        doomed.push(surface);
      }
    }
    doomed.reverse();
    for (const surface of doomed) {
      this.#live.delete(surface.id);
      if (surface.role === "window") this.#windows -= 1;
      if (surface.credits > 0 || surface.partial !== null) this.#remember(surface);
    }
    return doomed.map((surface) => surface.id);
  }

  #remember(surface: Surface): void {
    this.#retired.set(surface.id, surface);
    if (this.#retired.size > MAX_REMEMBERED) {
      const [oldest] = this.#retired.keys();
      if (oldest !== undefined) this.#retired.delete(oldest);
    }
  }

  /** Forgets a retired surface that no frame can come for any more. */
  forget(surface: Surface): void {
    if (surface.credits === 0 && surface.partial === null) this.#retired.delete(surface.id);
  }

  /** Credits that may be given to the surface now, at most `count`; 0 where it is not live. */
  grant(id: number, count: number): number {
    const surface = this.#live.get(id as SurfaceId);
    if (surface === undefined) return 0;
    const granted = Math.min(count, MAX_OPEN_CREDITS - surface.credits);
    surface.credits += granted;
    return granted;
  }
}
