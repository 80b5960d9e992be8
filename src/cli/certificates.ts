/** Reading certificates that are to be shown: only accepted ones. */
import { readJson } from "../network/decode.js";
import { type Accepted, acceptedIn } from "../report/accepted.js";
import { refusalText } from "../report/text.js";
import { badInput, complain, EXIT, ensureSort, readText } from "./common.js";

/** A certificate's text and what the kernel accepts of it, or the exit code after saying on stderr why there is none. */
export function readAccepted(path: string): (Accepted & { readonly text: string }) | number {
  try {
    const text = readText(path);
    const content = readJson(text);
    ensureSort(content, "certificate");
    const accepted = acceptedIn(content);
    if (!("clause" in accepted)) return { ...accepted, text };
    complain(`${path}: REJECTED ${refusalText(accepted)}`);
    return EXIT.rejected;
  } catch (error) {
    return badInput(path, error);
  }
}
