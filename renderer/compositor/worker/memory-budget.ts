/**
 * What the VMs may take of the compositor's memory: as many pixels as some screens have, each and all together. A person who
 * has twenty maximised windows of one VM is within it.
 */
import { maxBufferPx } from "#shared/protocol/limits.ts";

/** A screen of full HD: a smaller one gives no smaller budget. */
const MIN_SCREEN_PX = 1920 * 1080;
/** For the canvases of one VM; on very large screens no more than MAX_PX_OF_VM. */
const SCREENS_OF_VM = 24;
/** 512 MiB. */
const MAX_PX_OF_VM = 128 * 1024 * 1024;
/** All VMs together have as much as so many. */
const VMS = 2;
const PIXEL_BYTES = 4;

/** A VM, as far as its memory goes. */
export interface BudgetedLink {
  /** Pixels of all of its canvases. */
  readonly canvasPx: number;
  /** Bytes of its frames that wait to be drawn. */
  readonly waitingBytes: number;
  /** It sends nothing more; its last frames are still shown. */
  readonly isEnded: boolean;
  /** Cuts it off. */
  violate(detail: string): void;
  /** Gives the memory of its canvases back. */
  release(): void;
}

export class MemoryBudget<Link extends BudgetedLink = BudgetedLink> {
  readonly #links: ReadonlyMap<unknown, Link>;
  #screenPx = MIN_SCREEN_PX;

  /** @param links all that there are, whenever it is asked */
  constructor(links: ReadonlyMap<unknown, Link>) {
    this.#links = links;
  }

  /** Of the page, physical pixels. Canvases of a larger one that was there before are not taken away. */
  setScreen(px: number): void {
    this.#screenPx = Math.max(this.#screenPx, px);
  }

  /** The largest screenshot of a window that a person may ask for. */
  get screenshotPx(): number {
    return maxBufferPx(this.#screenPx);
  }

  /**
   * Before the canvases of a VM grow by `px`; false: it has no room, and was cut off. Where all together have too much, those
   * that have ended lose their frames first, then the largest is cut off.
   */
  hasRoom(link: Link, px: number): boolean {
    const limitPx = this.#canvasPxOfVm;
    const mine = link.canvasPx + px;
    if (mine > limitPx) {
      link.violate(`windows of more than ${limitPx} pixels`);
      return false;
    }
    const all = Array.from(this.#links.values(), (other) => ({
      other,
      px: other === link ? mine : other.canvasPx,
    }));
    let sumPx = all.reduce((sum, one) => sum + one.px, 0);
    if (sumPx <= limitPx * VMS) return true;
    all.sort((a, b) => Number(b.other.isEnded) - Number(a.other.isEnded) || b.px - a.px);
    for (const one of all) {
      if (sumPx <= limitPx * VMS) break;
      sumPx -= one.px;
      if (!one.other.isEnded) one.other.violate(`the windows of all VMs have more than ${limitPx * VMS} pixels`);
      one.other.release();
    }
    return !link.isEnded;
  }

  /** When more of a VM waits to be drawn: as much as its canvases may hold is allowed. */
  limitWaiting(link: Link): void {
    const limitBytes = this.#canvasPxOfVm * PIXEL_BYTES;
    if (link.waitingBytes > limitBytes) return link.violate("more frames than it may send at once");
    let sumBytes = 0;
    let largest = link;
    for (const other of this.#links.values()) {
      sumBytes += other.waitingBytes;
      if (other.waitingBytes > largest.waitingBytes) largest = other;
    }
    if (sumBytes > limitBytes * VMS) largest.violate("more frames than all VMs may send at once");
  }

  get #canvasPxOfVm(): number {
    return Math.min(this.#screenPx * SCREENS_OF_VM, MAX_PX_OF_VM);
  }
}
