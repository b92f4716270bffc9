/** Entry of the desktop's page. */
import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "./ui/tokens.css";
import "./ui/base.css";
import "./ui/button.css";
import { createRoot } from "react-dom/client";
import { Compositor } from "./compositor/compositor.ts";
import { createShell } from "./desktop/create-shell.ts";
import { Desktop } from "./desktop/Desktop.tsx";
import { trustOwnScripts } from "./host/own-scripts.ts";
import { Part } from "./shell/Part.tsx";
import { ShellContext } from "./shell/shell.ts";

trustOwnScripts();
const root = document.getElementById("desktop");
const { shell, start } = createShell({ bridge: window.atoll, compositor: new Compositor() });
if (root !== null) {
  createRoot(root).render(
    <ShellContext value={shell}>
      <Part name="The desktop" place={(said) => <div className="part-failed-above">{said}</div>}>
        <Desktop />
      </Part>
    </ShellContext>,
  );
}
void start();
