/** `margincert check FILE…`: decides every question about the point of each file. */
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { RationalFunction } from "../exact/function-field.js";
import { decideFamily } from "../family/diagram.js";
import { approximateKkt } from "../flow/approximate-kkt.js";
import { type Model, modelOf } from "../flow/model.js";
import { factsOf } from "../kernel/facts.js";
import { InputError } from "../network/decode.js";
import type { Instance } from "../network/instance.js";
import type { Family } from "../problem/problem.js";
import { type Certified, certify } from "../prover/certify.js";
import { ProverBug } from "../prover/prove.js";
import { type Approximation, helpText } from "../report/help.js";
import { type Diagram, diagramJson, diagramText } from "../report/pieces.js";
import { verdictText } from "../report/text.js";
import { interfaceOf, questionKey, type Verdict, verdictOf } from "../report/verdict.js";
import { ensureReplaceable, setAside, writeCertificate } from "./certificates.js";
import { badInput, complain, EXIT, progressLine, reportError, say, sayJson, worst } from "./common.js";
import { readProblem, requestOf, withPoint } from "./problems.js";

export function register(command: Command): void {
  command
    .option("--out <dir>", "where to write the certificates", "certificates")
    .option("--json", "print one JSON array of verdicts on stdout, nothing else")
    .option("--effort <n>", "search so many times as long before a question is left undecided", effortOf, 1)
    .option(
      "--attracts",
      "also prove that gradient flow converges to the point: from some open set of starts, and from flow.start with the file's loss",
    )
    .action((files: string[], options: { out: string; json?: true; effort: number; attracts?: true }) => {
      const codes: number[] = [];
      const verdicts: unknown[] = [];
      const written = new Map<string, string>();
      for (const file of files) {
        try {
          const { json, text, isDecided, replaced } = checkFile(file, written, options);
          verdicts.push(json);
          for (const { path, why, now } of replaced) complain(`${path}: ${why}; its certificate is now ${now}`);
          codes.push(isDecided ? EXIT.done : EXIT.undecided);
          if (!options.json) say(`${text()}\n`);
        } catch (error) {
          codes.push(failed(file, error));
        }
      }
      if (options.json) sayJson(verdicts);
      process.exitCode = worst(codes);
    });
}

function effortOf(text: string): number {
  const effort = Number(text);
  if (!Number.isInteger(effort) || effort < 1 || effort > 1000)
    throw new InvalidArgumentError("The effort is a whole number from 1 to 1000.");
  return effort;
}

/** An earlier certificate whose name is taken, or that is no piece any more, and where it is now. */
interface Replaced {
  readonly path: string;
  readonly why: string;
  readonly now: string;
}

const OTHER = "another problem or point had this name";

/** What was found, for `--json` and for a terminal. */
interface Checked {
  readonly json: unknown;
  readonly text: () => string;
  readonly isDecided: boolean;
  readonly replaced: readonly Replaced[];
}

function checkFile(
  file: string,
  written: Map<string, string>,
  { out, effort, attracts }: { readonly out: string; readonly effort: number; readonly attracts?: true },
): Checked {
  const { problem, family, flow } = readProblem(file);
  const instance = withPoint(problem, "check needs the point to decide about");
  if (family !== null && attracts === true)
    throw new InputError("family", "--attracts proves the flow of one problem: give the parameter a value in the file");
  const { name } = instance;
  const earlier = written.get(name);
  if (earlier !== undefined) {
    throw new InputError(
      "name",
      `${name} is also the name in ${earlier}; their certificates would overwrite each other`,
    );
  }
  written.set(name, file);
  const progress = progressLine(name);
  try {
    if (family !== null) {
      const { diagram, files, replaced } = certifyFamily(instance, family, out, progress.show, effort);
      return {
        json: diagramJson(diagram, files),
        text: () => diagramText(diagram, files),
        isDecided: diagram.pieces.every(({ verdict }) => verdict === null || verdict.undecided.length === 0),
        replaced,
      };
    }
    const path = join(out, `${name}.json`);
    ensureReplaceable(path);
    const from = attracts === true ? requestOf(flow) : null;
    const certified = certify(instance, { progress: progress.show, effort, attracts: from });
    const now = writeCertificate(path, certified.text);
    const verdict = verdictFrom(instance, certified, path);
    return {
      json: interfaceOf(verdict),
      text: () => [verdictText(verdict), ...helpOf(instance, verdict)].join("\n"),
      isDecided: verdict.undecided.length === 0,
      replaced: now === null ? [] : [{ path, why: OTHER, now }],
    };
  } finally {
    progress.done();
  }
}

