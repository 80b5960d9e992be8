/**
 * A reader of Python pickles as data. A pickle is a program for a stack machine that may call anything; here it may build lists,
 * dictionaries, strings and numbers, and call what the caller allows by name. All else is refused by its name. An opcode costs what
 * it reads and what it takes off the stack, so time and memory are bounded by the number of steps and the length of the pickle.
 */
import { InputError } from "../../network/decode.js";

/** Lists and tuples are arrays, dictionaries maps; `Opaque` is whatever the allowed functions make. */
export type Value = null | boolean | number | bigint | string | Uint8Array | Value[] | Map<Value, Value> | Opaque;

/** A value of the caller's own; `restore` takes the state that a pickle may set on it. */
export abstract class Opaque {
  restore(_state: Value): boolean {
    return false;
  }
}

/** A name of a module that a pickle may mention, and what calling it gives, if it may be called. */
export class Global extends Opaque {
  readonly name: string;
  readonly call: ((args: readonly Value[]) => Value) | null;
  constructor(name: string, call: ((args: readonly Value[]) => Value) | null = null) {
    super();
    this.name = name;
    this.call = call;
  }
}

export interface Allowed {
  /** The global of this name (`module.name`), or null to refuse it. */
  readonly global: (name: string) => Global | null;
  /** The object that stands outside of the pickle. Throws InputError. */
  readonly persistent: (id: Value) => Value;
}

export const REMEDY = "save its tensors alone, with torch.save(model.state_dict(), …)";

const MAX_STEPS = 2_000_000;
const MARK = Symbol("mark");
const NO_DATA: Readonly<Record<number, string>> = {
  105: "INST",
  111: "OBJ",
  129: "NEWOBJ",
  146: "NEWOBJ_EX",
  130: "EXT1",
  131: "EXT2",
  132: "EXT4",
  151: "NEXT_BUFFER",
  152: "READONLY_BUFFER",
};

/** Whether the bytes begin as a pickle of protocol 2 or later. */
export function isPickle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5;
}

