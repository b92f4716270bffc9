/**
 * Signatures as minisign writes them: ed25519 over the bytes themselves (its algorithm "Ed"; Electron's crypto has no BLAKE2b for
 * "ED"), and over signature and trusted comment. Pure.
 * @see https://jedisct1.github.io/minisign/, "Signature format", "Public key format"
 */
import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** `RW...`: a public key as minisign prints it. */
export type PublicKeyText = string;

/** How long a signature's file may be, bytes. */
export const MAX_SIGNATURE_BYTES = 2_048;
const ALGORITHM = Buffer.from("Ed");
const KEY_ID_BYTES = 8;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const UNTRUSTED = "untrusted comment: ";
const TRUSTED = "trusted comment: ";

interface PublicKey {
  id: Buffer;
  key: KeyObject;
}

/** The public key of a private one. Its id is of its hash, so that a key has one text alone. */
export function publicKeyText(privateKey: KeyObject): PublicKeyText {
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  const raw = Buffer.from(x, "base64url");
  return Buffer.concat([ALGORITHM, idOf(raw), raw]).toString("base64");
}

/** Whether it is a public key. */
export function isPublicKey(text: string): boolean {
  return parsePublicKey(text) !== null;
}

/** What people compare: 80 bits of the key's hash, as `1a2b-3c4d-...`. */
export function fingerprintOf(key: PublicKeyText): string {
  const raw = Buffer.from(key, "base64").subarray(ALGORITHM.length + KEY_ID_BYTES);
  const hash = createHash("sha256").update(raw).digest("hex").slice(0, 20);
  return hash.replaceAll(/.{4}(?=.)/g, "$&-");
}

/** The text of a signature's file. @param comment one line, which is signed too */
export function signatureText(content: Uint8Array, comment: string, privateKey: KeyObject): string {
  const signature = sign(null, content, privateKey);
  const id = Buffer.from(publicKeyText(privateKey), "base64").subarray(
    ALGORITHM.length,
    ALGORITHM.length + KEY_ID_BYTES,
  );
  const line = Buffer.concat([ALGORITHM, id, signature]).toString("base64");
  const both = sign(null, Buffer.concat([signature, Buffer.from(comment)]), privateKey).toString("base64");
  return `${UNTRUSTED}signature of Atoll\n${line}\n${TRUSTED}${comment}\n${both}\n`;
}

/** Why `signature` is not that key's of `content`; null: it is. */
export function signatureProblem(content: Uint8Array, signature: string, key: PublicKeyText): string | null {
  const publicKey = parsePublicKey(key);
  if (publicKey === null) return "its key is none";
  if (signature.length > MAX_SIGNATURE_BYTES) return "its signature is too long";
  const [untrusted = "", line = "", trusted = "", both = "", ...rest] = signature.replace(/\n$/, "").split("\n");
  const signed = fromBase64(line, ALGORITHM.length + KEY_ID_BYTES + SIGNATURE_BYTES);
  const global = fromBase64(both, SIGNATURE_BYTES);
  const isWhole = untrusted.startsWith(UNTRUSTED) && trusted.startsWith(TRUSTED) && rest.length === 0;
  if (!isWhole || signed === null || global === null) return "its signature is not one of minisign";
  if (!signed.subarray(0, ALGORITHM.length).equals(ALGORITHM))
    return 'its signature is of a kind that Atoll does not read: sign it with "atoll service sign", or "minisign -Sl"';
  const id = signed.subarray(ALGORITHM.length, ALGORITHM.length + KEY_ID_BYTES);
  if (!id.equals(publicKey.id)) return "it is signed by another key";
  const own = signed.subarray(ALGORITHM.length + KEY_ID_BYTES);
  const comment = Buffer.from(trusted.slice(TRUSTED.length));
  const isGood =
    verify(null, content, publicKey.key, own) && verify(null, Buffer.concat([own, comment]), publicKey.key, global);
  return isGood ? null : "its signature is wrong: it was changed after it was signed, or another key has signed it";
}

function idOf(raw: Buffer): Buffer {
  return createHash("sha256").update(raw).digest().subarray(0, KEY_ID_BYTES);
}

function parsePublicKey(text: string): PublicKey | null {
  const bytes = fromBase64(text, ALGORITHM.length + KEY_ID_BYTES + KEY_BYTES);
  if (bytes === null || !bytes.subarray(0, ALGORITHM.length).equals(ALGORITHM)) return null;
  const x = bytes.subarray(ALGORITHM.length + KEY_ID_BYTES).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return { id: bytes.subarray(ALGORITHM.length, ALGORITHM.length + KEY_ID_BYTES), key };
}

/** null: it is not exactly the base64 of so many bytes. */
function fromBase64(text: string, size: number): Buffer | null {
  if (text.length !== Math.ceil(size / 3) * 4) return null;
  const bytes = Buffer.from(text, "base64");
  return bytes.length === size && bytes.toString("base64") === text ? bytes : null;
}
