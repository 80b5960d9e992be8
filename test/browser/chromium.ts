/** A Chromium from the system, for tests of what a reader sees. */
import { spawnSync } from "node:child_process";

const NAMES = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"];

/** The command of a Chromium, or null where there is none. */
export const chromiumCommand: string | null =
  NAMES.flatMap((name) => {
    const found = name === undefined ? null : spawnSync("which", [name], { encoding: "utf8" });
    return found?.status === 0 ? [found.stdout.trim()] : [];
  })[0] ?? null;

/** What the tests' names say where they are not run. */
export const withChromium =
  chromiumCommand === null ? " (NOT RUN: needs Chromium; Debian, Ubuntu: apt-get install chromium)" : "";

if (chromiumCommand === null && process.env.CHROMIUM_REQUIRED !== undefined) {
  throw new Error("Chromium was not found; Debian, Ubuntu: apt-get install chromium, or name it in CHROMIUM");
}
