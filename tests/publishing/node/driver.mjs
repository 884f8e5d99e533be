// Carries out the test's commands with the page's orders.mjs and token.mjs (README.md).
import { createInterface } from "node:readline";

import "./orders.mjs";
import { app, orders } from "./shop.mjs";
import { tokenFor } from "./token.mjs";

async function create(title) {
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/orders`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ title }),
  });
  return answer.status === 201 && orders.at(-1).title === title ? "created" : `failed: ${answer.status}`;
}

const server = app.listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const commands = { create, token: (user) => `token ${tokenFor(user)}` };
for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument] = line.split(" ");
  console.log(await commands[command](argument));
}
process.exit(0);
