/** Zip archives for tests of scanners. */
import { crc32, deflateRawSync } from "node:zlib";

const DEFLATED = 8;
const ENCRYPTED = 1;

export interface ZipOptions {
  /** Says that its file is encrypted: what lies there is no plain text any more. */
  isEncrypted?: boolean;
}

/** An archive with one file. */
export function zip(name: string, content: Uint8Array, { isEncrypted = false }: ZipOptions = {}): Buffer {
  const packed = deflateRawSync(content);
  // Of an encrypted file 12 bytes stand before its content.
  const data = isEncrypted ? Buffer.concat([Buffer.alloc(12, 0x5a), packed.map((byte) => byte ^ 0xa5)]) : packed;
  const about = Buffer.alloc(26);
  about.writeUInt16LE(20, 0);
  about.writeUInt16LE(isEncrypted ? ENCRYPTED : 0, 2);
  about.writeUInt16LE(DEFLATED, 4);
  about.writeUInt32LE(crc32(content), 10);
  about.writeUInt32LE(data.length, 14);
  about.writeUInt32LE(content.length, 18);
  about.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), about, Buffer.from(name), data]);
  const entry = Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), about, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(entry.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, entry, end]);
}
