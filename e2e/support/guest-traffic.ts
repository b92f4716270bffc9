/** What programs of a VM do on the network all the while: one loads something that has no end, one tries what it must not reach. */
import { expect } from "@playwright/test";
import type { FlowView } from "#shared/model/network.ts";
import type { TestDesktop } from "./desktop.ts";

/**
 * A program that begins again where its connection has ended, and only then. It only waits for more, and asks nothing itself
 * (`--no-keepalive`), so that a connection that is lost ends by a reset that somebody sends it, or never.
 */
const LOAD = `while :; do
  echo >>/tmp/attempts
  curl -4 --silent --no-buffer --no-keepalive --connect-timeout 5 http://good.example/endless >/tmp/loaded
  sleep 0.2
done`;

/** Arguments: addresses. Several ports by TCP and UDP, again and again. */
const TRESPASS = `use strict; use Socket qw(:all); use Fcntl;
while (1) {
  my @open;
  for my $to (@ARGV) {
    for my $port (53, 80, 443, 5000) {
      for my $type (SOCK_STREAM, SOCK_DGRAM) {
        my ($error, $found) = getaddrinfo($to, $port, { flags => AI_NUMERICHOST, socktype => $type });
        socket(my $socket, $found->{family}, $type, 0) or next;
        fcntl($socket, F_SETFL, O_NONBLOCK);
        connect($socket, $found->{addr});
        send($socket, "x", 0) if $type == SOCK_DGRAM;
        push @open, $socket;
      }
    }
  }
  select(undef, undef, undef, 1);
}`;
const LOOK_UP = "while :; do getent ahosts bad.example; sleep 1; done";

interface Progress {
  /** Connections that were begun. */
  attempts: number;
  /** That have come by the last one. */
  bytes: number;
}

export class GuestTraffic {
  readonly #desktop: TestDesktop;
  readonly #vm: string;

  constructor(desktop: TestDesktop, vm: string) {
    [this.#desktop, this.#vm] = [desktop, vm];
  }

  async #begin(...argv: string[]): Promise<() => Promise<void>> {
    const script = 'setsid "$@" >/dev/null 2>&1 </dev/null & echo $!';
    const { stdout } = await this.#desktop.atoll("exec", this.#vm, "--", "sh", "-c", script, "-", ...argv);
    const pid = Number(stdout);
    expect(pid).toBeGreaterThan(1);
    return async () => {
      const ended = await this.#desktop.atoll("exec", this.#vm, "--", "sh", "-c", `kill -- -${pid}`);
      expect(ended).toMatchObject({ code: 0 });
    };
  }

  /** Each ends what it has begun. */
  load(): Promise<() => Promise<void>> {
    return this.#begin("sh", "-c", LOAD);
  }

  trespass(...addresses: string[]): Promise<() => Promise<void>> {
    return this.#begin("perl", "-e", TRESPASS, "--", ...addresses);
  }

  lookUpDenied(): Promise<() => Promise<void>> {
    return this.#begin("sh", "-c", LOOK_UP);
  }

  async progress(): Promise<Progress> {
    const script = "wc -l </tmp/attempts; wc -c </tmp/loaded";
    const { stdout } = await this.#desktop.atoll("exec", this.#vm, "--", "sh", "-c", script);
    const [attempts = 0, bytes = 0] = stdout.split("\n").map(Number);
    return { attempts, bytes };
  }

  /** Resolves when more comes by one connection, which began after the attempt `since`. */
  async moves(timeout: number, since = 0): Promise<Progress> {
    let before = await this.progress();
    const grows = async (): Promise<boolean> => {
      const now = await this.progress();
      const isMore = now.attempts > since && now.attempts === before.attempts && now.bytes > before.bytes;
      before = now;
      return isMore;
    };
    await expect.poll(grows, { timeout, message: `more is loaded, after attempt ${since}` }).toBe(true);
    return before;
  }

  /** Resolves when the firewall has told of the connection, as it does once a second: of others nobody can say that they are lost. */
  async isKnown(): Promise<void> {
    const known = async (): Promise<boolean> =>
      (await this.#desktop.json<FlowView[]>("network", "flows")).some(
        ({ vm, name, state, bytesIn }) =>
          vm === this.#vm && name === "good.example" && state === "open" && bytesIn > 65_536,
      );
    await expect.poll(known, { message: "the firewall has told of what is loaded" }).toBe(true);
  }
}
