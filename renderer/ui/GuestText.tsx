/** Words of a guest within what the host says: quoted, and unable to change how the host's words around them are read. */
import { withinQuotes } from "#shared/model/text.ts";

export function GuestText({ text }: { text: string }) {
  return (
    <>
      “<bdi>{withinQuotes(text)}</bdi>”
    </>
  );
}
