/** How the application lets go of its parts at its end. */
import { logDefect } from "../base/log.ts";

interface Closed {
  close(): void | Promise<void>;
}

export interface EndingParts {
  /** They have machines that may not outlive the application, or make something that would be left half made. */
  builds: { cancelAll(): Promise<void> };
  kiosks: Closed;
  disposables: Closed;
  forks: Closed;
  snapshots: Closed;
  /** They follow VMs and the host. */
  keymap: Closed;
  icons: { end(): void };
  scanning: Closed;
  services: Closed;
  networks: Closed;
  application: { release(): void };
  server: Closed;
  /** They write. */
  knownPrograms: { settled(): Promise<void> };
  placements: { flush(): void };
  lastWindows: { flush(): void };
  audit: Closed;
}

/** In this order. One that cannot be let go of is in the log and keeps no other from it: what is to be written is written. */
export async function letGo(parts: EndingParts): Promise<void> {
  const { builds, kiosks, disposables, forks, snapshots } = parts;
  await all([
    () => builds.cancelAll(),
    () => kiosks.close(),
    () => disposables.close(),
    () => forks.close(),
    () => snapshots.close(),
  ]);
  const { keymap, icons, scanning, services, networks, application, server, knownPrograms } = parts;
  await all([
    () => keymap.close(),
    () => icons.end(),
    () => scanning.close(),
    () => services.close(),
    () => networks.close(),
    () => application.release(),
    // Another application may take its place from then on.
    () => server.close(),
    () => knownPrograms.settled(),
  ]);
  const { placements, lastWindows, audit } = parts;
  await all([() => placements.flush(), () => lastWindows.flush(), () => audit.close()]);
}

/** Each is begun, in turn, before any is awaited. Never rejects. */
async function all(ends: readonly (() => void | Promise<void>)[]): Promise<void> {
  const outcomes = await Promise.allSettled(ends.map(async (end) => end()));
  for (const outcome of outcomes) if (outcome.status === "rejected") logDefect("the end", outcome.reason);
}
