/** The kiosks that there are. Another one is another entry here, or of the setting `kiosks`. */
import { type Kiosk, VIEWERS } from "#shared/model/kiosk.ts";
import { DEFAULT_TEMPLATE } from "#shared/model/vm.ts";

const BUILT_IN: readonly Kiosk[] = [
  {
    name: "browser",
    title: "Browser",
    kind: "browser",
    template: "debian-web",
    program: ["firefox-esr"],
    handsOver: true,
    network: "firewall",
    // The first start makes it, and links open there: so it is what may reach the internet.
    for: "web",
    note: "",
  },
  {
    name: "player",
    title: "Media player",
    kind: "video",
    template: "debian-kiosk",
    program: ["atoll-player"],
    handsOver: false,
    network: "none",
    for: "",
    note: "No sound yet",
  },
  {
    name: "remote",
    title: "Remote desktop",
    kind: "remote",
    template: "debian-kiosk",
    program: ["remmina"],
    handsOver: true,
    network: "firewall",
    // The first start makes it, and links open there: so it is what may reach the internet.
    for: "web",
    note: "",
  },
];

/** What waits for a file that is opened in a disposable. It has no program of its own: the file says which. */
const FOR_FILES: Kiosk = {
  name: VIEWERS,
  title: "Viewers",
  kind: "reader",
  template: DEFAULT_TEMPLATE,
  program: [],
  handsOver: false,
  network: "none",
  for: "",
  note: "for files that open in disposables",
};

/** @param own of a person: one of the same name counts in the place of that which there is */
export function kiosksWith(own: readonly Kiosk[]): readonly Kiosk[] {
  return [...new Map([...BUILT_IN, ...own].map((kiosk) => [kiosk.name, kiosk])).values()];
}

/** All that is kept ready, the most important first. */
export function keptReady(own: readonly Kiosk[]): readonly Kiosk[] {
  return [...kiosksWith(own), FOR_FILES];
}

export function isForFiles({ name }: Kiosk): boolean {
  return name === VIEWERS;
}

/** The command line that opens `args` in a VM where its program runs, as process `pid`. */
export function openingArgv({ program, handsOver }: Kiosk, pid: number, args: readonly string[]): string[] {
  if (handsOver) return [...program, ...args];
  return ["sh", "-c", 'kill "$0"; exec "$@"', String(pid), ...program, ...args];
}
