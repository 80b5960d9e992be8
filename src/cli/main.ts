#!/usr/bin/env node
/** The command line: one file per command, which is loaded when it is asked for. */
import { setFlagsFromString } from "node:v8";
import { Command, CommanderError } from "commander";
import { complain, EXIT } from "./common.js";

interface CommandFile {
  /** The name and the arguments. */
  readonly usage: string;
  readonly description: string;
  /** Adds the options and the action. */
  readonly load: () => Promise<{ readonly register: (command: Command) => void }>;
}

const COMMANDS: readonly CommandFile[] = [
  {
    usage: "paper",
    description: "verify every claim of the paper's results table, and print one table",
    load: () => import("./paper.js"),
  },
  {
    usage: "check <file...>",
    description:
      "decide every question about the point of each problem file (- is standard input), and write a certificate",
    load: () => import("./check.js"),
  },
  {
    usage: "identify <weights...>",
    description:
      "find the exact or enclosed KKT point that trained weights approach, and decide every question about it",
    load: () => import("./identify.js"),
  },
  {
    usage: "verify <cert...>",
    description: "let the kernel alone re-check each certificate, statement by statement",
    load: () => import("./verify.js"),
  },
  {
    usage: "flow <file...>",
    description: "run the gradient flow of each problem file, and see whether it reaches the direction of the point",
    load: () => import("./flow.js"),
  },
  {
    usage: "hunt <campaign>",
    description:
      "find out at which KKT points gradient flow ends on many networks, data sets and starts, and keep the counterexamples",
    load: () => import("./hunt.js"),
  },
  {
    usage: "export <cert...>",
    description: "write a proof of what each accepted certificate says",
    load: () => import("./export.js"),
  },
  {
    usage: "init [kind]",
    description: "print a problem file of a kind of network, to start from",
    load: () => import("./init.js"),
  },
  {
    usage: "report",
    description: "write the reviewer's page, which re-checks certificates in the browser",
    load: () => import("./report.js"),
  },
];

// The heap may grow by a tenth of what is alive before it is collected, not by its double, and what is new has a quarter of the room: that takes half
// the memory, and hardly more time.
setFlagsFromString("--heap-growing-percent=10");
setFlagsFromString("--max-semi-space-size=4");

const program = new Command("margincert")
  .description(
    "settles exactly whether a point is a KKT point, a local or a global optimum of a network's max-margin problem",
  )
  .version("0.1.0")
  .showHelpAfterError("(see margincert --help)")
  .exitOverride();

// Whoever reads the output may have had enough of it, as `head` has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  for (const { usage, description, load } of COMMANDS) {
    const command = program.command(usage).description(description);
    if (process.argv.slice(2).includes(command.name())) (await load()).register(command);
  }
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version are not errors; wrong usage is bad input.
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.badInput;
  } else {
    complain(`margincert: a bug: ${error instanceof Error ? error.message : String(error)}; please report it`);
    process.exitCode = EXIT.rejected;
  }
}
