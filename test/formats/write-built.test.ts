import { strFromU8, unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import * as k from "../../src/platform/training-node.ts";

interface Entry {
  readonly class_name: string;
  readonly name: string;
  readonly config: Record<string, unknown>;
  readonly inbound_nodes: readonly { readonly args: readonly unknown[]; readonly kwargs: Record<string, unknown> }[];
}

/** The layers of the `.keras` file that a model makes, by name. */
async function written(model: k.CallableModel): Promise<Readonly<Record<string, Entry>>> {
  const { files } = await model.export("keras");
  model.dispose();
  const { config } = JSON.parse(strFromU8(unzipSync(Object.values(files)[0]!)["config.json"]!)) as {
    config: { layers: Entry[] };
  };
  return Object.fromEntries(config.layers.map((layer) => [layer.name ?? layer.config["name"], layer]));
}

describe("what Keras reads of a model that was built here", () => {
  it("gives merge layers one list, MultiHeadAttention its tensors one by one, recurrent layers their states by name", async () => {
    const x = k.input([4, 3]);
    const attended = k.multiHeadAttention(2, 3)([x, x]);
    const [y, h, c] = k.lstm(3, { returnSequences: true, returnState: true })(x);
    const z = k.lstm(3, { returnSequences: true })([attended, h!, c!]);
    const { add, multi_head_attention, lstm_1 } = await written(k.functional(x, k.add()([y!, z])));
    expect(add!.inbound_nodes[0]!.args).toEqual([[expect.anything(), expect.anything()]]);
    expect(multi_head_attention!.inbound_nodes[0]!.args).toHaveLength(2);
    expect(lstm_1!.inbound_nodes[0]!.args).toHaveLength(1);
    expect(lstm_1!.inbound_nodes[0]!.kwargs).toEqual({ initial_state: [expect.anything(), expect.anything()] });
  });

  it("names cells inside of wrappers inside of wrappers", async () => {
    const cells = k.rnn([k.lstmCell(3), k.gruCell(2)]);
    const { bidirectional } = await written(k.sequential([k.input([4, 3]), k.bidirectional(cells)]));
    const names = JSON.stringify(bidirectional).match(/"name":"[^"]+"/g);
    expect(names).toContain('"name":"lstm_cell"');
    for (const name of names!) expect(name).toMatch(/^"name":"[\w/]+"$/);
  });

  it("keeps regularizers and constraints, under names that every Keras has", async () => {
    const { dense, separable_conv1d } = await written(
      k.sequential([
        k.input([4, 3]),
        k.separableConv1D(2, 3, { depthwiseRegularizer: k.regularizers.L2(0.1), pointwiseConstraint: "non_neg" }),
        k.dense(2, { kernelRegularizer: "l1", biasConstraint: k.constraints.MaxNorm(3), activityRegularizer: null }),
      ]),
    );
    const regularizer = { module: "keras.regularizers", class_name: "L1L2", registered_name: null };
    const constraint = { module: "keras.constraints", registered_name: null };
    expect(separable_conv1d!.config).toMatchObject({
      depthwise_regularizer: { ...regularizer, config: { l1: 0, l2: 0.1 } },
      pointwise_constraint: { ...constraint, class_name: "NonNeg", config: {} },
    });
    expect(dense!.config).toMatchObject({
      kernel_regularizer: { ...regularizer, config: { l1: 0.01, l2: 0 } },
      bias_constraint: { ...constraint, class_name: "MaxNorm", config: { max_value: 3, axis: 0 } },
    });
    expect(dense!.config).not.toHaveProperty("activity_regularizer");
  });
});