/** A family's pieces, with the files and the texts of their certificates, null where nothing was proved. */
export interface CertifiedFamily {
  readonly diagram: Diagram;
  readonly files: readonly (string | null)[];
  readonly texts: readonly (string | null)[];
  readonly replaced: readonly Replaced[];
}

/** Decides a family and writes a certificate for each piece where something was proved: NAME.1.json, NAME.2.json, … */
export function certifyFamily(
  instance: Instance<unknown>,
  family: Family,
  out: string,
  progress: (stage: string) => void,
  effort: number,
): CertifiedFamily {
  const { name } = instance;
  const own = instance as Instance<RationalFunction>;
  const pieces = decideFamily(own, family, { progress, effort });
  const { parameter } = own.field.functions!.family;
  const texts = pieces.map(({ certificate }) => certificate);
  const files = texts.map((text, k) => (text === null ? null : join(out, `${name}.${k + 1}.json`)));
  for (const path of files) if (path !== null) ensureReplaceable(path);
  const replaced = texts.flatMap((text, k) => {
    const now = text === null ? null : writeCertificate(files[k]!, text);
    return now === null ? [] : [{ path: files[k]!, why: OTHER, now }];
  });
  const stale = setAside(out, name, pieces.length).map((one) => ({ ...one, why: "an earlier run had more pieces" }));
  return { diagram: { name, parameter, pieces }, files, texts, replaced: [...replaced, ...stale] };
}

/** What the terminal shows below a verdict that leaves something to explain. */
function helpOf(instance: Instance<unknown>, verdict: Verdict): string[] {
  return helpText(factsOf(instance), verdict, approximationOf(instance));
}

/** Of a point given in few digits: pre-activations below this fraction of what they could be may be zero, and ε counts as much as δ. */
const ROUNDED = { kink: 1e-2, slack: 1 };

/** How nearly the point is a KKT point; null where the network is not homogeneous, and its numbers beyond floating point. */
function approximationOf(instance: Instance<unknown>): Approximation | null {
  let model: Model;
  try {
    model = modelOf(instance);
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
  const theta = Float64Array.from(instance.point, (value) => instance.field.toNumber(value));
  const [exact, near] = [approximateKkt(model, theta), approximateKkt(model, theta, ROUNDED)].map((one) =>
    one !== null && Number.isFinite(one.epsilon + one.delta) ? one : null,
  );
  return { degree: model.degree, exact: exact!, near: near! };
}

/** Reports what kept a file from its verdict, and returns the exit code; throws what is neither the user's fault nor the prover's. */
export function failed(file: string, error: unknown): number {
  if (!(error instanceof ProverBug)) return badInput(file, error);
  reportError(file, new InputError("", `a bug: ${error.message}; nothing was written for it, please report it`));
  return EXIT.rejected;
}

/** The verdict of what was certified, with the prover's reasons for what stays open. */
export function verdictFrom(
  instance: Instance<unknown>,
  { accepted, open }: Certified<unknown>,
  path: string,
): Verdict {
  return verdictOf(
    instance,
    accepted,
    new Map(open.map(({ question, reason }) => [questionKey(question), reason])),
    path,
  );
}
