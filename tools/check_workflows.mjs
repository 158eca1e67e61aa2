// Check the workflows of GitHub with actionlint, which comes compiled to WebAssembly.
//
//     node tools/check_workflows.mjs           all of .github/workflows
//     node tools/check_workflows.mjs FILE ...  these
//
// The package brings a command as well, but that one needs a newer Node than everything else here.

import { webcrypto } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const PACKAGE = path.join(ROOT, "node_modules", "@tktco", "node-actionlint");
const WORKFLOWS = path.join(ROOT, ".github", "workflows");

/** Start actionlint; return its function, which gets the text and the name of a workflow. */
async function load() {
  globalThis.crypto ??= webcrypto; // Node 18 does not offer it by itself
  globalThis.throwError = (message) => {
    throw new Error(message);
  };
  createRequire(import.meta.url)(path.join(PACKAGE, "wasm_exec.js"));
  const go = new globalThis.Go();
  const program = await readFile(path.join(PACKAGE, "main.wasm"));
  const { instance } = await WebAssembly.instantiate(program, go.importObject);
  go.run(instance);
  return globalThis.runActionlint;
}

/** The files to check: those named, or all workflows. There must be some. */
async function files(named) {
  if (named.length) return named;
  const found = (await readdir(WORKFLOWS)).filter((name) => /\.ya?ml$/.test(name)).sort();
  if (!found.length) throw new Error(`there is no workflow in ${WORKFLOWS}`);
  return found.map((name) => path.join(WORKFLOWS, name));
}

const lint = await load();
let mistakes = 0;
for (const file of await files(process.argv.slice(2))) {
  const name = path.relative(process.cwd(), file);
  for (const { line, column, message, kind } of lint(await readFile(file, "utf8"), name)) {
    console.log(`${name}:${line}:${column}: ${message} [${kind}]`);
    mistakes += 1;
  }
}
process.exit(mistakes ? 1 : 0);
