import { OptionError } from "../errors.ts";

const LENGTH = 4;

/**
 * A seeded generator: xoshiro128** (Blackman and Vigna, 2018), whose four words come from splitmix32 of the seed.
 *
 * It uses whole numbers and exact arithmetic only, so that a seed gives the same numbers on every engine. Its state is
 * four words, and whoever keeps them can go on from there bit for bit.
 *
 * @example
 * const random = new Random(7);
 * random.uniform(); // 0 ≤ x < 1
 * const saved = random.state; // a copy
 */
export class Random {
  /** The seed that it started from. */
  readonly seed: number;
  readonly #words = new Uint32Array(LENGTH);

  /** @throws {OptionError} If the seed is not a whole number from 0 to 2⁵³ − 1. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new OptionError(`\`seed\` must be a whole number from 0 to 2^53 - 1; got ${String(seed)}.`);
    }
    this.seed = seed;
    let at = (seed >>> 0) ^ mix(Math.floor(seed / 2 ** 32));
    for (let i = 0; i < LENGTH; i++) {
      at = (at + 0x9e3779b9) >>> 0;
      this.#words[i] = mix(at);
    }
  }

  /** 32 random bits. */
  next(): number {
    const s = this.#words;
    const s1 = s[1]!;
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    s[2] = s[2]! ^ s[0]!;
    s[3] = s[3]! ^ s1;
    s[1] = s1 ^ s[2]!;
    s[0] = s[0]! ^ s[3]!;
    s[2] = s[2]! ^ (s1 << 9);
    s[3] = rotate(s[3]!, 11);
    return result;
  }

  /** A multiple of 2⁻²⁴ with 0 ≤ x < 1: exact in float32. */
  uniform(): number {
    return (this.next() >>> 8) * 2 ** -24;
  }

  /** A whole number with 0 ≤ n < limit, each as likely as the others. */
  integer(limit: number): number {
    // The numbers below 2³² mod limit are thrown away: the rest is a multiple of the limit.
    const unfair = 2 ** 32 % limit;
    let bits = this.next();
    while (bits < unfair) bits = this.next();
    return bits % limit;
  }

  /**
   * A normal number of mean 0 and deviation 1, by Karney's rejection (ACM TOMS 42, 2016): comparisons of uniform numbers
   * alone, no logarithm, no cosine.
   */
  normal(): number {
    for (;;) {
      let k = 0;
      while (this.#halves()) k++;
      let keep = true;
      for (let i = k * (k - 1); i > 0 && keep; i--) keep = this.#halves();
      if (!keep) continue;
      const bits = this.next();
      const x = ((bits >>> 1) + 0.5) * 2 ** -31;
      for (let i = 0; i <= k && keep; i++) keep = this.#survives((x * (2 * k + x)) / (2 * k + 2));
      if (keep) return (bits & 1 ? -1 : 1) * (k + x);
    }
  }

  /** True with probability e⁻ᵖ, 0 ≤ p ≤ 1 (von Neumann): the length of a falling run of uniform numbers is even. */
  #survives(p: number): boolean {
    let last = p;
    for (let n = 0; ; n++) {
      const u = (this.next() + 0.5) * 2 ** -32;
      if (u >= last) return n % 2 === 0;
      last = u;
    }
  }

  #halves(): boolean {
    return this.#survives(0.5);
  }

  /** Shuffles in place (Fisher-Yates, from the end). */
  shuffle<T extends { [index: number]: unknown; readonly length: number }>(list: T): T {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const item = list[i];
      list[i] = list[j];
      list[j] = item;
    }
    return list;
  }

  /** 0 … length − 1 in a random order. */
  permutation(length: number): Int32Array {
    return this.shuffle(Int32Array.from({ length }, (_, i) => i));
  }

  /** A new generator whose numbers have nothing to do with this one's. */
  fork(): Random {
    return new Random((this.next() & 0x1fffff) * 2 ** 32 + this.next());
  }

  /** A copy of the state: four words. Setting it goes on from there. */
  get state(): Uint32Array {
    return this.#words.slice();
  }

  /** @throws {OptionError} If it is not four words, or all are zero. */
  set state(words: Uint32Array) {
    if (words.length !== LENGTH || words.every((word) => word === 0)) {
      throw new OptionError(`A generator's state is four words, not all zero; got [${words.join(", ")}].`);
    }
    this.#words.set(words);
  }
}

/** The output function of splitmix32. */
function mix(word: number): number {
  let z = word >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

let shared: Random | undefined;

/**
 * Keras' `set_random_seed`: everything that is random and has no seed of its own follows from this one.
 *
 * @example
 * setRandomSeed(7); // before the model is made
 */
export function setRandomSeed(seed: number): void {
  shared = new Random(seed);
}

/** A generator for something without a seed of its own: of the shared seed if there is one, else unpredictable. */
export function freshRandom(seed?: number): Random {
  if (seed !== undefined) return new Random(seed);
  return shared ? shared.fork() : new Random(Math.floor(Math.random() * 2 ** 53));
}
