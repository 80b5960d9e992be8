/// <reference lib="dom" />
/** The kernel at work in the browser: a certificate's text in, each statement accepted or rejected out. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { encodeInstance } from "../../certificate/encode.js";
import type { Certificate, Instance } from "../../certificate/format.js";
import { type Refusal, verifyCertificate } from "../../kernel/verify.js";
import { InputError, readJson } from "../../problem/decode.js";
import { statementText } from "../text.js";
import { element } from "./dom.js";

export interface Outcome {
  /** The certificate, if all of it is accepted. */
  readonly accepted: Certificate<unknown> | null;
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
  const { instance, statements } = verdict;
  const accepted = statements.flatMap((one) => (one.accepted ? [one.statement] : []));
  const all = accepted.length === statements.length;
  const items = statements.map((one) =>
    one.accepted ? statementItem("accepted", statementText(instance, one.statement)) : refusalItem(one),
  );
  const summary = element(
    "p",
    { class: "summary" },
    `Problem ${instance.name}, sha256 ${problemHash(instance)}: ${
      all
        ? `all ${statements.length} statements accepted`
        : `${statements.length - accepted.length} of ${statements.length} statements rejected`
    } by the kernel in this browser, in ${milliseconds} ms.`,
  );
  return {
    accepted: all ? { instance, statements: accepted } : null,
    count: accepted.length,
    list: element("div", {}, summary, element("ul", { class: "statements" }, ...items)),
  };
}

function read(text: string): ReturnType<typeof verifyCertificate> {
  try {
    return verifyCertificate(readJson(text));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return {
      readable: false,
      refusal: { accepted: false, clause: "format", where: error.where, found: error.message },
    };
  }
}

function refusalItem({ clause, where, found }: Refusal): HTMLElement {
  return statementItem("rejected", `by ${clause}: ${where === "" ? "" : `${where}: `}${found}`);
}

function statementItem(state: "accepted" | "rejected", words: string): HTMLElement {
  return element("li", { class: state }, element("span", { class: "state" }, state), ` ${words}`);
}

/** The hash by which `margincert verify` names a problem. */
function problemHash(instance: Instance<unknown>): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(encodeInstance(instance))))).slice(0, 16);
}
