/** The value of a formula as the written proofs print it, in floating point: what is printed is checked, not what was meant. */

const TOKEN =
  /\\t?frac(?=\{)|\\tfrac(\d)(\d)|\\sqrt|\\cdot|\\\|[dθ]\\\||\\sigma|\d+|\\lvert|\\rvert|\\mathit\{[^}]*\}|(?:\\lambda|[A-Za-z])(?:_\{[^}]*\})?(?:\^\{\(\d+\)\})?|[-+/^(){}[\]]|_\{\+\}/g;

/** What letters stand for in all formulas of a document, as the parameter of a family does; whoever makes the document says it. */
export const constants: Record<string, number> = {};

/** z_j(x_i), and a_j(x_i), as one variable each. */
export function joined(latex: string): string {
  return latex.replace(/([az])_\{([\d,]+)\}\(x_\{(\d+)\}\)/g, "$1_{$2;$3}");
}

/** Evaluates sums, products, fractions, roots, powers and positive parts; `variables` are named as they are printed. */
export function latexValue(latex: string, variables: Readonly<Record<string, number>>): number {
  const clean = latex.replace(/\\left|\\right|\\allowbreak|\\!|\\[,;]|\\qquad|\{\}|&/g, " ");
  const tokens = [...clean.matchAll(TOKEN)];
  if (clean.replace(TOKEN, "").trim() !== "")
    throw new Error(`cannot read ${clean.replace(TOKEN, "").trim()} in ${latex}`);
  let at = 0;
  const peek = () => tokens[at]?.[0];
  const take = (wanted?: string): string => {
    const token = tokens[at++]?.[0];
    if (token === undefined || (wanted !== undefined && token !== wanted)) throw new Error(`no ${wanted} in ${latex}`);
    return token;
  };
  const group = (open: string, close: string): number => {
    take(open);
    const value = sum();
    take(close);
    return value;
  };
  const primary = (): number => {
    const token = peek();
    if (token === "(") return group("(", ")");
    if (token === "{") return group("{", "}");
    if (token === "\\lvert") return Math.abs(group("\\lvert", "\\rvert"));
    if (token === "[") {
      const value = group("[", "]");
      take("_{+}");
      return Math.max(value, 0);
    }
    const match = tokens[at]!;
    take();
    if (token === "\\sqrt") return Math.sqrt(group("{", "}"));
    if (token === "\\tfrac" || token === "\\frac") {
      const numerator = group("{", "}");
      return numerator / group("{", "}");
    }
    if (match[1] !== undefined) return Number(match[1]) / Number(match[2]);
    if (/^\d/.test(token!)) return Number(token);
    const value = variables[token!] ?? constants[token!];
    if (value === undefined) throw new Error(`no value for ${token} in ${latex}`);
    return value;
  };
  const power = (): number => {
    const base = primary();
    if (peek() !== "^") return base;
    take();
    return base ** group("{", "}");
  };
  const product = (): number => {
    let value = power();
    for (;;) {
      const token = peek();
      if (token === undefined || /^(?:[-+)}\]]|\\rvert)$/.test(token)) return value;
      if (token === "/") {
        take();
        value /= power();
      } else {
        if (token === "\\cdot") take();
        value *= power();
      }
    }
  };
  const sum = (): number => {
    let value = 0;
    let sign = 1;
    if (peek() === "-") {
      take();
      sign = -1;
    }
    for (;;) {
      value += sign * product();
      if (peek() !== "+" && peek() !== "-") return value;
      sign = take() === "+" ? 1 : -1;
    }
  };
  const value = sum();
  if (at < tokens.length) throw new Error(`cannot read beyond ${tokens[at]![0]} in ${latex}`);
  return value;
}
