/**
 * A failure that a person or a script may see. Words for people are made at the edge (CLI, UI) from code and details;
 * `message` says what happened to what, and what to do next, in one sentence or two.
 */
export type ErrorCode =
  | `vm.${"not-found" | "bad-name" | "name-taken" | "bad-definition" | "not-running" | "already-running" | "busy" | "start-cancelled" | "not-stopped" | "timeout" | "unsupported"}`
  | `window.${"not-found" | "frozen" | "timeout" | "none-to-reopen"}`
  | `app.${"not-found" | "launch-failed" | "no-window"}`
  | `disposable.${"no-memory" | "too-many"}`
  | "kiosk.not-found"
  | `exec.${"failed" | "lost"}`
  | `template.${"not-found" | "bad-recipe" | "unknown-package" | "no-space" | "build-failed" | "cancelled" | "missing-tool" | "not-built" | "build-gone"}`
  | `desktop.${"not-running" | "already-running" | "not-ready" | "replaced" | "socket-taken"}`
  | `hardware.${"program-missing" | "machine-failed" | "monitor-failed" | "path-too-long" | "no-space" | "disk-broken" | "disk-in-use" | "no-nic-slot"}`
  | "network.too-many"
  | "network.not-checked"
  | `usage.${"bad-argument" | "unknown-method"}`
  | `clipboard.${"empty" | "not-offered" | "too-large" | "failed" | "gone"}`
  | `transfer.${"not-found" | "wrong-state" | "failed" | "interrupted" | "cancelled"}`
  | `policy.${"denied" | "unanswered" | "bad-import" | "broken" | "changed" | "not-edited"}`
  | `icon.${"gone" | "not-done"}`
  | `open.${"bad-url" | "no-file" | "no-handler" | "bad-rule" | "changed" | "loop" | "busy" | "too-long" | "failed" | "not-comparable" | "no-safe-copy"}`
  | `audit.${"unreadable" | "unwritable"}`
  | `service.${"not-found" | "not-connected" | "not-healthy" | "busy" | "job-failed" | "too-large" | "bad-folder" | "bad-setting" | "built-in" | "name-taken" | "right-not-asked" | "bad-signature" | "not-signed" | "expired" | "not-newer" | "other-signer" | "update-failed" | "no-version-before"}`
  | `index.${"not-found" | "name-taken" | "unreachable" | "older" | "not-signed" | "not-offered"}`
  | `scan.${"no-scanner" | "signatures-refused" | "no-signatures-before"}`
  | `quarantine.${"not-found" | "not-running" | "gone" | "no-source"}`
  | "settings.broken"
  | `file.${"write-failed" | "not-ours"}`
  | "internal";

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "AppError";
    this.code = code;
    this.details = details;
  }
}

/** Plain form, for IPC envelopes and the control socket. */
export interface ErrorValue {
  code: ErrorCode;
  message: string;
  details: Record<string, unknown>;
}

/** What a thrown value says, whatever it is: for messages that add what happened to what. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Any thrown value as an ErrorValue; what is not an AppError becomes "internal". */
export function toErrorValue(thrown: unknown): ErrorValue {
  if (thrown instanceof AppError) return { code: thrown.code, message: thrown.message, details: { ...thrown.details } };
  return { code: "internal", message: messageOf(thrown), details: {} };
}

export function fromErrorValue(value: ErrorValue): AppError {
  return new AppError(value.code, value.message, value.details);
}
