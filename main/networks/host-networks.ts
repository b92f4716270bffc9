/**
 * The addresses of this machine and the networks that it is in: no VM reaches them as a part of the internet. Node has no event
 * for their change, so they are read every two seconds; meanwhile the relay, which the kernel notifies, drops what goes there.
 */
import { BlockList, isIPv6 } from "node:net";
import os from "node:os";
import { Emitter } from "../base/emitter.ts";
import { addressesIn, isOfTestInternet } from "../policy/destination.ts";

const LOOK_MS = 2_000;

/** An address of an interface: `cidr` is ADDRESS/PREFIX; null: its mask has holes. `internal`: of the loopback. */
interface InterfaceAddress {
  readonly address: string;
  readonly cidr: string | null;
  readonly internal: boolean;
}

export class HostNetworks extends Emitter<{ changed: [] }> {
  readonly #addresses: () => readonly InterfaceAddress[];
  #cidrs: readonly string[];
  #isNear: (address: string) => boolean;

  constructor(addresses: () => readonly InterfaceAddress[] = addressesOfHost) {
    super();
    this.#addresses = addresses;
    this.#cidrs = networksOf(addresses());
    this.#isNear = addressesIn(this.#cidrs);
  }

  /** Each once, in the order of their texts. */
  get cidrs(): readonly string[] {
    return this.#cidrs;
  }

  /** Whether an address is this machine's own, or of a network that it is in. */
  readonly isNear = (address: string): boolean => this.#isNear(address);

  /** Looks for changes from now on. Returns a function that ends it. */
  watch(): () => void {
    const timer = setInterval(() => this.look(), LOOK_MS);
    timer.unref();
    return () => clearInterval(timer);
  }

  look(): void {
    const cidrs = networksOf(this.#addresses());
    if (cidrs.length === this.#cidrs.length && cidrs.every((cidr, at) => cidr === this.#cidrs[at])) return;
    this.#cidrs = cidrs;
    this.#isNear = addressesIn(cidrs);
    this.emit("changed");
  }
}

/**
 * A loopback's and a link's own networks are among the reserved ones, which are no internet anyway. A test internet that this machine
 * makes up is at its loopback interface: that is one.
 */
const RESERVED = new BlockList();
RESERVED.addSubnet("127.0.0.0", 8, "ipv4");
RESERVED.addAddress("::1", "ipv6");
RESERVED.addSubnet("fe80::", 10, "ipv6");

function networksOf(addresses: readonly InterfaceAddress[]): string[] {
  const found = addresses.flatMap(({ address, cidr, internal }) => {
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (RESERVED.check(address, family) || (internal && isOfTestInternet(address))) return [];
    return [cidr ?? `${address}/${family === "ipv6" ? 128 : 32}`];
  });
  return [...new Set(found)].sort();
}

function addressesOfHost(): readonly InterfaceAddress[] {
  return Object.values(os.networkInterfaces()).flatMap((addresses) => addresses ?? []);
}
