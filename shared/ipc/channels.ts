/**
 * The map of channels between main and the desktop's page: name -> kind. All that preload imports.
 * `request`: the page asks, main answers. `report`: the page tells. `event`: main tells. What they carry: contract.ts.
 */
export const CHANNELS = {
  "desktop.attach": "request",
  "desktop.control": "request",
  "desktop.quit": "request",
  "theme.choose": "request",
  "vm.start": "request",
  "vm.stop": "request",
  "vm.kill": "request",
  "vm.pause": "request",
  "vm.resume": "request",
  "template.list": "request",
  "template.build": "request",
  "template.cancel": "request",
  "app.list": "request",
  "app.run": "request",
  "layout.report": "report",
  "placements.report": "report",
  "wm.answer": "report",
  "window.dismissed": "report",
  "quit.shown": "report",
  "vm.changed": "event",
  "template.progress": "event",
  "problems.changed": "event",
  "quit.asked": "event",
  "wm.command": "event",
  "theme.changed": "event",
} as const satisfies Record<string, "request" | "report" | "event">;

export type ChannelName = keyof typeof CHANNELS;
export type ChannelOf<Kind extends (typeof CHANNELS)[ChannelName]> = {
  [Name in ChannelName]: (typeof CHANNELS)[Name] extends Kind ? Name : never;
}[ChannelName];

/** Name of the window message that hands the page its ports of a VM; see LinkPortsMessage. */
export const LINK_PORTS = "atoll.link-ports";
