/** Weight files of any of the formats, told apart by their contents; and the named tensors in them. */
import { InputError } from "../../network/decode.js";
import { type Imported, networkOfTensors, type WeightOptions } from "./layers.js";
import { isNpy, readNpy, readNpz } from "./npy.js";
import { isPickle } from "./pickle.js";
import { isSafetensors, readSafetensors } from "./safetensors.js";
import type { SourceFile, Tensor } from "./tensor.js";
import { readJsonTensors } from "./text.js";
import { isTorchArchive, readTorchArchive, readTorchLegacy } from "./torch.js";
import { readZip } from "./zip.js";

const MAX_FILE_BYTES = 256 * 1024 * 1024;
const MAX_ONNX_BYTES = 64 * 1024 * 1024;

/**
 * The network in weight files: one file, or several `.npy` in the order of the layers. What the files do not say, the options do, or is
 * said in the notes. Throws InputError with the file and tensor and what to do.
 */
export async function importWeights(files: readonly SourceFile[], options: WeightOptions = {}): Promise<Imported> {
  const [first] = files;
  if (first !== undefined && files.length === 1 && isOnnx(first)) {
    checkSize(first, MAX_ONNX_BYTES);
    const { readOnnx } = await import("./onnx.js");
    return readOnnx(first, options);
  }
  return networkOfTensors(files.map(({ name }) => name).join(", "), readTensors(files), options);
}

/** The tensors in files of any format but ONNX and CSV. */
export function readTensors(files: readonly SourceFile[]): Tensor[] {
  return files.flatMap(tensorsOfFile);
}

function tensorsOfFile(file: SourceFile): Tensor[] {
  checkSize(file);
  const { name, bytes } = file;
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const archive = readZip(file);
    if (isTorchArchive(archive)) return readTorchArchive(file, archive);
    return readNpz(file, archive);
  }
  if (isNpy(bytes)) return [readNpy(file, baseName(name))];
  if (isPickle(bytes)) return readTorchLegacy(file);
  if (isSafetensors(bytes)) return readSafetensors(file);
  if (isJson(bytes)) return readJsonTensors(file);
  throw new InputError(name, "is none of .npz, .npy, .safetensors, .pt, .onnx or JSON, or is damaged at its beginning");
}

function checkSize({ name, bytes }: SourceFile, limit = MAX_FILE_BYTES): void {
  if (bytes.length === 0) throw new InputError(name, "is empty");
  if (bytes.length > limit) throw new InputError(name, `is larger than ${limit / 2 ** 20} MiB`);
}

/** A protobuf has no mark of its own: this one begins with its version, or is called so. */
const isOnnx = ({ name, bytes }: SourceFile): boolean => /\.onnx$/i.test(name) || bytes[0] === 0x08;

/** Whether the first character of the text opens a list or an object. */
export function isJson(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 1000))
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .trimStart();
  return start.startsWith("{") || start.startsWith("[");
}

/** `dir/W1.npy` is the array W1. */
const baseName = (path: string): string => path.replace(/^.*[\\/]/, "").replace(/\.npy$/i, "");
