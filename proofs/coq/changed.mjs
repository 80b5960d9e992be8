// Instances with one number changed, for each kind of statement: what Coq has to refuse.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeCertificate, statementDecoder } from "../../dist/certificate/decode.js";
import { identifier, toCoq } from "../../dist/report/coq.js";
import { here } from "./project.mjs";

/** [name, certificate, kind of statement, change of (statement, problem)] */
const CHANGES = [
  ["feasible", "fc-relu", "feasible", (_, problem) => (problem.point[1] = "1")],
  ["feasible_label", "fc-relu", "feasible", (_, problem) => (problem.data[0].y = -1)],
  ["infeasible", "fc-relu", "feasible", (s) => Object.assign(s, { kind: "infeasible", sample: 1 })],
  ["kkt_multiplier", "fc-relu", "kkt", (s) => (s.terms[0].multiplier = "3")],
  ["kkt_negative", "fc-relu", "kkt", (s) => (s.terms[0].multiplier = "-2")],
  ["kkt_witness", "fc-relu", "kkt", (s) => (s.terms[0].witness.steps[0]["W1[2,1]"] = "1/16")],
  ["kkt_kink", "fc-relu", "kkt", (s) => (s.terms[0].witness.steps = [])],
  ["kkt_field", "convolutional-relu", "kkt", (s) => (s.terms[0].multiplier = ["1", "1/1000"])],
  ["not_local", "fc-relu", "not-local", (s) => (s.curve.steps[1]["W1[1,2]"] = "15/16")],
  ["not_local_end", "diagonal-depth2-relu", "not-local", (s) => (s.curve.end = "8")],
  ["not_local_field", "diagonal-deep-relu", "not-local", (s) => (s.curve.steps[1]["w1[1]"] = ["0", "6", "1/8"])],
  ["not_local_layer", "relu-nonzero-weights", "not-local", (s) => (s.scope = 2)],
  ["not_global", "relu-nonzero-inputs", "not-global", (s) => (s.better[0] = "0")],
  ["strict_multiplier", "relu-nonzero-inputs", "strict-local", (s) => (s.pieces[0].multipliers[0] = "2")],
  ["strict_kappa", "relu-nonzero-inputs", "strict-local", (s) => (s.pieces[0].kappa = "2")],
  ["strict_rho", "relu-nonzero-inputs", "strict-local", (s) => (s.pieces[0].rho = "-1/2")],
  ["layer_global", "convolutional-linear", "layer-global", (s) => (s.multipliers[0] = "2")],
  ["layer_cells", "fc-relu", "layer-cells", (s) => (s.cells[1].multipliers[1] = "1/5")],
  ["layer_cells_negative", "fc-relu", "layer-cells", (s) => (s.cells[0].multipliers[0] = "-2")],
  ["lagrangian", "diagonal-depth2-nonzero", "lagrangian", (s) => (s.multipliers[0] = "1/2")],
  ["not_kkt", "shared-not-kkt", "not-kkt", (s) => (s.direction.u = "-1")],
  ["not_kkt_exclusion", "opposite-kinks", "not-kkt", (s) => (s.excluded[0][1].weight = "2")],
  ["not_kkt_one_exclusion", "opposite-kinks", "not-kkt", (s) => s.excluded.pop()],
  ["layer_cells_exclusion", "opposite-patches", "layer-cells", (s) => (s.excluded[0][1].weight = "2")],
  ["norm_bound", "dead-branch", "norm-bound", (_, problem) => (problem.point[0] = "2")],
  ["norm_bound_multiplier", "one-label", "norm-bound", (s) => (s.multipliers[0] = "18/104")],
  ["norm_bound_cell", "one-label", "norm-bound", (s) => (s.cells[2].signMultipliers[0] = "1")],
  ["norm_bound_negative", "one-label", "norm-bound", (s) => (s.cells[1].signMultipliers[1] = "-1/104")],
  ["norm_bound_label", "one-label", "norm-bound", (_, problem) => (problem.data[1].y = 1)],
  ["norm_bound_branch", "two-labels", "norm-bound", (s) => (s.multipliers[0] = "1/4")],
  ["lagrangian_product", "kinked", "lagrangian", (s) => (product(s).weight = "-1")],
  ["lagrangian_local", "kinked", "lagrangian", (s) => (s.multipliers[0] = "1/3")],
  ["strict_kinked", "kinked", "strict-local", (s) => (s.pieces[1].multipliers[0] = "1/3")],
  ["infeasible_scaled", "infeasible", "infeasible", (_, problem) => (problem.point[4] = "2")],
  ["svm_dual", "fc-linear-depth3", "svm-dual", (s) => (s.multipliers[0] = "31")],
];

function product(statement) {
  const cells = statement.blocks.flatMap((block) => block.cells);
  return cells.flatMap((cell) => cell.products)[0];
}

/** A certificate of the paper's, or one of `cases/`, which cover the statements that those do not need. */
function read(file) {
  const [paper, own] = [`../../certificates/${file}.json`, `cases/${file}.json`].map((path) => join(here, path));
  return JSON.parse(readFileSync(existsSync(paper) ? paper : own, "utf8"));
}

function exported(certificate, statements) {
  const { instance } = decodeCertificate({ ...certificate, statements });
  const decode = statementDecoder(instance);
  return toCoq({ instance, statements: statements.map((one) => decode(one, "")) });
}

/** The instances of `cases/`, each of which Coq has to prove. */
export function caseInstances() {
  const files = readdirSync(join(here, "cases")).filter((file) => file.endsWith(".json"));
  return files.sort().map((file) => {
    const certificate = read(file.slice(0, -".json".length));
    return { name: identifier(certificate.problem.name), text: exported(certificate, certificate.statements) };
  });
}

/** The changed instances, each with one statement alone. */
export function changedInstances() {
  return CHANGES.map(([name, file, kind, change]) => {
    const certificate = read(file);
    const statement = certificate.statements.find((one) => one.kind === kind);
    if (statement === undefined) throw new Error(`${file} has no statement ${kind}`);
    change(statement, certificate.problem);
    return { name, text: exported(certificate, [statement]) };
  });
}
