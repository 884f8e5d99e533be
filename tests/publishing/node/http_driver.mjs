// Carries out the test's commands with the page's publish.mjs (README.md).
import { createInterface } from "node:readline";

import { publish } from "./publish.mjs";

for await (const line of createInterface({ input: process.stdin })) {
  const done = publish("orion.order.created", { id: 1, title: line.split(" ")[1] });
  console.log(await done.then(() => "created", (error) => `failed: ${error.message}`));
}
