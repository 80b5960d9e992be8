/** What stands before the proofs of the paper's instances, all in one article. */
import { enumeration, type ProofDocument, table, text } from "./document.js";

/** The claims, each with the sections of its instances; the proofs follow as sections in the order of `names`. */
export function paperText(
  claims: readonly { readonly slug: string; readonly claim: string; readonly instances: readonly string[] }[],
  names: readonly string[],
): ProofDocument {
  return {
    title: "Instances of the claims on margin maximization, with proofs",
    blocks: [
      text(
        "Vardi, Shamir and Srebro, “On Margin Maximization in Linear and ReLU Networks” (arXiv 2110.02732), ask of the KKT point to which gradient flow converges whether it is a local or a global optimum of the max-margin problem. For each of their claims there is at least one instance here, with a proof in exact numbers. Each section stands on its own; all were written by the program margincert from certificates that its kernel has accepted.",
      ),
      table(
        ["claim", "sections"],
        claims.map(({ claim, instances }) => [
          claim,
          enumeration(instances.map((name) => `${names.indexOf(name) + 1}`)),
        ]),
      ),
    ],
  };
}
