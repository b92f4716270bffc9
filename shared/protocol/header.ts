/** The header of a message: protobuf bytes <-> typed message. */
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { type Header, HeaderSchema } from "./gen/atoll_pb.ts";

/** A message of the wire: `case` is its name, `value` its fields. */
export type WireMessage = Extract<Header["message"], { case: string }>;
export type WireMessageName = WireMessage["case"];
export type WireMessageOf<Name extends WireMessageName> = Extract<WireMessage, { case: Name }>["value"];

export type HeaderResult =
  | { kind: "message"; message: WireMessage }
  /** A message of a newer minor version: to be skipped. */
  | { kind: "unknown" }
  | { kind: "malformed" };

/** Never throws. */
export function decodeHeader(untrustedBytes: Uint8Array): HeaderResult {
  let header: Header;
  try {
    header = fromBinary(HeaderSchema, untrustedBytes);
  } catch {
    return { kind: "malformed" };
  }
  return header.message.case === undefined ? { kind: "unknown" } : { kind: "message", message: header.message };
}

type HeaderInit = Extract<NonNullable<MessageInitShape<typeof HeaderSchema>["message"]>, { case: WireMessageName }>;
/** What a message of that name may be made of; fields left out have their protobuf default. */
export type WireMessageInit<Name extends WireMessageName> = Extract<HeaderInit, { case: Name }>["value"];

export function encodeHeader<Name extends WireMessageName>(name: Name, value: WireMessageInit<Name>): Uint8Array {
  return toBinary(HeaderSchema, create(HeaderSchema, { message: { case: name, value } as HeaderInit }));
}
