// Instances with one number changed, for each kind of statement: what Coq has to refuse.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCertificate } from "../../dist/kernel/certificate.js";
import { statementCodec } from "../../dist/kernel/verify.js";
import { identifier, toCoq } from "../../dist/report/coq.js";
import { here } from "./project.mjs";

/** [name, certificate, kind of statement with the bound's scope, change of (statement, problem)] */
const CHANGES = [
  ["feasible", "fc-relu", "feasible", (_, problem) => (problem.point[1] = "1")],
  ["feasible_label", "fc-relu", "feasible", (_, problem) => (problem.data[0].y = -1)],
  ["infeasible", "fc-relu", "feasible", (s) => Object.assign(s, { kind: "infeasible", margin: { sample: 1 } })],
  ["infeasible_scaled", "infeasible", "infeasible", (_, problem) => (problem.point[4] = "2")],
  ["kkt_multiplier", "fc-relu", "kkt", (s) => (s.terms[0].multiplier = "3")],
  ["kkt_negative", "fc-relu", "kkt", (s) => (s.terms[0].multiplier = "-2")],
  ["kkt_witness", "fc-relu", "kkt", (s) => (s.terms[0].witness.steps[0]["W1[2,1]"] = "1/16")],
  ["kkt_kink", "fc-relu", "kkt", (s) => (s.terms[0].witness.steps = [])],
  ["kkt_field", "convolutional-relu", "kkt", (s) => (s.terms[0].multiplier = ["1", "1/1000"])],
  ["not_local", "fc-relu", "not-local", (s) => (s.curve.steps[1]["W1[1,2]"] = "15/16")],
  ["not_local_end", "diagonal-depth2-relu", "not-local", (s) => (s.curve.end = "8")],
  ["not_local_field", "diagonal-deep-relu", "not-local", (s) => (s.curve.steps[1]["w1[1]"] = ["0", "6", "1/8"])],
  ["not_local_layer", "relu-nonzero-weights", "not-local", (s) => (s.scope = 2)],
  ["not_strict", "fc-linear-depth2", "not-strict", (s) => (firstOf(s.curve.steps[1]).value = "-1")],
  ["not_strict_still", "fc-linear-depth2", "not-strict", (s) => (s.curve.steps = [])],
  ["not_strict_longer", "fc-linear-depth2", "not-strict", (s) => (firstOf(s.curve.steps[0]).value = "3")],
  ["not_global", "relu-nonzero-inputs", "not-global", (s) => (s.better[0] = "0")],
  ["not_kkt", "shared-not-kkt", "not-kkt", (s) => (s.direction.u = "-1")],
  ["not_kkt_gone", "opposite-kinks", "not-kkt", (s) => (gone(s.trees[0])[0].weight = "2")],
  ["not_kkt_not_gone", "opposite-kinks", "not-kkt", (s) => (s.trees[0].tree[6] = { leaf: {} })],
  ["strict_multiplier", "relu-nonzero-inputs", "strict-local", (s) => (leaves(s)[0].multipliers[0] = "2")],
  ["strict_kappa", "relu-nonzero-inputs", "strict-local", (s) => (leaves(s)[0].kappa = "2")],
  ["strict_rho", "relu-nonzero-inputs", "strict-local", (s) => (leaves(s)[0].rho = "-1/2")],
  ["strict_kinked", "kinked", "strict-local", (s) => (leaves(s)[1].multipliers[0] = "1/3")],
  ["layer", "fc-linear-depth2", "bound 1", (s) => (leaves(s.by)[0].multipliers[0] = "3")],
  ["layer_cells", "fc-relu", "bound 1", (s) => (leaves(s.by)[1].multipliers[0] = "1")],
  ["layer_negative", "fc-relu", "bound 1", (s) => (leaves(s.by)[0].multipliers[0] = "-1")],
  ["layer_gone", "opposite-patches", "bound 1", (s) => (gone(s.by)[0].weight = "2")],
  ["layer_product", "patches", "bound 1", (s) => (product(s.by).weight = "-1/2")],
  ["layer_shares", "shares", "bound 1", (s) => (product(s.by.parts[0]).weight = "1/2")],
  ["two_layers", "diagonal-depth2-nonzero", "bound whole", (s) => (s.by.multipliers[0] = "1/2")],
  ["two_layers_kinked", "kinked", "bound whole", (s) => (s.by.multipliers[0] = "1/3")],
  ["two_layers_product", "kinked", "bound whole", (s) => (product(s.by.parts[0]).weight = "-1")],
  ["two_layers_near", "local", "bound whole", (s) => (s.by.multipliers[0] = "1")],
  ["two_layers_joint", "joint", "bound whole", (s) => (gone(s.by)[0].weight = "3")],
  ["deep", "dead-branch", "bound whole", (_, problem) => (problem.point[0] = "2")],
  ["deep_branch", "two-labels", "bound whole", (s) => (s.by.multipliers[0] = "1")],
  ["deep_linear", "fc-linear-depth3", "bound whole", (s) => (s.by.multipliers[0] = "31")],
  ["chain", "one-label", "bound whole", (s) => (s.by.multipliers[0] = "18/104")],
  ["chain_cell", "one-label", "bound whole", (s) => (chainProduct(s, 1).weight = "1")],
  ["chain_negative", "one-label", "bound whole", (s) => (chainProduct(s, 0).weight = "-1/104")],
  ["chain_label", "one-label", "bound whole", (_, problem) => problem.data.forEach((one) => (one.y = -one.y))],
  ["chain_gone", "opposite-samples", "bound chain", (_, problem) => (problem.data[1].x = ["1"])],
  ["chain_linear", "linear-chain", "bound whole", (_, problem) => (problem.point[2] = "2")],
];

/** The first entry of a sparse vector, to be changed. */
const firstOf = (vector) => ({
  set value(text) {
    vector[Object.keys(vector)[0]] = text;
  },
});
const leaves = ({ tree }) => tree.flatMap((node) => (node.leaf === undefined ? [] : [node.leaf]));
const gone = ({ tree }) => tree.find((node) => node.gone !== undefined).gone;
const product = (tree) => leaves(tree).flatMap(({ products = [] }) => products)[0];
const chainProduct = ({ by: { chain } }, k) => leaves({ tree: chain }).flatMap(({ products = [] }) => products)[k];

/** The first statement of a kind; of a bound also by its scope or the form of its evidence. */
function find(statements, wanted) {
  const [kind, which] = wanted.split(" ");
  const fits = ({ scope, by }) => which === undefined || String(scope) === which || which in by;
  const found = statements.find((one) => one.kind === kind && fits(one));
  if (found === undefined) throw new Error(`there is no statement ${wanted}`);
  return found;
}

/** A certificate of the paper's, or one of `cases/`, which cover the statements that those do not need. */
function read(file) {
  const [paper, own] = [`../../certificates/${file}.json`, `cases/${file}.json`].map((path) => join(here, path));
  return JSON.parse(readFileSync(existsSync(paper) ? paper : own, "utf8"));
}

/** The file of some statements, whether or not the kernel accepts them. */
function exported(certificate, statements) {
  const { instance } = readCertificate({ ...certificate, statements });
  const { read } = statementCodec(instance);
  return toCoq({ instance, statements: statements.map((one) => ({ statement: read(one, "") })) });
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
    const statement = find(certificate.statements, kind);
    change(statement, certificate.problem);
    return { name, text: exported(certificate, [statement]) };
  });
}
