/** What somebody might write into a file so that it does something where it is shown. */

/** Titles and claims, which may be any line of text. */
export const WORDS: readonly string[] = [
  "</script><script>globalThis.pwned = 1</script>",
  '<img src=x onerror="globalThis.pwned = 1"> & "quoted" \'so\'',
  "<style>*{display:none}</style></p></details><h1>Global optimum</h1>",
  "[a proof](javascript:alert(1)) ![x](https://example.org/x.png) <https://example.org> www.example.org",
  "\\input{secret} \\include{secret} \\immediate\\write18{touch pwned} \\openout3=pwned",
  "}}} \\end{claim}\\end{document} {{{ \\def\\qed{} \\catcode`\\%=12",
  "^^5cinput{secret} %comment ~ # _ & \\\\ \\",
  "$\\href{javascript:alert(1)}{x}$ $$\\input{secret}$$ $ `code` ``` ~~~ \\(x\\) \\[y\\]",
  '*) Axiom absurd : False. (* "unclosed',
  "| a | b | --- # heading > quote * item 1. item",
  "\u200f\u05e9\u05dc\u05d5\u05dd \u202f 𝒳 \ue000 \ue001 é",
];

/** Names, which are file names too. */
export const NAMES: readonly string[] = [
  "../outside",
  "/tmp/outside",
  "..",
  ".hidden",
  "-rf",
  "a/b",
  "a\\b",
  "a\u0000b",
  "a\nb",
  "\u001b[31mred",
  "a\u009b31m",
  "<b>",
  'a" onclick="x',
  "*) (*",
  "$(touch pwned)",
  "a`b`",
  "a\u202eb",
  "javascript:alert(1)",
  "",
];

/** Names of weights. */
export const WEIGHTS: readonly string[] = [
  "w*)",
  "w}",
  "w\\input",
  "w$",
  "w`",
  "w<b>",
  "w^",
  "w\u001b",
  "w w",
  "__proto__\n",
];
