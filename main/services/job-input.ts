/** What a job is made of, for a person who tries a service: a file. */
import { AppError } from "#shared/model/app-error.ts";
import { MAX_TO_PROGRAM_BYTES } from "#shared/model/service-messages.ts";

/** Room for the message around it. */
const MAX_FILE_BYTES = Math.floor(((MAX_TO_PROGRAM_BYTES - 4096) * 3) / 4);

/** JSON of a `.json` file as it is; any other file by its name and its bytes. @throws AppError service.too-large, usage.bad-argument */
export function jobInput(name: string, bytes: Uint8Array): unknown {
  if (bytes.length > MAX_FILE_BYTES)
    throw new AppError("service.too-large", `${name} has ${bytes.length} bytes, and a job at most ${MAX_FILE_BYTES}.`, {
      name,
      bytes: bytes.length,
      limit: MAX_FILE_BYTES,
    });
  if (!name.endsWith(".json")) return { name, base64: Buffer.from(bytes).toString("base64") };
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new AppError("usage.bad-argument", `${name} is not JSON.`, { name }, { cause: error });
  }
}
