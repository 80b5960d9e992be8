/** Hashes, in Node. */
import { createHash } from "node:crypto";
import type { Problem } from "../network/instance.js";
import { canonicalText, hashWith } from "../report/hash.js";

export function problemHash<E>(problem: Problem<E>): string {
  return hashOf(canonicalText(problem));
}

/** The hash of a canonical text. */
export function hashOf(canonical: string): string {
  return hashWith(sha256, canonical);
}

/** All its hexadecimal digits. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
