/**
 * Zip archives (npz, torch), read by their central directory with zlib of Node. Sizes and checksums are checked, since what an
 * archive claims bounds the memory and time that it may cost: an entry is inflated to its claimed size at most.
 */
import { inflateRawSync } from "node:zlib";
import { InputError } from "../../network/decode.js";
import type { SourceFile } from "./tensor.js";

/** The entries by name, each inflated when asked for. */
export type Archive = ReadonlyMap<string, () => Uint8Array>;

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const MAX_ENTRIES = 10_000;
const MAX_INFLATED = 256 * 1024 * 1024;

/** Throws InputError, also from the entries' functions, for what is no whole archive. */
export function readZip({ name: file, bytes }: SourceFile): Archive {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (message: string): never => {
    throw new InputError(file, `${message}: the zip archive is truncated or damaged`);
  };
  const check = (from: number, length: number): number =>
    Number.isSafeInteger(from) && from >= 0 && from + length <= bytes.length ? from : fail("an offset leads outside");
  const u16 = (offset: number) => view.getUint16(check(offset, 2), true);
  const u32 = (offset: number) => view.getUint32(check(offset, 4), true);
  const u64 = (offset: number) => Number(view.getBigUint64(check(offset, 8), true));

  let end = bytes.length - 22;
  while (end >= 0 && bytes.length - end <= 65_557 && u32(end) !== END) end--;
  if (end < 0 || u32(end) !== END) fail("there is no directory at its end");
  const locator = end - 20;
  const end64 = locator >= 0 && u32(locator) === LOCATOR64 ? u64(locator + 8) : null;
  if (end64 !== null && u32(end64) !== END64) fail("its zip64 directory is not there");
  const count = end64 === null ? u16(end + 10) : u64(end64 + 32);
  if (count > MAX_ENTRIES) throw new InputError(file, `${count} files in the archive; at most ${MAX_ENTRIES} are read`);

  let inflated = 0;
  let at = end64 === null ? u32(end + 16) : u64(end64 + 48);
  const entries = new Map<string, () => Uint8Array>();
  for (let k = 0; k < count; k++) {
    if (u32(at) !== CENTRAL) fail("its directory is broken off");
    const [flags, method, crc] = [u16(at + 8), u16(at + 10), u32(at + 16)];
    const [nameLength, extraLength, commentLength] = [u16(at + 28), u16(at + 30), u16(at + 32)];
    const name = Buffer.from(bytes.subarray(check(at + 46, nameLength), at + 46 + nameLength)).toString("utf8");
    const place = `${file}: ${name}`;
    // The zip64 field holds, in this order, those of the sizes and the offset that do not fit into 32 bits.
    let extra = zip64Field(view, check(at + 46 + nameLength, extraLength), extraLength);
    const wide = (offset: number): number => {
      const narrow = u32(offset);
      if (narrow !== 0xffffffff || extra === null) return narrow;
      extra += 8;
      return u64(extra - 8);
    };
    const size = wide(at + 24);
    const packed = wide(at + 20);
    const local = wide(at + 42);
    if (entries.has(name)) throw new InputError(place, "stands twice in the archive");
    entries.set(name, () => {
      if ((flags & 1) !== 0) throw new InputError(place, "is encrypted: save it without a password");
      inflated += size;
      if (inflated > MAX_INFLATED) {
        throw new InputError(place, `the archive unpacks to more than ${MAX_INFLATED / 2 ** 20} MiB`);
      }
      if (u32(local) !== LOCAL) fail(`${name} is not where the directory says`);
      const start = local + 30 + u16(local + 26) + u16(local + 28);
      const raw = bytes.subarray(check(start, packed), start + packed);
      const data = method === 0 ? raw : method === 8 ? inflate(raw, size) : null;
      if (data === null)
        throw new InputError(place, `cannot be unpacked (zip method ${method}): the archive is damaged`);
      if (data.length !== size) fail(`${name} has ${data.length} bytes, not ${size}`);
      if (crc32(data) !== crc) fail(`the checksum of ${name} is wrong`);
      return data;
    });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

/** Where the data of the zip64 extra field begin, or null. */
function zip64Field(view: DataView, start: number, length: number): number | null {
  for (let at = start; at + 4 <= start + length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) === 1) return at + 4;
  }
  return null;
}

/** At most `size` bytes, or null. */
function inflate(raw: Uint8Array, size: number): Uint8Array | null {
  try {
    return inflateRawSync(raw, { maxOutputLength: Math.max(1, size) });
  } catch {
    return null;
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
