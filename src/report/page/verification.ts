/// <reference lib="dom" />
/** The kernel at work in the browser: a certificate's text in, each statement accepted or rejected out. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type CertificateVerdict, type Refusal, verifyCertificate } from "../../kernel/verify.js";
import { InputError, readJson } from "../../network/decode.js";
import { type Accepted, acceptedOf } from "../accepted.js";
import { canonicalOf, hashWith, problemOf } from "../hash.js";
import { refusalText, statementText } from "../text.js";
import { element } from "./dom.js";

export interface Outcome {
  /** What is accepted, if all of it is. */
  readonly accepted: Accepted | null;
  readonly count: number;
  readonly list: HTMLElement;
}

/** Verifies a text. The list says of which problem, and of each statement what it says or why it is rejected. */
export function verification(text: string): Outcome {
  const started = performance.now();
  const verdict = read(text);
  const milliseconds = Math.max(1, Math.round(performance.now() - started));
  if (!verdict.readable) {
    return { accepted: null, count: 0, list: element("ul", { class: "statements" }, refusalItem(verdict.refusal)) };
  }
  const problem = problemOf(verdict);
  const accepted = acceptedOf(verdict);
  const { statements } = verdict;
  const count = statements.filter((one) => one.accepted).length;
  const items = statements.map((one, k) =>
    one.accepted
      ? statementItem("accepted", statementText(problem, one), { "data-said": `statement ${k + 1}` })
      : refusalItem(one),
  );
  const outcome =
    count === statements.length
      ? `all ${count} statements accepted`
      : `${statements.length - count} of ${statements.length} statements rejected`;
  const summary = `Problem ${problem.name}, sha256 ${hashOf(canonicalOf(verdict))}: ${outcome} by the kernel in this browser, in ${milliseconds} ms.`;
  return {
    accepted: "clause" in accepted ? null : accepted,
    count,
    list: element(
      "div",
      {},
      element("p", { class: "summary kernel" }, summary),
      element("ul", { class: "statements" }, ...items),
    ),
  };
}

function read(text: string): CertificateVerdict {
  try {
    return verifyCertificate(readJson(text));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { where, message: found } = error;
    return { readable: false, refusal: { accepted: false, clause: "format", where, found } };
  }
}

function hashOf(canonical: string): string {
  return hashWith((text) => bytesToHex(sha256(utf8ToBytes(text))), canonical);
}

function refusalItem(refusal: Refusal): HTMLElement {
  return statementItem("rejected", refusalText(refusal), { class: "kernel" });
}

function statementItem(
  state: "accepted" | "rejected",
  words: string,
  attributes: Readonly<Record<string, string>>,
): HTMLElement {
  return element(
    "li",
    { class: state },
    element("span", { class: "state kernel" }, state),
    " ",
    element("span", attributes, words),
  );
}
