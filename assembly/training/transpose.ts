/** Four rows of x as four columns of y: 4 x 4 elements, strides in bytes. */
export function turnFour(y: usize, yStride: usize, x: usize, xStride: usize): void {
  const a = v128.load(x);
  const b = v128.load(x + xStride);
  const c = v128.load(x + 2 * xStride);
  const d = v128.load(x + 3 * xStride);
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(y, v128.shuffle<f32>(ab0, cd0, 0, 1, 4, 5));
  v128.store(y + yStride, v128.shuffle<f32>(ab0, cd0, 2, 3, 6, 7));
  v128.store(y + 2 * yStride, v128.shuffle<f32>(ab1, cd1, 0, 1, 4, 5));
  v128.store(y + 3 * yStride, v128.shuffle<f32>(ab1, cd1, 2, 3, 6, 7));
}