/** The value of the pickle that begins at `start`, and where it ends. Throws InputError. */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  where: string,
  allowed: Allowed,
): { value: Value; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let pos = start;
  const damaged = (): InputError => new InputError(where, "the pickle is truncated or damaged");
  const take = (length: number): number => {
    if (!(length >= 0 && pos + length <= bytes.length)) throw damaged();
    pos += length;
    return pos - length;
  };
  const u8 = () => view.getUint8(take(1));
  const u16 = () => view.getUint16(take(2), true);
  const u32 = () => view.getUint32(take(4), true);
  const u64 = () => Number(view.getBigUint64(take(8), true));
  const blob = (length: number) => bytes.subarray(take(length), pos);
  const utf8 = (length: number) => Buffer.from(blob(length)).toString("utf8");
  const latin1 = (length: number) => Buffer.from(blob(length)).toString("latin1");
  const line = (): string => {
    const end = bytes.indexOf(10, pos);
    if (end < 0) throw damaged();
    const text = utf8(end - pos);
    pos++;
    return text;
  };
  const whole = (text: string): bigint => {
    if (!/^-?\d{1,20}L?$/.test(text)) throw damaged();
    return BigInt(text.replace("L", ""));
  };
  const long = (length: number): bigint => {
    const little = blob(length);
    if (length > 256) throw new InputError(where, `an integer of ${length} bytes`);
    const bits = [...little].reduceRight((n, byte) => (n << 8n) | BigInt(byte), 0n);
    return BigInt.asIntN(8 * length, bits);
  };

  const stack: (Value | typeof MARK)[] = [];
  const memo = new Map<number, Value>();
  const pop = (): Value => {
    const top = stack.pop();
    if (top === undefined || top === MARK) throw damaged();
    return top;
  };
  const peek = (): Value => {
    const top = stack.at(-1);
    if (top === undefined || top === MARK) throw damaged();
    return top;
  };
  const popMark = (): Value[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw damaged();
    const values = stack.splice(mark + 1) as Value[];
    stack.pop();
    return values;
  };
  const popMany = (count: number): Value[] => Array.from({ length: count }, pop).reverse();
  const recall = (key: number): Value => {
    const value = memo.get(key);
    if (value === undefined) throw damaged();
    return value;
  };
  const global = (name: string): Global => {
    const found = allowed.global(name);
    if (found === null) throw new InputError(where, `the pickle names ${name}, which is not data; ${REMEDY}`);
    return found;
  };
  const append = (values: readonly Value[]): void => {
    const target = peek();
    if (!Array.isArray(target)) throw damaged();
    for (const value of values) target.push(value);
  };
  const set = (values: readonly Value[]): void => {
    const target = peek();
    if (!(target instanceof Map) || values.length % 2 !== 0) throw damaged();
    for (let k = 0; k < values.length; k += 2) target.set(values[k]!, values[k + 1]!);
  };

  for (let steps = 0; ; steps++) {
    if (steps > MAX_STEPS) throw new InputError(where, `its pickle has more than ${MAX_STEPS} steps; ${REMEDY}`);
    const opcode = u8();
    switch (opcode) {
      case 0x80: // PROTO
        take(1);
        break;
      case 0x95: // FRAME
        take(8);
        break;
      case 0x2e: // STOP
        return { value: pop(), end: pos };
      case 0x28: // MARK
        stack.push(MARK);
        break;
      case 0x30: // POP
        if (stack.pop() === undefined) throw damaged();
        break;
      case 0x31: // POP_MARK
        popMark();
        break;
      case 0x32: // DUP
        stack.push(peek());
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        stack.push(opcode === 0x88);
        break;
      case 0x49: {
        // INT, of which 00 and 01 are the truth values of old
        const text = line();
        stack.push(text === "00" || text === "01" ? text === "01" : Number(whole(text)));
        break;
      }
      case 0x4a: // BININT
        stack.push(view.getInt32(take(4), true));
        break;
      case 0x4b: // BININT1
        stack.push(u8());
        break;
      case 0x4d: // BININT2
        stack.push(u16());
        break;
      case 0x4c: // LONG
        stack.push(whole(line()));
        break;
      case 0x8a: // LONG1
        stack.push(long(u8()));
        break;
      case 0x8b: // LONG4
        stack.push(long(u32()));
        break;
      case 0x46: // FLOAT
        stack.push(Number(line()));
        break;
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(take(8), false));
        break;
      case 0x54: // BINSTRING
        stack.push(latin1(u32()));
        break;
      case 0x55: // SHORT_BINSTRING
        stack.push(latin1(u8()));
        break;
      case 0x58: // BINUNICODE
        stack.push(utf8(u32()));
        break;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(utf8(u8()));
        break;
      case 0x8d: // BINUNICODE8
        stack.push(utf8(u64()));
        break;
      case 0x42: // BINBYTES
        stack.push(blob(u32()));
        break;
      case 0x43: // SHORT_BINBYTES
        stack.push(blob(u8()));
        break;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        stack.push(blob(u64()));
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
      case 0x8f: // EMPTY_SET
        stack.push([]);
        break;
      case 0x6c: // LIST
      case 0x74: // TUPLE
      case 0x91: // FROZENSET
        stack.push(popMark());
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(popMany(opcode - 0x84));
        break;
      case 0x61: {
        const value = pop(); // APPEND
        append([value]);
        break;
      }
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        append(popMark());
        break;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        break;
      case 0x64: {
        const values = popMark(); // DICT
        stack.push(new Map());
        set(values);
        break;
      }
      case 0x73: // SETITEM
        set(popMany(2));
        break;
      case 0x75: // SETITEMS
        set(popMark());
        break;
      case 0x70: // PUT
        memo.set(Number(whole(line())), peek());
        break;
      case 0x71: // BINPUT
        memo.set(u8(), peek());
        break;
      case 0x72: // LONG_BINPUT
        memo.set(u32(), peek());
        break;
      case 0x94: // MEMOIZE
        memo.set(memo.size, peek());
        break;
      case 0x67: // GET
        stack.push(recall(Number(whole(line()))));
        break;
      case 0x68: // BINGET
        stack.push(recall(u8()));
        break;
      case 0x6a: // LONG_BINGET
        stack.push(recall(u32()));
        break;
      case 0x63: {
        const module = line(); // GLOBAL
        stack.push(global(`${module}.${line()}`));
        break;
      }
      case 0x93: {
        const [module, name] = popMany(2); // STACK_GLOBAL
        stack.push(global(`${typeof module === "string" ? module : "?"}.${typeof name === "string" ? name : "?"}`));
        break;
      }
      case 0x52: {
        const [callable, args] = popMany(2); // REDUCE
        if (!(callable instanceof Global) || !Array.isArray(args)) throw damaged();
        if (callable.call === null)
          throw new InputError(where, `the pickle calls ${callable.name}, which is not data; ${REMEDY}`);
        stack.push(callable.call(args));
        break;
      }
      case 0x62: {
        const state = pop(); // BUILD; what an OrderedDict carries besides its entries (_metadata) says nothing of tensors
        const target = peek();
        const restored = target instanceof Map || (target instanceof Opaque && target.restore(state));
        if (!restored) throw new InputError(where, `the pickle sets the state of an object (BUILD); ${REMEDY}`);
        break;
      }
      case 0x50: // PERSID
        stack.push(allowed.persistent(line()));
        break;
      case 0x51: // BINPERSID
        stack.push(allowed.persistent(pop()));
        break;
      default: {
        const name = NO_DATA[opcode];
        if (name === undefined) {
          throw new InputError(where, `no pickle, or a damaged one: opcode 0x${opcode.toString(16).padStart(2, "0")}`);
        }
        throw new InputError(where, `the pickle constructs an object (${name}), which is not data; ${REMEDY}`);
      }
    }
  }
}
