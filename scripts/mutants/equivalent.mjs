// Mutants that change nothing that anybody could see: they cannot be killed, and are not counted.

/**
 * @typedef {object} Equivalent
 * @property {string} file
 * @property {string} line the line of the source, without the space around it
 * @property {string} [replacement] of the mutant; left out: any on that line
 * @property {string} reason
 */

const PAST_THE_END =
  "what is read past the end of the block stays inside the memory, and ends in a refusal: only where the source ends with the block is it whole";

/** @type {readonly Equivalent[]} */
export const EQUIVALENT = [
  {
    file: "shared/protocol/execs.ts",
    line: "for (const stream of [stdin, stdout, stderr]) if (stream !== null) this.#streams.drop(stream);",
    replacement: "true",
    reason: "for the types: drop() does nothing for what is no stream",
  },
  {
    file: "shared/protocol/execs.ts",
    line: "for (const stream of Object.values(streams) as (number | null)[]) if (stream !== null) this.#streams.drop(stream);",
    replacement: "true",
    reason: "for the types: drop() does nothing for what is no stream",
  },
  {
    file: "shared/protocol/frame-check.ts",
    line: "if (partial === null) return;",
    replacement: "false",
    reason: "for the types: a frame has been begun before its parts are counted",
  },
  {
    file: "shared/protocol/framing.ts",
    line: "for (let border = length - 1; border > 0; border -= 1) {",
    replacement: "border >= 0",
    reason: "nothing is a border of no length: 0 is what is returned below, too",
  },
  ...["false", "length + 4"].map((replacement) => ({
    file: "shared/protocol/framing.ts",
    line: "this.#payload = length - 4 === headerLength ? NO_BYTES : new Uint8Array(length - 4 - headerLength);",
    replacement,
    reason: "to save a step: an array of no bytes of its own",
  })),
  {
    file: "shared/protocol/framing.ts",
    line: "to.set(taken === from.length ? from : from.subarray(at, at + taken), filled);",
    replacement: "false",
    reason: "to save a step: the part that is the whole",
  },
  {
    file: "shared/protocol/surfaces.ts",
    line: "if (oldest !== undefined) this.#retired.delete(oldest);",
    replacement: "true",
    reason: "for the types: a map with more than one entry has an oldest one",
  },
  {
    file: "shared/protocol/surfaces.ts",
    line: "at?.role === role;",
    replacement: "at.role",
    reason: "for the types: only a window is without a parent, and no popup or subsurface outlives its own",
  },
  {
    file: "shared/protocol/surfaces.ts",
    line: "at = at.parent === null ? undefined : this.#live.get(at.parent)",
    replacement: "false",
    reason: "for the types: there is no surface null",
  },
  {
    file: "shared/protocol/surfaces.ts",
    line: "if (surface.parent !== null && ids.has(surface.parent)) {",
    replacement: "true",
    reason: "of the first half, for the types: there is no surface null",
  },
  {
    file: "shared/protocol/paths.ts",
    line: 'if (untrusted.length === 0 || untrusted.includes(0)) refuse("bad-path", `${what} has no path, or one with NUL`);',
    replacement: "false",
    reason:
      "of the length alone: an empty path is refused with the same code, for it has neither a component nor a / at its beginning",
  },
  {
    file: "shared/protocol/violation.ts",
    line: "if (untrustedText.length > maxBytes || utf8Bytes(untrustedText) > maxBytes) {",
    replacement: "false",
    reason: "of the first half, to save a step: a text has no fewer bytes than UTF-16 units",
  },
  {
    file: "agents/wire/src/framing.rs",
    line: "replace + with * in encode",
    replacement: "*",
    reason: "of what is reserved alone: memory that is there before it is needed; in the length itself it is killed",
  },
  {
    file: "agents/wire/src/framing.rs",
    line: "replace > with >= in Reader::compact",
    replacement: ">=",
    reason: "memory of exactly that size may be given back or kept",
  },
  ...["+", "/"].map((replacement) => ({
    file: "agents/wire/src/framing.rs",
    line: `replace - with ${replacement} in Reader::hunt_on`,
    replacement,
    reason: "a byte or two more of what may be the beginning of an announcement are kept",
  })),
  {
    file: "shared/protocol/clipboard.ts",
    line: "if (this.#aheads.size > MAX_REMEMBERED && oldest !== undefined) this.#aheads.delete(oldest);",
    replacement: "true",
    reason: "of the second half, for the types: a map with more than one entry has an oldest one",
  },
  {
    file: "shared/protocol/files.ts",
    line: 'if (source.role !== "source" || source.state !== "listing")',
    replacement: "false",
    reason: "of the first half, for the types: no target is being listed",
  },
  {
    file: "shared/protocol/files.ts",
    line: 'if (target.role !== "target" || target.state !== "expected")',
    replacement: "false",
    reason: "of the first half, for the types: no source is expected",
  },
  {
    file: "shared/protocol/streams.ts",
    line: "if (this.#open.size >= MAX_STREAMS || this.#highestId >= MAX_U32) return null;",
    replacement: "false",
    reason: "of the second half: no test opens four billion streams; of the first half it is killed",
  },
  {
    file: "shared/protocol/streams.ts",
    line: "if (this.#open.size >= MAX_STREAMS || this.#highestId >= MAX_U32) return null;",
    replacement: "this.#highestId > MAX_U32",
    reason: "no test opens four billion streams",
  },
  {
    file: "shared/protocol/streams.ts",
    line: 'if (entry?.writer !== "host") return;',
    replacement: "entry.writer",
    reason: "for the types: what is closed was open",
  },
  {
    file: "shared/protocol/streams.ts",
    line: "if (this.#ended.size > MAX_REMEMBERED && oldest !== undefined) this.#ended.delete(oldest);",
    replacement: "true",
    reason: "of the second half, for the types: a map with more than one entry has an oldest one",
  },
  {
    file: "shared/model/opened-url.ts",
    line: "if (untrustedUrl.length > MAX_URL_BYTES || utf8Bytes(untrustedUrl) > MAX_URL_BYTES)",
    replacement: "false",
    reason: "of the first half, to save a step: a text has no fewer bytes than UTF-16 units",
  },
  {
    file: "shared/model/opened-url.ts",
    line: 'if (url === null || url.hostname === "") return { ok: false, reason: "it is no valid address" };',
    replacement: "false",
    reason: "of the second half: the parser gives no http address without a host; of the first it is killed",
  },
  {
    file: "shared/model/opened-url.ts",
    line: 'if (url === null) return { ok: false, reason: "it is no valid address" };',
    reason: "for the types: the parser takes whatever follows mailto:",
  },
  {
    file: "shared/model/opened-url.ts",
    line: 'if (!/^[!-~]+$/.test(href)) return { ok: false, reason: "it is no valid address" };',
    reason: "a second check: of what has passed the first ones the parser makes nothing but printable ASCII",
  },
  {
    file: "shared/model/picture.ts",
    line: 'return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max;',
    replacement: "true",
    reason: "of the first part, for the types: what is an integer is a number; of the others it is killed",
  },
  {
    file: "shared/model/service.ts",
    line: 'if (typeof value === "number" && Number.isFinite(value) && value >= min && value <= max) return null;',
    replacement: "true",
    reason: "of the first part, for the types: what is finite is a number; of the others it is killed",
  },
  {
    file: "shared/model/text.ts",
    line: "if (line.length <= maxGraphemes) return line;",
    reason: "to save a step: a line has no more clusters than units",
  },
  {
    file: "shared/model/text.ts",
    line: 'return code < 0x100 ? `\\\\x${code.toString(16).padStart(2, "0")}` : `\\\\u{${code.toString(16)}}`;',
    replacement: "code <= 0x100",
    reason: "U+0100 is no control character",
  },
  {
    file: "shared/model/vm.ts",
    line: "return REACH[one] <= REACH[other] ? one : other;",
    replacement: "REACH[one] < REACH[other]",
    reason: "two that reach as far are the same",
  },
  {
    file: "main/control/server.ts",
    line: 'socket.on("error", () => socket.destroy());',
    reason:
      "a Unix socket gives no error before the token, when nothing is written; it is there for what Node may do one day",
  },
  {
    file: "main/link/clips/address-filter.ts",
    line: String.raw`if (untrusted.startsWith("-") || /[\s\p{C}\\]|%00/iu.test(untrusted)) return null;`,
    replacement: "false",
    reason: "of the first half: the parser takes no address whose scheme begins so; of the second it is killed",
  },
  {
    file: "main/link/clips/text-filter.ts",
    line: "const bytes = this.#begun.length === 0 ? untrusted : Buffer.concat([this.#begun, untrusted]);",
    replacement: "false",
    reason: "to save a step: a copy of the same bytes",
  },
  {
    file: "main/link/clips/text-filter.ts",
    line: "while (at < bytes.length) {",
    replacement: "at <= bytes.length",
    reason: "past the end there is NUL, which is left out",
  },
  {
    file: "main/link/clips/buffered-reading.ts",
    line: "if (this.#head.length < HEAD_BYTES)",
    reason: "to save a step: nothing is added to a head that is full",
  },
  {
    file: "main/link/clips/buffered-reading.ts",
    line: "if (port !== null) this.#sendTo(port);",
    replacement: "true",
    reason: "for the types: there is no credit before there is a port",
  },
  {
    file: "main/link/clips/giving.ts",
    line: "if (this.#isOver) return;",
    replacement: "false",
    reason: "of what the port says alone: it says nothing once it is over; elsewhere it is killed",
  },
  {
    file: "main/link/services/frames.ts",
    line: 'if (this.#serialAtAttach.delete(surface)) this.#context.page?.pixels({ type: "retired", surface });',
    replacement: "this.#context.page.pixels",
    reason: "for the types: a page gave the credit, and after the first there always is one",
  },
  {
    file: "main/link/services/frames.ts",
    line: "if (before !== undefined && frame.serial > before) this.#context.page?.pixels(frame);",
    replacement: "true",
    reason: "of the first half, for the types: no serial is above undefined; of the second it is killed",
  },
  {
    file: "main/link/services/frames.ts",
    line: "this.#isDrawnAhead = false;",
    replacement: "true",
    reason: "a second check: nothing is drawn ahead while there is a page, and after the first there always is one",
  },
  {
    file: "main/link/services/frames.ts",
    line: "if (!this.#isAhead || surface === undefined || surface.credits > 0) return;",
    replacement: "false",
    reason: "of the second part, for the types: each caller has a surface that is open; of the others it is killed",
  },
  {
    file: "main/link/services/streams.ts",
    line: "#forget(stream: number): void {",
    replacement: "{}",
    reason: "memory alone: the id of a stream that is over is never used again",
  },
  {
    file: "main/link/link.ts",
    line: "if (route === undefined) throw new Error(`no service declares that it sends ${name}`);",
    replacement: "false",
    reason: "for the types: services declare what they send",
  },
  {
    file: "main/link/link.ts",
    line: "if (channel.queuedBytes > MAX_QUEUED_BYTES)",
    replacement: "channel.queuedBytes >= MAX_QUEUED_BYTES",
    reason: "a byte more or less of 8 MiB",
  },
  {
    file: "main/link/joint.ts",
    line: "if (this.#port.isOver) return;",
    replacement: "false",
    reason:
      "a second check: of a stream that is over the table drops what still comes, and neither stops nor ends it again",
  },
  {
    file: "main/link/joint.ts",
    line: 'if (!this.#port.isOver) this.#port.say({ type: "credit", bytes });',
    replacement: "true",
    reason: "a second check: a port that is closed says nothing",
  },
  ...[
    [
      "this.#messages.get(message.case)?.(message.value, payload);",
      "this.#messages.get(message.case)(message.value, payload)",
    ],
    ["this.#commands.get(command.type)?.(command);", "this.#commands.get(command.type)(command)"],
    ["this.#byName.get(name)?.order?.(order as never, ports);", "this.#byName.get(name).order"],
    ["this.#byName.get(name)?.order?.(order as never, ports);", "this.#byName.get(name)?.order(order as never, ports)"],
  ].map(([line = "", replacement = ""]) => ({
    file: "main/link/service-set.ts",
    line,
    replacement,
    reason:
      "for the types: the session, the page's schema and the contracts let nothing pass that no service has declared",
  })),
  {
    file: "main/link/port-channel.ts",
    line: "if (!this.#isClosed) this.#socket.write(message);",
    replacement: "true",
    reason: "a second check: a socket that is destroyed takes nothing, and its error is not told any more",
  },
  {
    file: "main/link/port-channel.ts",
    line: "if (this.#isClosed) return;",
    replacement: "false",
    reason:
      "in close(), which may be called twice, and in #received(), for nothing is read of a socket that is destroyed; in #lose() it is killed",
  },
  ...["opening", "partial", "pause"].map((name) => ({
    file: "main/link/port-channel.ts",
    line: `if (this.#${name}Timer !== null) clearTimeout(this.#${name}Timer);`,
    replacement: "true",
    reason: "for the types: clearTimeout() takes null",
  })),
  ...["false", "this.#isClosed && this.#isOpen"].map((replacement) => ({
    file: "main/link/port-channel.ts",
    line: "if (this.#isClosed || this.#isOpen) return;",
    replacement,
    reason: "a second check: the timer has ended by then",
  })),
  {
    file: "main/link/port-channel.ts",
    line: "if (this.#partialTimer !== null && (this.#completed > 0 || !this.#reader.isPartial)) {",
    replacement: "true",
    reason: "of the first half, for the types: clearTimeout() takes null; of the second it is killed",
  },
  {
    file: "main/link/surface-event-coalescer.ts",
    line: "take(event: Event, retired: readonly SurfaceId[] = []): void {",
    reason: "no surface has that name",
  },
  {
    file: "main/link/surface-event-coalescer.ts",
    line: 'if (event.type === "surfaceClosed" && this.#forget(event.surface, retired)) return;',
    replacement: "true",
    reason: "of the first half, for the types: nothing but a close has ended surfaces",
  },
  ...["surface-event-coalescer", "newest-pace"].map((name) => ({
    file: `main/link/${name}.ts`,
    line: "if (this.#timer !== null) clearTimeout(this.#timer);",
    replacement: "true",
    reason: "for the types: clearTimeout() takes null",
  })),
  ...["false", 'before.type !== "windowChanged" && event.type !== "windowChanged"'].map((replacement) => ({
    file: "main/link/surface-event-coalescer.ts",
    line: 'if (before.type !== "windowChanged" || event.type !== "windowChanged") return event;',
    replacement,
    reason: "of one half, for the types: the two have one key, and so one type",
  })),
  {
    file: "main/link/services/surfaces.ts",
    line: "for (const event of this.#mirror.events()) page.surface(this.#withLaunchAge(event), []);",
    replacement: '["Stryker was here"]',
    reason: "no surface has that name",
  },
  {
    file: "main/link/services/surfaces.ts",
    line: "if (launch === null || this.#context.use(launches).ageMs(launch) !== null) return event;",
    replacement: "false",
    reason: "of the first half, to save a step: no launch is made none again",
  },
  {
    file: "main/link/services/surfaces.ts",
    line: 'if (event.type !== "windowOpened" || event.window.launch === null) return event;',
    replacement: "false",
    reason: "of the second half, for the types: no launch has no age; of the first it is killed",
  },
  ...["true", "retired.length >= 0"].map((replacement) => ({
    file: "main/link/services/surfaces.ts",
    line: "if (retired.length > 0) for (const listener of this.#retiredListeners) listener(retired);",
    replacement,
    reason: "to save a step: listeners do nothing for no surfaces",
  })),
  ...["windowOpened", "popupOpened"].flatMap((type) =>
    ["true", "opened.type"].map((replacement) => ({
      file: "main/link/surface-mirror.ts",
      line: `if (opened?.type === "${type}")`,
      replacement,
      reason: "for the types: the table of surfaces has required one of that role",
    })),
  ),
  {
    file: "main/link/surface-mirror.ts",
    line: 'return this.#opened.get(surface)?.type === "windowOpened";',
    replacement: "this.#opened.get(surface).type",
    reason: "for the types: what closes was open",
  },
  {
    file: "renderer/compositor/decoders/decoder.ts",
    line: "if (offset < 0 || size < 0 || offset + size > this.#payloadBytes) return null;",
    replacement: "false",
    reason: "of the size alone: a negative one is not the size of a raw rectangle, and no LZ4 block; neither is 0",
  },
  {
    file: "renderer/compositor/decoders/decoder.ts",
    line: "if (offset < 0 || size < 0 || offset + size > this.#payloadBytes) return null;",
    replacement: "size <= 0",
    reason: "of the size alone: a negative one is not the size of a raw rectangle, and no LZ4 block; neither is 0",
  },
  {
    file: "renderer/compositor/decoders/decoder.ts",
    line: "if (bytes <= this.#targetBytes) return;",
    replacement: "false",
    reason: "to save a step: what is there already is not missing",
  },
  {
    file: "renderer/compositor/decoders/decoder.ts",
    line: "if (bytes <= this.#targetBytes) return;",
    replacement: "bytes < this.#targetBytes",
    reason: "to save a step: what is there already is not missing",
  },
  {
    file: "renderer/compositor/decoders/decoder.ts",
    line: "if (missing > 0) this.#wasm.memory.grow(Math.ceil(missing / PAGE_BYTES));",
    replacement: "true",
    reason: "less than a page too much rounds to none",
  },
  {
    file: "renderer/compositor/decoders/decoder.ts",
    line: "if (missing > 0) this.#wasm.memory.grow(Math.ceil(missing / PAGE_BYTES));",
    replacement: "missing >= 0",
    reason: "less than a page too much rounds to none",
  },
  {
    file: "renderer/compositor/decoders/assembly/lz4.ts",
    line: "while (target < end) {",
    replacement: "while (target <= end) {",
    reason: "16 bytes more, for which PADDING_BYTES has room",
  },
  {
    file: "renderer/compositor/decoders/assembly/lz4.ts",
    line: "while (source < sourceEnd) {",
    replacement: "while (source <= sourceEnd) {",
    reason: "past its end a block is never whole, and its target full: what is read there is refused",
  },
  {
    file: "renderer/compositor/decoders/assembly/lz4.ts",
    line: "if (source >= sourceEnd) return false;",
    reason: PAST_THE_END,
  },
  {
    file: "renderer/compositor/decoders/assembly/lz4.ts",
    line: "if (literals > sourceEnd - source || literals > targetEnd - target) return false;",
    replacement: "if (literals > sourceEnd + source || literals > targetEnd - target) return false;",
    reason: PAST_THE_END,
  },
  {
    file: "renderer/compositor/decoders/assembly/lz4.ts",
    line: "if (sourceEnd - source < 2) return false;",
    reason: PAST_THE_END,
  },
  {
    file: "renderer/compositor/decoders/assembly/lz4.ts",
    line: "if (offset >= 16) {",
    replacement: "if (offset > 16) {",
    reason: "at 16 the loop by bytes gives the same",
  },
  {
    file: "renderer/compositor/decoders/assembly/lz4.ts",
    line: "for (let i: usize = 0; i < length; i++) store<u8>(target + i, load<u8>(match + i));",
    replacement: "for (let i: usize = 0; i <= length; i++) store<u8>(target + i, load<u8>(match + i));",
    reason: "a byte more, for which PADDING_BYTES has room",
  },
];
