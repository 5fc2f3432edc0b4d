// Builds models with the builders, trains them for some steps, saves them and trains on:
//   node .build/run-ts.mjs test/keras/write-built.ts FOLDER
// Writes FOLDER/NAME.keras and NAME.json for each; compare_built.py goes on from the files in Keras.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as k from "../../src/platform/training-node.ts";

const folder = resolve(process.argv[2]!);
const STEPS = 3;
const TARGETS = { data: Float32Array.of(1, -1, 0.5, 2), shape: [4, 1] };
const l1 = k.regularizers.L1(0.01);
const l2 = k.regularizers.L2(0.01);
const sequence = [6, 3];
const image = [6, 6, 2];
const video = [3, 6, 6, 2];

type Layers = readonly k.LayerDraft[];
const chain = (shape: readonly number[], layers: Layers) => k.sequential([k.input(shape), ...layers, k.dense(1)]);

/** Dropout is off, since no two libraries draw the same numbers. */
const MODELS: Readonly<Record<string, () => k.CallableModel>> = {
  separable: () =>
    chain(sequence, [
      k.separableConv1D(4, 3, {
        depthwiseRegularizer: l2,
        pointwiseRegularizer: l1,
        depthwiseConstraint: k.constraints.MaxNorm(0.5),
      }),
      k.lstm(3, { kernelRegularizer: l2, recurrentConstraint: k.constraints.UnitNorm(), biasRegularizer: l1 }),
    ]),
  depthwise: () =>
    chain(image, [
      k.depthwiseConv2D(3, { depthwiseRegularizer: l2, depthMultiplier: 2, padding: "same" }),
      k.maxPooling2D(),
      k.flatten(),
    ]),
  images: () =>
    chain(image, [
      k.conv2D(3, 3, { activation: "relu", strides: 2, kernelRegularizer: l2 }),
      k.zeroPadding2D([
        [1, 0],
        [2, 1],
      ]),
      k.cropping2D(1),
      k.upSampling2D([1, 2]),
      k.spatialDropout2D(0),
      k.alphaDropout(0),
      k.gaussianDropout(0),
      k.globalAveragePooling2D(),
    ]),
  frames: () =>
    chain(video, [
      k.timeDistributed(k.conv2D(3, [3, 3], { activation: "relu" })),
      k.timeDistributed(k.averagePooling2D(2)),
      k.timeDistributed(k.flatten()),
      k.gru(3),
    ]),
  convLstm: () => chain(video, [k.convLSTM2D(3, 3, { returnSequences: true }), k.globalAveragePooling3D()]),
  activations: () =>
    chain(sequence, [
      k.lstm(4, { returnSequences: true }),
      k.leakyReLU({ negativeSlope: 0.1 }),
      k.prelu({ alphaRegularizer: l2 }),
      k.elu({ alpha: 0.5 }),
      k.reLU({ maxValue: 6 }),
      k.groupNormalization({ groups: 2 }),
      k.unitNormalization(),
      k.rmsNormalization(),
      k.activityRegularization({ l2: 0.1 }),
      k.identity(),
      k.rescaling(0.5, 0.1),
      k.softmax(),
      k.flatten(),
    ]),
  cells: () => chain(sequence, [k.rnn(k.stackedRNNCells([k.lstmCell(3), k.gruCell(2)]))]),
  both: () => chain(sequence, [k.bidirectional(k.rnn([k.gruCell(3), k.simpleRNNCell(2)])), k.batchNormalization()]),
  steps: () =>
    chain(sequence, [
      k.zeroPadding1D(2),
      k.cropping1D([1, 0]),
      k.upSampling1D(2),
      k.conv1D(3, 3),
      k.depthwiseConv1D(2),
      k.averagePooling1D(2),
      k.globalMaxPooling1D(),
    ]),
  joined: () => {
    const x = k.input(sequence);
    const a = k.multiHeadAttention(2, 3, { kernelRegularizer: l2, biasRegularizer: l2 })([x, x]);
    const [y, h, c] = k.lstm(3, { returnSequences: true, returnState: true })(x);
    const z = k.lstm(3, { returnSequences: true })([a, h!, c!]);
    const parts: k.SymbolicTensor[] = [
      k.dot(2)([a, x]),
      k.minimum()([a, x]),
      k.attention()([y!, z]),
      k.maximum()([y!, z]),
    ];
    const [, shares] = k.attention({ useScale: true })([y!, a], { returnAttentionScores: true, useCausalMask: true });
    // A bias of the keys alone has no gradient but rounding's, which Adam would make a step of.
    const [mixed, looks] = k.multiHeadAttention(2, 2, { useBias: false })([x, z], { returnAttentionScores: true });
    const word = k.attention({ scoreMode: "concat" })([y!, z]);
    parts.push(shares!, mixed!, looks!, word);
    const all = k.concatenate()([...parts.map((part) => k.flatten()(part)), h!]);
    return k.functional(x, k.dense(1)(all));
  },
};

mkdirSync(folder, { recursive: true });
for (const [name, build] of Object.entries(MODELS)) {
  const model = build();
  await model.compile({ loss: "mse", optimizer: k.optimizers.Adam({ learningRate: 0.02 }) });
  // Away from the ties and zeros of first weights.
  const shaken = model.getWeights().map(({ shape, data }, i) => ({
    shape,
    data: Float32Array.from(data as Float32Array, (w, j) => w + 0.1 * (1 + Math.sin(7 * i + 1.3 * j))),
  }));
  model.setWeights(shaken);
  const shape = [4, ...(model.inputs[0]!.shape!.slice(1) as number[])];
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(1.7 * i));
  const losses: number[] = [];
  const train = async () => losses.push((await model.trainOnBatch({ data, shape }, TARGETS))["loss"]!);
  for (let step = 0; step < STEPS; step++) await train();
  await model.save(join(folder, `${name}.keras`));
  losses.length = 0;
  for (let step = 0; step < STEPS; step++) await train();
  const weights = model.getWeights().map((weight) => [...(weight.data as Float32Array)]);
  const known = { x: [...data], shape, y: [...TARGETS.data], losses, weights };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(known));
  model.dispose();
}
