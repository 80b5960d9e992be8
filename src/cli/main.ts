#!/usr/bin/env node
/** The command line: one file per command; this one only assembles them. */
import { Command, CommanderError } from "commander";
import { registerCheck } from "./check.js";
import { EXIT } from "./common.js";
import { registerExport } from "./export.js";
import { registerFlow } from "./flow.js";
import { registerPaper } from "./paper.js";
import { registerReport } from "./report.js";
import { registerVerify } from "./verify.js";

const program = new Command("margincert")
  .description(
    "settles exactly whether a point is a KKT point, a local or a global optimum of a network's max-margin problem",
  )
  .version("0.1.0")
  .showHelpAfterError("(see margincert --help)")
  .exitOverride();

registerPaper(program);
registerCheck(program);
registerVerify(program);
registerFlow(program);
registerExport(program);
registerReport(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version are not errors; wrong usage is bad input.
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.badInput;
  } else {
    process.stderr.write(
      `margincert: a bug: ${error instanceof Error ? error.message : String(error)}; please report it\n`,
    );
    process.exitCode = EXIT.rejected;
  }
}
