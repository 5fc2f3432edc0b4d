/**
 * The patches under a convolution's kernel, one row for each output position: a convolution is then one dense product.
 *
 * y [o1·o2·o3, yStride] out, its first k1·k2·k3·channels columns · x [n1, n2, n3, channels]. Each axis has a size n,
 * kernel k, stride s, dilation d, padding p in front, and output size o. Cells outside x are zero.
 * Reference: test/reference/conv-lstm.ts
 */
export function gatherPatches(
  y: usize,
  yStride: i32,
  x: usize,
  channels: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  k1: i32,
  k2: i32,
  k3: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  d1: i32,
  d2: i32,
  d3: i32,
  p1: i32,
  p2: i32,
  p3: i32,
  o1: i32,
  o2: i32,
  o3: i32,
): void {
  const cell = (<usize>channels) << 2;
  for (let i1 = 0; i1 < o1; i1++) {
    for (let i2 = 0; i2 < o2; i2++) {
      for (let i3 = 0; i3 < o3; i3++) {
        let to = y;
        for (let j1 = 0; j1 < k1; j1++) {
          const a1 = i1 * s1 - p1 + j1 * d1;
          for (let j2 = 0; j2 < k2; j2++) {
            const a2 = i2 * s2 - p2 + j2 * d2;
            for (let j3 = 0; j3 < k3; j3++) {
              const a3 = i3 * s3 - p3 + j3 * d3;
              if (a1 >= 0 && a1 < n1 && a2 >= 0 && a2 < n2 && a3 >= 0 && a3 < n3) {
                memory.copy(to, x + <usize>((a1 * n2 + a2) * n3 + a3) * cell, cell);
              } else {
                memory.fill(to, 0, cell);
              }
              to += cell;
            }
          }
        }
        y += (<usize>yStride) << 2;
      }
    }
  }
}
