import { UnsupportedLayerError } from "../../errors.ts";
import type { PlanBuffer, Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { cast } from "../../plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../../tensor.ts";
import { flag, integer } from "../config.ts";
import { Layer } from "../layer.ts";
import { encode, IdfLayer, idfRow, outputMode } from "./encoding.ts";
import { farmHash64 } from "./farm-hash.ts";

/** Whole numbers that are known while the plan is made, as they come from strings: an inverted lookup reads them. */
const KNOWN = new WeakMap<PlanBuffer, readonly number[]>();

/** Numbers that the plan writes at each run. */
export function written(p: Planner, data: readonly number[], shape: Shape): Value {
  const y = p.tensor(shape, "int32");
  const numbers = Int32Array.from(data);
  p.host([y], ({ i32 }, [to]) => i32.set(numbers, to! >> 2));
  KNOWN.set(y.buffer, data);
  return y;
}

/** The bin of a text among `bins`, as TensorFlow's `to_hash_bucket_fast`. */
export function hashBin(token: string, bins: number, owner: string): number {
  const hash = farmHash64(new TextEncoder().encode(token));
  if (hash === undefined) {
    throw new UnsupportedLayerError(
      `${owner}: the unknown token "${token.slice(0, 40)}…" is longer than 32 bytes; it cannot be hashed here.`,
    );
  }
  return Number(hash % BigInt(bins));
}

/** Words (or numbers) of a vocabulary to their places, with places for a mask and for what is unknown in front. */
abstract class Lookup<T extends string | number> extends IdfLayer {
  abstract readonly defaultUnknown: T;
  abstract read(token: unknown): T;

  get unknownCount(): number {
    return integer(this, this.config, "numOovIndices", 1);
  }

  get maskToken(): T | undefined {
    const { maskToken } = this.config;
    return maskToken == null ? undefined : this.read(maskToken);
  }

  get vocabulary(): readonly T[] {
    const { vocabulary } = this.config;
    if (Array.isArray(vocabulary)) return vocabulary.map((token) => this.read(token));
    throw new UnsupportedLayerError(
      `${this}: the file has no vocabulary for it. Save the adapted layer in a .keras file, or pass the vocabulary to the layer.`,
    );
  }

  /** Every token by place: mask, unknown ones, vocabulary. */
  tokens(): readonly T[] {
    const unknown = this.config["oovToken"] == null ? this.defaultUnknown : this.read(this.config["oovToken"]);
    const mask = this.maskToken;
    const masked = mask !== undefined && outputMode(this, "int") === "int";
    return [...(masked ? [mask] : []), ...new Array<T>(this.unknownCount).fill(unknown), ...this.vocabulary];
  }

  /** The place of each token; unknown ones by `bin`. */
  places(bin: (token: T) => number): (token: T) => number {
    const tokens = this.tokens();
    const start = tokens.length - this.vocabulary.length;
    const known = new Map(
      tokens.map((token, i) => [token, i] as const).filter(([, i]) => i >= start || i < start - this.unknownCount),
    );
    const first = start - this.unknownCount;
    return (token) => {
      const place = known.get(token);
      if (place !== undefined) return place;
      // Outside "int" the mask has no place: it counts as nothing.
      if (token === this.maskToken) return -1;
      return this.unknownCount === 0 ? -1 : first + (this.unknownCount === 1 ? 0 : bin(token));
    };
  }

  /** Places as the output mode wants them. */
  encoded(p: Planner, x: Value): Value {
    const mode = outputMode(this, "int");
    const size = this.tokens().length;
    const most = this.config["maxTokens"];
    const depth = flag(this, this.config, "padToMaxTokens", false) && typeof most === "number" ? most : size;
    return encode(
      p,
      x,
      mode,
      depth,
      undefined,
      mode === "tf_idf" ? idfRow(p, this, depth, this.unknownCount) : undefined,
    );
  }
}

/** Whole numbers of a vocabulary. */
export class IntegerLookup extends Lookup<number> {
  readonly defaultUnknown = -1;

  override read(token: unknown): number {
    return Number(token);
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = cast(p, inputs[0]!, "int32");
    const count = sizeOf(x.shape);
    const y = p.tensor(x.shape, "int32");
    const tokens = this.tokens();
    const inverted = flag(this, this.config, "invert", false);
    const bins = this.unknownCount;
    const place = inverted
      ? (n: number) => tokens[n] ?? this.defaultUnknown
      : this.places((n) => ((n % bins) + bins) % bins);
    p.host([y, x], ({ i32 }, [to, from]) => {
      for (let i = 0; i < count; i++) i32[(to! >> 2) + i] = place(i32[(from! >> 2) + i]!);
    });
    return [inverted ? y : this.encoded(p, y)];
  }
}

/** Words of a vocabulary. */
export class StringLookup extends Lookup<string> {
  readonly defaultUnknown = "[UNK]";

  override read(token: unknown): string {
    return String(token);
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = inputs[0]!;
    if (flag(this, this.config, "invert", false)) {
      const tokens = this.tokens();
      const numbers = KNOWN.get(x.buffer);
      if (!numbers) {
        throw new UnsupportedLayerError(`${this}: an inverted lookup works on numbers that come from strings only.`);
      }
      const strings = numbers.map((n) => tokens[n] ?? this.defaultUnknown);
      return [{ ...p.tensor(x.shape, "string"), strings }];
    }
    if (!x.strings) throw new UnsupportedLayerError(`${this}: expected strings; got ${x.dtype}.`);
    const place = this.places((token) => hashBin(token, this.unknownCount, String(this)));
    return [this.encoded(p, written(p, x.strings.map(place), x.shape))];
  }
}

/** Numbers or words to bins by their hash. */
export class Hashing extends Layer {
  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = inputs[0]!;
    if (this.config["salt"] != null) throw new UnsupportedLayerError(`${this}: hashing with a salt is not supported.`);
    const bins = integer(this, this.config, "numBins");
    const { maskValue = null } = this.config;
    const mode = outputMode(this, "int");
    const owner = String(this);
    const bin = (token: string): number => {
      if (maskValue === null) return hashBin(token, bins, owner);
      return token === String(maskValue) ? 0 : 1 + hashBin(token, bins - 1, owner);
    };
    if (x.strings) return [encode(p, written(p, x.strings.map(bin), x.shape), mode, bins)];
    const from = cast(p, x, "int32");
    const y = p.tensor(x.shape, "int32");
    const count = sizeOf(x.shape);
    p.host([y, from], ({ i32 }, [to, at]) => {
      for (let i = 0; i < count; i++) i32[(to! >> 2) + i] = bin(String(i32[(at! >> 2) + i]));
    });
    return [encode(p, y, mode, bins)];
  }
}
