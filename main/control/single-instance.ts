/** A second application on the same home brings the first one's desktop to the front, and ends with a clear word. */
import { AppError } from "#shared/model/app-error.ts";
import { ControlClient } from "./cli/client.ts";

export async function raiseOther(error: unknown): Promise<void> {
  if (!(error instanceof AppError) || error.code !== "desktop.already-running") return;
  const client = await ControlClient.connect();
  await client.call("desktop.raise", {});
  client.close();
}
