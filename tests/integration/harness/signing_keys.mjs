// Key pairs as openssl makes them, for each algorithm of tokens.
import { writeFileSync } from "node:fs";
import path from "node:path";

import { run } from "./process.mjs";

const CURVES = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };

function arguments_(alg) {
  if (CURVES[alg]) return ["-algorithm", "EC", "-pkeyopt", `ec_paramgen_curve:${CURVES[alg]}`];
  if (alg === "EdDSA") return ["-algorithm", "ed25519"];
  return ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
}

export const ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
  "ES256", "ES384", "ES512", "EdDSA"];

// { file, toml }: the file that signs, and the lines of [keys.<name>] that verify it.
export async function makeSigningKey(folder, alg, name = alg) {
  const file = path.join(folder, `${name}.key`);
  const lines = `[keys.${name}]\nalgorithms = ["${alg}"]\n`;
  if (alg.startsWith("HS")) {
    const { stdout } = await run("openssl", ["rand", "-base64", "48"]);
    writeFileSync(file, `${stdout}\n`);
    return { file, toml: `${lines}secret = { file = "${file}" }\n` };
  }
  const made = await run("openssl", ["genpkey", ...arguments_(alg), "-out", file]);
  if (made.code !== 0) throw new Error(`openssl genpkey: ${made.stderr}`);
  const publicFile = path.join(folder, `${name}.pem`);
  const exported = await run("openssl", ["pkey", "-in", file, "-pubout", "-out", publicFile]);
  if (exported.code !== 0) throw new Error(`openssl pkey: ${exported.stderr}`);
  return { file, toml: `${lines}public_key = { file = "${publicFile}" }\n` };
}
