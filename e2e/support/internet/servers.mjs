// In the namespace: HTTP and HTTPS on all its addresses, and a way in for the test. Arguments: folder of its files.
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import path from "node:path";

const folder = process.argv[2] ?? ".";

/** The test file of virus scanners, in two parts: this one is none. */
const EICAR = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join("");

/** Of one colour, so that a test sees whether it is drawn. */
const PAGE = "<!doctype html><title>A page of one colour</title><body style='margin: 0; background: #c03070'>";

/** @type {http.RequestListener} */
const answer = (request, response) => {
  const { socket } = request;
  // A socket of both families writes an address of IPv4 so.
  const address = (socket.localAddress ?? "").replace(/^::ffff:/, "");
  if (request.url === "/eicar") return void response.end(EICAR);
  if (request.url === "/page") {
    response.setHeader("content-type", "text/html");
    return void response.end(PAGE);
  }
  if (request.url === "/endless") {
    const more = setInterval(() => response.write("x".repeat(2048)), 50);
    return void response.on("close", () => clearInterval(more));
  }
  // What a test has put there.
  const file = path.join(folder, path.basename(request.url ?? ""));
  if (request.url?.endsWith(".cvd") === true) {
    const content = fs.existsSync(file) ? fs.readFileSync(file) : null;
    response.statusCode = content === null ? 404 : 200;
    return void response.end(content ?? "");
  }
  response.end(`hello from ${address} for ${request.headers.host}\n`);
};
const certificate = {
  key: fs.readFileSync(path.join(folder, "key.pem")),
  cert: fs.readFileSync(path.join(folder, "certificate.pem")),
};

/** @param {net.Server} server @param {string | number} where */
const listening = (server, where) => new Promise((resolve) => void server.listen(where, () => resolve(undefined)));

// Its first line is a port of the namespace's own 127.0.0.1.
const wayIn = net.createServer((outside) => {
  outside.on("error", () => outside.destroy());
  outside.once("data", (line) => {
    const inside = net.connect(Number(String(line)), "127.0.0.1");
    inside.on("error", () => outside.destroy());
    inside.on("close", () => outside.destroy());
    outside.on("close", () => inside.destroy());
    inside.once("connect", () => {
      outside.write("connected\n");
      outside.pipe(inside).pipe(outside);
    });
  });
});

await Promise.all([
  listening(http.createServer(answer), 80),
  listening(https.createServer(certificate, answer), 443),
  listening(wayIn, path.join(folder, "in.sock")),
]);
process.stdout.write("ready\n");
