/** Whether there is a Python here, as in the image of a service: set-up for the tests installs it. */
import { execFileSync } from "node:child_process";

export const hasPython = ((): boolean => {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
