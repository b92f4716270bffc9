/** A person's own key, which signs services: `config/service-signing-key.pem`, made when it is first used. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import fsp from "node:fs/promises";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { textOrNone } from "../../base/read-text.ts";
import { writeFileAtomically } from "../../base/write-file.ts";

const KEY_FILE = "service-signing-key.pem";

/** @throws AppError file.write-failed, file.not-ours */
export async function signingKey(configFolder: string): Promise<KeyObject> {
  const file = path.join(configFolder, KEY_FILE);
  try {
    await fsp.mkdir(configFolder, { recursive: true, mode: 0o700 });
    if ((await textOrNone(file)) === "") {
      const { privateKey } = generateKeyPairSync("ed25519");
      await writeFileAtomically(file, privateKey.export({ type: "pkcs8", format: "pem" }), { isNew: true });
    }
  } catch (error) {
    throw new AppError("file.write-failed", `${file} cannot be made: ${messageOf(error)}.`, { file });
  }
  const { mode } = await fsp.stat(file);
  // Who can read it can sign in this person's name.
  if ((mode & 0o077) !== 0)
    throw new AppError("file.not-ours", `${file} can be read by others: close it ("chmod 600 ${file}").`, { file });
  const key = await fsp.readFile(file, "utf8").then(
    (text) => keyOf(text),
    () => null,
  );
  if (key === null)
    throw new AppError("file.not-ours", `${file} is not an ed25519 key: put yours there, or remove it.`, { file });
  return key;
}

function keyOf(text: string): KeyObject | null {
  try {
    const key = createPrivateKey(text);
    return key.asymmetricKeyType === "ed25519" ? key : null;
  } catch {
    return null;
  }
}
