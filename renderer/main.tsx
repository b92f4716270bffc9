/** Entry of the desktop's page. */
import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "./ui/tokens.css";
import "./ui/base.css";
import "./ui/button.css";
import { createRoot } from "react-dom/client";
import { Desktop } from "./desktop/Desktop.tsx";
import { startShell } from "./desktop/create-shell.ts";

const root = document.getElementById("desktop");
if (root !== null) createRoot(root).render(<Desktop />);
void startShell();
