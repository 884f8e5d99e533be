// A gateway whose configuration the test rewrites while it runs.
import { writeFileSync } from "node:fs";
import path from "node:path";

import { carillon, startCarillon } from "./carillon.mjs";
import { temporaryFolder } from "./process.mjs";
import { SECRET } from "./tokens.mjs";

// The gateway has a control socket, and its secret in a file. `write({ server, endpoint, keys, listen, shards,
// extra })` writes the configuration anew with these parts, the others as at the start; `reload()` runs `carillon
// reload`.
export async function startReloadable(t, first = {}, options = {}) {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "gateway.toml");
  const control = path.join(folder, "control.sock");
  const secretFile = path.join(folder, "jwt.secret");
  writeFileSync(secretFile, SECRET);
  const mainKey = `[keys.main]\nalgorithms = ["HS256"]\nsecret = { file = "${secretFile}" }`;
  const text = ({ server = "", endpoint = "", keys = mainKey, listen = '["127.0.0.1:0"]', shards = 2, bus = "memory:", extra = "" }) => `
[server]
listen = ${listen}
control = "${control}"
shards = ${shards}
drain = "1s"
${server}
[bus]
url = "${bus}"
${keys}
[api]
keys = [{ env = "CARILLON_API_KEY" }]
${extra}
[[endpoint]]
profile = "orion"
${endpoint}
`;
  const server = await startCarillon(t, { ...options, file, text: text(first) });
  return Object.assign(server, {
    control, file, secretFile, mainKey,
    write: (changed) => writeFileSync(file, text({ ...first, ...changed })),
    reload: () => carillon(["reload", "--config", file]),
  });
}
