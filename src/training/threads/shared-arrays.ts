/**
 * Copies of arrays for other threads, in memory that they share where the host has such (Node; pages that are cross-origin
 * isolated): posting one then posts its address. Elsewhere each is an array of its own.
 *
 * Every key has two arrays that take turns: threads may read what was copied in a step until the step after the next.
 */
export class SharedArrays {
  readonly #arrays = new Map<string, [Float32Array, Float32Array]>();

  /** A copy of numbers: the array, or the beginning of the array, that was given out the time before the last. */
  copy(key: string, values: Float32Array): Float32Array {
    if (typeof SharedArrayBuffer === "undefined") return values.slice();
    const { length } = values;
    const [next, last] = this.#arrays.get(key) ?? [sharedFloats(length), sharedFloats(length)];
    // Batches name more and fewer rows of a table: a little room saves many arrays.
    const array = next.length < length ? sharedFloats(Math.ceil(1.1 * length)) : next;
    this.#arrays.set(key, [last, array]);
    const copy = array.subarray(0, length);
    copy.set(values);
    return copy;
  }
}

const sharedFloats = (length: number): Float32Array => new Float32Array(new SharedArrayBuffer(4 * length));
