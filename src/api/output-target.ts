/** Where `predictInto` writes. */
export type OutputTarget = Float32Array | Int32Array | { readonly data: Float32Array | Int32Array };

/** The arrays of one target or several. */
export function targetArrays(out: OutputTarget | readonly OutputTarget[]): readonly (Float32Array | Int32Array)[] {
  const targets: readonly OutputTarget[] = Array.isArray(out) ? out : [out as OutputTarget];
  return targets.map((target) => (ArrayBuffer.isView(target) ? target : target.data));
}
