/** `atoll exec`: one command of a guest for each connection of the control socket, with its streams in base64. */
import { z } from "zod";
import { MAX_ARGV, MAX_ARGV_BYTES, MAX_STREAM_CREDIT_BYTES } from "../protocol/limits.ts";
import { domain, event, report, request } from "./declare.ts";
import { askS, errorValue, nothing, vmReference } from "./fields.ts";

const cells = z.int().min(1).max(10_000);
const stream = z.enum(["stdout", "stderr"]);

export const execContract = domain({
  requests: {
    /** @throws AppError policy.denied, policy.unanswered; vm.not-found, vm.not-running */
    "exec.start": request({
      from: ["cli"],
      input: z.strictObject({
        vm: vmReference,
        argv: z.array(z.string().max(MAX_ARGV_BYTES)).min(1).max(MAX_ARGV),
        tty: z.strictObject({ columns: cells, rows: cells, term: z.string().max(64) }).nullable(),
        askS,
      }),
      output: z.null(),
    }),
    /** Answered when the guest has taken the bytes. */
    "exec.write": request({ from: ["cli"], input: z.strictObject({ data: z.base64() }), output: z.null() }),
  },
  reports: {
    "exec.endInput": report({ from: ["cli"], input: nothing }),
    /** So many bytes of a stream have been dealt with: as many more may come. */
    "exec.grant": report({
      from: ["cli"],
      input: z.strictObject({ stream, bytes: z.int().min(1).max(MAX_STREAM_CREDIT_BYTES) }),
    }),
    "exec.signal": report({ from: ["cli"], input: z.strictObject({ signal: z.int().min(1).max(64) }) }),
    "exec.resize": report({ from: ["cli"], input: z.strictObject({ columns: cells, rows: cells }) }),
  },
  events: {
    "exec.output": event({ to: ["cli"], payload: z.strictObject({ stream, data: z.base64() }) }),
    /** Comes after all output. `signal` 0: it ended by itself with `code`. */
    "exec.exited": event({ to: ["cli"], payload: z.strictObject({ code: z.int(), signal: z.int() }) }),
    "exec.failed": event({ to: ["cli"], payload: errorValue }),
  },
});
