/** Problem files as plain JSON, as the adversary writes them. */
export type ActivationJson = "linear" | "relu" | { readonly "leaky-relu": string };

export type NetworkJson =
  | { readonly kind: "fully-connected"; readonly widths: number[]; readonly activation: ActivationJson }
  | { readonly kind: "diagonal"; readonly width: number; readonly depth: number; readonly activation: ActivationJson }
  | {
      readonly kind: "convolutional";
      readonly input: number;
      readonly filter: number;
      readonly stride: number;
      readonly activation: ActivationJson;
    }
  | { readonly kind: "layers"; readonly activation: ActivationJson; readonly layers: (string | 0)[][][] };

export interface ProblemJson {
  readonly format: "margincert/problem/1";
  readonly name: string;
  readonly network: NetworkJson;
  readonly data: { readonly x: string[]; readonly y: 1 | -1 }[];
  readonly point: string[];
}
