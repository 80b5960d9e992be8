/** What `margincert report` puts into the page for its script to read: no verdicts, which the script reads off the certificates. */
import type { Expectation } from "../standing.js";

export interface FlowSeries {
  readonly loss: string;
  readonly verdict: string;
  readonly directionError: number | null;
  readonly logInverseLoss: number;
  readonly kktResidual: number | null;
  readonly normalizedMargin: number | null;
  /** Of log(1/L), in the direction error. */
  readonly exponents: { readonly predicted: number | null; readonly observed: number | null };
  readonly remarks: readonly string[];
  /** log(1/L), normalised margin, KKT residual, direction error at each time. */
  readonly samples: readonly (readonly (number | null)[])[];
}

export interface PageLink {
  readonly label: string;
  readonly href: string;
}

/** What is claimed of some instances, in words and as the verdict that it asks for. */
export interface PageClaim {
  readonly claim: string;
  readonly expects: Expectation;
  readonly instances: readonly string[];
}

export interface PageInstance {
  readonly name: string;
  /** The certificate as it is in its file. */
  readonly certificate: string;
  readonly flows: readonly FlowSeries[];
  readonly links: readonly PageLink[];
}

export interface PageContent {
  readonly claims: readonly PageClaim[];
  readonly instances: readonly PageInstance[];
}

/** The id of the element that holds the content as JSON. */
export const CONTENT_ID = "content";

/** The id of an instance's section; no other id begins like it. */
export function sectionId(name: string): string {
  return `instance-${name}`;
}
