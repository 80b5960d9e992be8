/** `certificates/from-start`: from the start of each file, with either loss, the flow is proved to converge. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { verifyCertificate, writeCertificate } from "../../src/kernel/verify.js";
import { formatJson } from "../../src/network/codec.js";
import { parseJson } from "../../src/network/decode.js";
import { readClaims, readInstance } from "../../src/paper/claims.js";

const NAMES = [...new Set(readClaims().flatMap(({ instances }) => instances))];

describe.each(NAMES)("%s", (name) => {
  it.each(["exponential", "logistic"] as const)("%s loss", (loss) => {
    const place = new URL(`../../certificates/from-start/${name}.${loss}.json`, import.meta.url);
    const text = readFileSync(place, "utf8");
    const verdict = verifyCertificate(parseJson(text));
    if (!verdict.readable || verdict.sort !== "exact") throw new Error("not a certificate of an exact point");
    const [one, ...others] = verdict.statements;
    expect(others).toEqual([]);
    if (!one!.accepted || one!.statement.kind !== "attracts") throw new Error(JSON.stringify(one));
    expect(formatJson(writeCertificate(verdict.instance, [one!.statement]))).toBe(text);
    const { field, network } = verdict.instance;
    const { problem, flow } = readInstance(name);
    expect(verdict.instance.point.map(field.toNumber)).toEqual(problem.point!.map(problem.field.toNumber));
    expect(one!.statement.start.point.map(field.toNumber)).toEqual(flow!.start);
    expect(one!.meaning).toMatchObject({ about: "attracts", loss });
    expect(field.sign(one!.meaning.radius!)).toBe(1);
    const { range, idle } = one!.statement;
    const isOpen = ["diagonal-depth2-nonzero", "fc-relu", "relu-nonzero-inputs", "relu-nonzero-weights"].includes(name);
    expect(range.length + idle.length === network.parameters.length).toBe(isOpen);
  });
});
