/** A second application on the same home brings the first one's desktop to the front, and ends with a clear message. */
import { AppError } from "#shared/model/app-error.ts";
import { ControlClient } from "./cli/client.ts";

const RAISE_TIMEOUT_MS = 5_000;

/** @throws AppError desktop.socket-taken when what answers there is not Atoll, or hangs; desktop.not-ready when nobody does */
export async function raiseOther(error: unknown): Promise<void> {
  if (!(error instanceof AppError) || error.code !== "desktop.already-running") return;
  const client = await connected(error.details);
  const timer = setTimeout(() => client.close(), RAISE_TIMEOUT_MS);
  try {
    await client.call("desktop.raise", {});
  } catch (cause) {
    if (cause instanceof AppError && cause.code === "desktop.not-ready") return; // it opens in this moment
    throw socketTaken(error.details, cause);
  } finally {
    clearTimeout(timer);
    client.close();
  }
}

async function connected(details: AppError["details"]): Promise<ControlClient> {
  try {
    return await ControlClient.connect();
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    if (cause.code === "desktop.socket-taken") throw socketTaken(details, cause);
    if (cause.code !== "desktop.not-running") throw cause;
    throw new AppError(
      "desktop.not-ready",
      `Atoll for ${String(details["socket"])} is starting, or ending, at this moment: try again.`,
      details,
      { cause },
    );
  }
}

function socketTaken(details: AppError["details"], cause: unknown): AppError {
  return new AppError(
    "desktop.socket-taken",
    `${String(details["socket"])} is in use by something that does not answer as Atoll does: end it, or set ATOLL_HOME to another folder.`,
    details,
    { cause },
  );
}
