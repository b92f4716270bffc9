// Every Debian package that set-up installs, and what for. A list of names is one package under the names it has had,
// the newest first: the first one that this Debian knows is taken (Debian 13 renamed some libraries to …t64).

/** @typedef {{ names: string[], reason: string }} Package */

/** The Debian that has the packages of several names under the first one. */
export const renamedIn = 13;

/**
 * What the application runs on, wherever it comes from: a package of it depends on these.
 *
 * @type {Package[]}
 */
export const forUsing = [
  { names: ["qemu-system-x86"], reason: "runs the VMs" },
  { names: ["qemu-utils"], reason: "qemu-img: the VMs' overlay images" },
  { names: ["bubblewrap"], reason: "keeps each VM's QEMU away from everything else" },
  { names: ["passt"], reason: "the VMs' way to the internet" },
  { names: ["mmdebstrap"], reason: "builds templates from Debian packages" },
  { names: ["uidmap"], reason: "lets mmdebstrap build without root" },
  { names: ["debian-archive-keyring"], reason: "checks the packages of a template" },
  { names: ["e2fsprogs"], reason: "mke2fs: the templates' file system" },
  { names: ["zstd"], reason: "unpacks the templates' kernel" },
  { names: ["xz-utils"], reason: "unpacks the templates' kernel modules" },
  { names: ["x11-utils"], reason: "xprop: the host's keyboard layout" },
  { names: ["libgtk-3-0t64", "libgtk-3-0"], reason: "Electron" },
  { names: ["libnss3"], reason: "Electron" },
  { names: ["libasound2t64", "libasound2"], reason: "Electron" },
  { names: ["libgbm1"], reason: "Electron" },
  { names: ["libxss1"], reason: "Electron" },
  { names: ["libxtst6"], reason: "Electron" },
  { names: ["libatk-bridge2.0-0t64", "libatk-bridge2.0-0"], reason: "Electron" },
];

/** @type {Package[]} */
export const forRunning = [
  ...forUsing,
  { names: ["gcc"], reason: "links the agent" },
  { names: ["libc6-dev"], reason: "links the agent" },
  { names: ["pkg-config"], reason: "finds libxkbcommon for the agent" },
  { names: ["libxkbcommon-dev"], reason: "the agent's keyboard layouts" },
  { names: ["ca-certificates"], reason: "cargo fetches the agent's crates" },
  { names: ["unzip"], reason: "unpacks Electron" },
];

/** @type {Package[]} */
export const forTesting = [
  { names: ["xvfb"], reason: "a display for the end-to-end tests" },
  { names: ["xdotool"], reason: "real key presses (XTEST)" },
  { names: ["xclip"], reason: "another program of the host's display, which copies and pastes" },
  { names: ["xwayland"], reason: "X11 programs in the agent's own tests" },
  { names: ["dnsmasq-base"], reason: "the names of the tests' own internet" },
  { names: ["openssl"], reason: "the certificate of the tests' own internet" },
  { names: ["iproute2"], reason: "the addresses of the tests' own internet" },
  { names: ["python3"], reason: "the antivirus's own tests" },
  { names: ["dbus-daemon"], reason: "a session bus in the agent's own tests" },
  { names: ["libglib2.0-bin"], reason: "gdbus: a program that asks a guest's portal" },
  { names: ["nftables"], reason: "the firewall's own tests, in network namespaces" },
  { names: ["wireguard-go"], reason: "the other end of the tests' tunnel, without the kernel's help" },
  { names: ["wireguard-tools"], reason: "the keys and settings of the tests' tunnel" },
];

/** @type {Package[]} */
export const forLongTesting = [
  { names: ["sway"], reason: "a Wayland display for the long tests" },
  { names: ["wl-clipboard"], reason: "another program of that display, which copies and pastes" },
  { names: ["wtype"], reason: "a keyboard of that display" },
];

/** @type {Package[]} */
export const forBenching = [
  ...forTesting,
  { names: ["tigervnc-viewer"], reason: "the rival that Atoll is measured beside" },
];

/**
 * Installed where no Rust toolchain of at least `minimum` is found: the first list whose cargo is new enough, as it is
 * in Debian `since`.
 */
export const rust = {
  /** edition 2024 */
  minimum: "1.85",
  toolchains: [
    { cargo: "cargo", since: 13, packages: ["cargo", "rustc", "rustfmt", "rust-clippy"] },
    // Debian 12 carries a second, current toolchain beside its own, for browsers.
    { cargo: "cargo-web", since: 12, packages: ["cargo-web", "rustc-web", "rustfmt-web", "rust-web-clippy"] },
  ],
};
