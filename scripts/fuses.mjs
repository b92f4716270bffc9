// The fuses of the packed executable: switches in it that nobody can set from outside. electron-builder.yml names them; here
// they are read back from what it made.
import { FuseState } from "@electron/fuses/dist/constants.js";
import { FuseV1Options, getCurrentFuseWire } from "@electron/fuses";

/** What each must be. */
export const FUSES = /** @type {const} */ ({
  // The `atoll` command is this executable run as Node: bin/atoll-packed.
  RunAsNode: true,
  EnableNodeOptionsEnvironmentVariable: false,
  EnableNodeCliInspectArguments: false,
  // Electron looks at it on macOS and Windows only; on Linux it changes nothing.
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  LoadBrowserProcessSpecificV8Snapshot: false,
  EnableCookieEncryption: false,
  GrantFileProtocolExtraPrivileges: false,
});

/**
 * @param {string} executable
 * @returns {Promise<string[]>} names of those that are not as they must be
 */
export async function wrongFuses(executable) {
  const wire = await getCurrentFuseWire(executable);
  return Object.entries(FUSES)
    .filter(([name, isOn]) => {
      const option = FuseV1Options[/** @type {keyof typeof FUSES} */ (name)];
      return wire[option] !== (isOn ? FuseState.ENABLE : FuseState.DISABLE);
    })
    .map(([name]) => name);
}
