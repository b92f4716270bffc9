// In the namespace: each connection to a port is given to a command of its own, to its standard input and output, which leads to a
// program in a VM. Arguments: address, port, the command's words.
import { spawn } from "node:child_process";
import net from "node:net";

const [address = "", port = "", command = "", ...words] = process.argv.slice(2);

const server = net.createServer((connection) => {
  const child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
  connection.pipe(child.stdin);
  child.stdout.pipe(connection);
  connection.on("error", () => connection.destroy());
  connection.on("close", () => child.kill());
  child.stdin.on("error", () => connection.destroy());
  child.on("exit", () => connection.end());
});
server.listen(Number(port), address, () => process.stdout.write("ready\n"));
