import { describe, expect, it } from "vitest";
import { fromKeras1 } from "../../../src/formats/keras/config/keras1.ts";

describe("Keras 1 configs", () => {
  it("renames an LSTM's keys", () => {
    const { className, config } = fromKeras1(
      "LSTM",
      {
        name: "lstm_1",
        output_dim: 8,
        inner_activation: "hard_sigmoid",
        forget_bias_init: "one",
        dropout_W: 0.2,
        dropout_U: 0.1,
        consume_less: "cpu",
        W_regularizer: { name: "WeightRegularizer", l1: 0, l2: 0.5 },
        input_dim: 4,
      },
      "x",
    );
    expect(className).toBe("LSTM");
    expect(config).toEqual({
      name: "lstm_1",
      units: 8,
      recurrent_activation: "hard_sigmoid",
      unit_forget_bias: true,
      dropout: 0.2,
      recurrent_dropout: 0.1,
      kernel_regularizer: { class_name: "L1L2", config: { l1: 0, l2: 0.5 } },
    });
  });

  it("keeps an Embedding's output_dim", () => {
    const { config } = fromKeras1("Embedding", { input_dim: 10, output_dim: 4, init: "uniform", dropout: 0.5 }, "x");
    expect(config).toEqual({ input_dim: 10, output_dim: 4, embeddings_initializer: "uniform" });
  });

  it("names merge modes as layers", () => {
    expect(fromKeras1("Merge", { mode: "concat", concat_axis: 1 }, "x")).toEqual({
      className: "Concatenate",
      config: { name: null, trainable: true, axis: 1 },
    });
    expect(fromKeras1("Merge", { mode: "dot", dot_axes: [[2], [1]] }, "x").config).toMatchObject({ axes: [2, 1] });
    expect(fromKeras1("Merge", { mode: "gASD", mode_type: "lambda" }, "x").className).toBe("Merge");
  });

  it("turns convolutions into today's", () => {
    const { className, config } = fromKeras1(
      "AtrousConvolution1D",
      { nb_filter: 3, filter_length: 2, border_mode: "same", subsample_length: 1, atrous_rate: 2, bias: true },
      "x",
    );
    expect(className).toBe("Conv1D");
    expect(config).toEqual({
      filters: 3,
      kernel_size: 2,
      padding: "same",
      strides: 1,
      dilation_rate: 2,
      use_bias: true,
    });
  });
});
