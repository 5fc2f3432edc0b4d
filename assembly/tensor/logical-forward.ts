/**
 * y = a ∘ b over `count` bytes that are 0 or 1: op 0 and, 1 or, 2 exclusive or (with ones: not). y may be a or b.
 * Reference: test/kernels/tensor-ops.test.ts
 */
export function logicalForward(y: usize, a: usize, b: usize, count: i32, op: i32): void {
  for (let i = 0; i < count; i++) {
    const va = load<u8>(a + i);
    const vb = load<u8>(b + i);
    store<u8>(y + i, op === 0 ? va & vb : op === 1 ? va | vb : va ^ vb);
  }
}
