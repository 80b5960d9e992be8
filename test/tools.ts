/** Programs that npm does not install: where they are missing, their tests say that they were not run. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";

/** The first of the programs that is on the PATH, or null. */
export function onPath(...names: readonly string[]): string | null {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const isExecutable = (path: string) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable) ?? null;
}

/** Tests that need a program: run with it, skipped by name without it, or failed without it where `REQUIRE_TOOLS` is set. */
export function describeWith(
  program: string | null,
  needs: string,
  name: string,
  tests: (program: string) => void,
): void {
  describe(name, () => {
    if (program !== null) tests(program);
    else if (process.env.REQUIRE_TOOLS === undefined) it.skip(`not run: needs ${needs}`);
    else it(`needs ${needs}`, () => expect.unreachable(`install ${needs}`));
  });
}
