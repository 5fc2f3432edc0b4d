import { describe, expect, it } from "vitest";
import { flipLeading, joinLast, transpose } from "../../../src/formats/keras/weights/arrays.ts";
import { fromCudnn, isCudnn } from "../../../src/formats/keras/weights/cudnn.ts";

const array = (values: number[], ...shape: number[]) => ({ data: Float32Array.from(values), shape });

describe("cuDNN layouts", () => {
  it("turns blocks of the kernel as Keras does", () => {
    // One block of the reference: plain [[0,1,2],[3,4,5]] is [[0,3,1],[4,2,5]] in cuDNN's layout; here three of them.
    const block = [
      [0, 3, 1],
      [4, 2, 5],
    ];
    const kernel = array(
      block.flatMap((row) => [...row, ...row.map((n) => n + 10), ...row.map((n) => n + 20)]),
      2,
      9,
    );
    const recurrent = array([...Array(27).keys()], 3, 9);
    const bias = array([...Array(18).keys()], 18);
    expect(isCudnn(3, [kernel, recurrent, bias])).toBe(true);
    const [plain, plainRecurrent, plainBias] = fromCudnn(3, [kernel, recurrent, bias]);
    expect([...plain!.data]).toEqual([0, 1, 2, 10, 11, 12, 20, 21, 22, 3, 4, 5, 13, 14, 15, 23, 24, 25]);
    expect([...plainRecurrent!.data.slice(0, 3)]).toEqual([0, 9, 18]);
    expect(plainBias!.shape).toEqual([2, 9]);
  });

  it("adds an LSTM's two biases", () => {
    const zeros = (n: number) => new Array<number>(n).fill(0);
    const [, , bias] = fromCudnn(4, [
      array(zeros(8), 2, 4),
      array(zeros(4), 1, 4),
      array([1, 2, 3, 4, 10, 20, 30, 40], 8),
    ]);
    expect([...bias!.data]).toEqual([11, 22, 33, 44]);
  });

  it("leaves plain weights alone", () => {
    expect(isCudnn(4, [array([], 2, 4), array([], 1, 4), array([], 4)])).toBe(false);
    expect(isCudnn(3, [array([], 2, 9), array([], 3, 9), array([], 2, 9)])).toBe(false);
  });
});

describe("arrays", () => {
  it("joins, turns and flips", () => {
    expect([...joinLast([array([1, 2], 2, 1), array([3, 4, 5, 6], 2, 2)]).data]).toEqual([1, 3, 4, 2, 5, 6]);
    expect(transpose(array([1, 2, 3, 4, 5, 6], 2, 3), [1, 0])).toEqual(array([1, 4, 2, 5, 3, 6], 3, 2));
    expect([...flipLeading(array([1, 2, 3, 4, 5, 6], 3, 1, 2), 1).data]).toEqual([5, 6, 3, 4, 1, 2]);
  });
});
