/** A letter as a word processor writes it: a zip archive whose first file says its type, without compression. */
import { crc32 } from "node:zlib";

const TYPE = "application/vnd.oasis.opendocument.text";
const NAMESPACES = ["office", "text"].map(
  (name) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`,
);

export function odt(text: string): Buffer {
  const content = `<?xml version="1.0"?><office:document-content ${NAMESPACES.join(" ")} office:version="1.3"><office:body><office:text><text:p>${text}</text:p></office:text></office:body></office:document-content>`;
  const entries = ["/", "content.xml"].map(
    (name) =>
      `<manifest:file-entry manifest:full-path="${name}" manifest:media-type="${name === "/" ? TYPE : "text/xml"}"/>`,
  );
  const manifest = `<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">${entries.join("")}</manifest:manifest>`;
  return storedZip([
    ["mimetype", TYPE],
    ["content.xml", content],
    ["META-INF/manifest.xml", manifest],
  ]);
}

/** The fields that a file's own header and its line in the directory have in common. */
function fields(name: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(26);
  bytes.writeUInt16LE(20, 0); // the version that reads it
  bytes.writeUInt16LE(0x21, 8); // 1980-01-01
  bytes.writeUInt32LE(crc32(data), 10);
  bytes.writeUInt32LE(data.length, 14);
  bytes.writeUInt32LE(data.length, 18);
  bytes.writeUInt16LE(name.length, 22);
  return bytes;
}

function storedZip(files: readonly (readonly [name: string, text: string])[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, text] of files) {
    const data = Buffer.from(text);
    const shared = fields(name, data);
    const offset = Buffer.alloc(14);
    offset.writeUInt32LE(at, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\0"), shared, offset, Buffer.from(name));
    const file = Buffer.concat([Buffer.from("PK\x03\x04"), shared, Buffer.from(name), data]);
    parts.push(file);
    at += file.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, list, end]);
}
