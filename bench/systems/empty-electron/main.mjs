// The least that an Electron application can be: a window of the screen's size with one colour in it.
import { app, BrowserWindow, Menu, screen } from "electron";

app.disableHardwareAcceleration();
Menu.setApplicationMenu(null);
// Not awaited: Electron becomes ready only when this module has run.
void app.whenReady().then(() => {
  const window = new BrowserWindow({
    ...screen.getPrimaryDisplay().workArea,
    frame: false,
    show: false,
    webPreferences: { sandbox: true },
  });
  window.once("ready-to-show", () => window.show());
  return window.loadURL("data:text/html,<body style='background:teal'>");
});
