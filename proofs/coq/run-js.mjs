// Checks the proofs without a native Coq: jscoq (Coq 8.17 compiled to JavaScript) goes through the theory and the instances as one
// file, each source file being a module of it. jscoq is fetched from the npm registry on first use, into .build-js/; it is no
// dependency of this package.
//
//   node proofs/coq/run-js.mjs [INSTANCE.v …]     (default: all of instances/)
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { assumptions, here, instances, seconds, theory } from "./project.mjs";

const JSCOQ = "jscoq@0.17.1";
const PACKAGES = "init,coq-base,coq-arith,coq-reals,coq-collections";
const build = join(here, ".build-js");
const cli = join(build, "node_modules/jscoq/dist-cli/cli.cjs");

mkdirSync(build, { recursive: true });
if (!existsSync(cli)) {
  console.log(`fetching ${JSCOQ} into ${build}`);
  writeFileSync(join(build, "package.json"), '{ "private": true }\n');
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", build, JSCOQ];
  const { status } = spawnSync("npm", args, { stdio: "inherit" });
  if (status !== 0 || !existsSync(cli)) {
    console.error(`${JSCOQ} could not be fetched from the npm registry`);
    process.exit(1);
  }
}

/** A source file as a module of the one file that jscoq reads. */
function asModule(path) {
  const name = basename(path, ".v");
  const text = readFileSync(path, "utf8").replace(/^From MarginCert Require (Import|Export)/gm, "$1");
  return `Module ${name}.\n${text}\nEnd ${name}.\n`;
}
const chosen = process.argv.length > 2 ? process.argv.slice(2).map((f) => resolve(f)) : instances.map((f) => join(here, f));
const parts = [
  ...theory.map((file) => `${asModule(join(here, file))}Import ${basename(file, ".v")}.\n`),
  ...chosen.map(asModule),
];
const source = join(build, "everything.v");
writeFileSync(source, parts.join("\n"));

const start = performance.now();
console.log(`jscoq reads ${theory.length} files of theory and ${chosen.length} instances; this takes minutes`);
// Into a file: jscoq ends without waiting for a pipe to be read.
const log = join(build, "output.txt");
const file = openSync(log, "w");
const child = spawn(process.execPath, [cli, "run", "--load", PACKAGES, "-l", source], {
  cwd: build,
  stdio: ["ignore", file, file],
});
child.on("close", (code) => {
  const output = readFileSync(log, "utf8");
  const fail = (reason) => {
    console.error(`FAILED: ${reason} (all output: ${log})`);
    process.exit(1);
  };
  const error = /\[(?:Error|Exception)\][^]{0,500}|^Aborted.*/m.exec(output);
  if (error !== null) fail(error[0]);
  if (code !== 0) fail(`jscoq ended with code ${code}`);
  const { printed, extra } = assumptions(output);
  // One block of axioms for the soundness theorems, and one for each instance.
  if (printed !== chosen.length + 1) fail(`${printed} of ${chosen.length + 1} lists of assumptions were printed`);
  if (extra.length > 0) fail(`assumes ${extra.join(", ")}`);
  console.log(`All proved, ${seconds(start)}`);
});
