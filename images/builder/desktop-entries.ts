/** Which programs of a template open what, from its desktop entries: read once, at its build, as no VM of it may run. */

/** Inside the new root, in the folder that is copied out. */
export const ENTRIES_FILE = "desktop-entries";
/** Of the lines that are copied out: the entries of Debian's largest desktop take a tenth of it. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Longest name of a program, characters. */
const MAX_NAME = 200;

/**
 * A customize hook, as those of hooks.ts. It looks from inside of the new root, whose links may lead anywhere, and changes nothing
 * in it: so a template's hash does not depend on it.
 *
 * @param folder in the new root; it is there
 */
export function entriesScript(folder: string): string {
  const lines = String.raw`grep -HsE "^(\[|Name=|MimeType=|Hidden=)" /usr/share/applications/*.desktop /usr/local/share/applications/*.desktop`;
  return `set -eu
cd /
chroot "$1" /bin/sh -c '${lines} | head -c ${MAX_BYTES}' >"$1${folder}/${ENTRIES_FILE}"
`;
}

/**
 * @param text what the hook wrote: lines of `PATH:LINE`
 * @returns the name of the first program for each MIME type; a scheme's is x-scheme-handler/SCHEME
 */
export function programsOf(text: string): Record<string, string> {
  const entries = new Map<string, Map<string, string>>();
  let [file, group] = ["", ""];
  for (const line of text.split("\n")) {
    const [, path = "", rest = ""] = /^(\/[^:]*\.desktop):(.*)$/.exec(line) ?? [];
    if (path !== file) [file, group] = [path, ""];
    if (rest.startsWith("[")) group = rest.trim();
    if (group !== "[Desktop Entry]") continue;
    const [, key = "", value = ""] = /^(\w+)=(.*)$/.exec(rest) ?? [];
    const entry = entries.get(path) ?? new Map<string, string>();
    entries.set(path, entry.set(key, value.trim()));
  }
  const programs = new Map<string, string>();
  for (const entry of entries.values()) {
    const name = entry.get("Name") ?? "";
    if (name === "" || entry.get("Hidden") === "true") continue;
    for (const type of (entry.get("MimeType") ?? "").split(";").filter(Boolean))
      if (!programs.has(type)) programs.set(type, name.slice(0, MAX_NAME));
  }
  return Object.fromEntries(programs);
}
