import { describe, expect, it } from "vitest";
import { classToPath, toCamel, toSnake } from "../../../src/formats/keras/names.ts";

describe("names", () => {
  it("makes Keras' paths of class names", () => {
    const names = {
      LSTM: "lstm",
      GRU: "gru",
      SimpleRNN: "simple_rnn",
      RNN: "rnn",
      LSTMCell: "lstm_cell",
      Conv1D: "conv1d",
      ConvLSTM2D: "conv_lstm2d",
      TimeDistributed: "time_distributed",
      SpatialDropout1D: "spatial_dropout1d",
      ReLU: "re_lu",
      LeakyReLU: "leaky_re_lu",
      InputLayer: "input_layer",
      MultiHeadAttention: "multi_head_attention",
      CuDNNLSTM: "cu_dnnlstm",
    };
    for (const [name, path] of Object.entries(names)) expect(classToPath(name)).toBe(path);
  });

  it("turns keys into camelCase and back", () => {
    for (const key of ["return_sequences", "units", "zero_output_for_mask", "num_heads"]) {
      expect(toSnake(toCamel(key))).toBe(key);
    }
    expect(toCamel("batch_input_shape")).toBe("batchInputShape");
    expect(toCamel("alreadyCamel")).toBe("alreadyCamel");
  });
});
