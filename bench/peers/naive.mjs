// The yardstick that everything is compared with before it is timed: the textbook's loops in plain JavaScript, sums in
// doubles, results rounded to float32 once a step. It is also the row "plain JavaScript" of the tables.

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** out[j] += Σ x[k]·matrix[k][j] over one row of x. */
function addProduct(out, x, at, inputs, matrix) {
  const columns = out.length;
  for (let k = 0; k < inputs; k++) {
    const value = x[at + k];
    const row = k * columns;
    for (let j = 0; j < columns; j++) out[j] += value * matrix[row + j];
  }
}

const steps = {
  LSTM(z, x, at, layer, [kernel, recurrentKernel, bias], { h, c }) {
    const { units, inputs } = layer;
    z.set(bias);
    addProduct(z, x, at, inputs, kernel);
    addProduct(z, h, 0, units, recurrentKernel);
    for (let j = 0; j < units; j++) {
      const carried = sigmoid(z[units + j]) * c[j] + sigmoid(z[j]) * Math.tanh(z[2 * units + j]);
      c[j] = carried;
      h[j] = sigmoid(z[3 * units + j]) * Math.tanh(carried);
    }
  },
  GRU(z, x, at, layer, [kernel, recurrentKernel, bias], { h }, scratch, resetBefore) {
    const { units, inputs } = layer;
    const columns = 3 * units;
    z.set(bias.subarray(0, columns));
    addProduct(z, x, at, inputs, kernel);
    const inner = scratch;
    inner.set(bias.subarray(columns));
    addProduct(inner, h, 0, units, recurrentKernel);
    if (resetBefore) {
      for (let j = 0; j < units; j++) {
        let sum = bias[columns + 2 * units + j];
        for (let k = 0; k < units; k++) {
          const reset = sigmoid(z[units + k] + inner[units + k]);
          sum += reset * h[k] * recurrentKernel[k * columns + 2 * units + j];
        }
        z[2 * units + j] += sum;
      }
    } else {
      for (let j = 0; j < units; j++) {
        z[2 * units + j] += sigmoid(z[units + j] + inner[units + j]) * inner[2 * units + j];
      }
    }
    for (let j = 0; j < units; j++) {
      const update = sigmoid(z[j] + inner[j]);
      h[j] = update * h[j] + (1 - update) * Math.tanh(z[2 * units + j]);
    }
  },
  SimpleRNN(z, x, at, layer, [kernel, recurrentKernel, bias], { h }) {
    const { units, inputs } = layer;
    z.set(bias);
    addProduct(z, x, at, inputs, kernel);
    addProduct(z, h, 0, units, recurrentKernel);
    for (let j = 0; j < units; j++) h[j] = Math.tanh(z[j]);
  },
};

const GATES = { LSTM: 4, GRU: 3, SimpleRNN: 1 };

function recurrent(layer, batch, timesteps, keepsState, resetBefore) {
  const { type, units, inputs, bidirectional, returnSequences } = layer;
  const arrays = layer.weights.map((weight) => weight.data);
  const directions = bidirectional ? 2 : 1;
  const step = steps[type];
  const z = new Float64Array(GATES[type] * units);
  const scratch = new Float64Array(GATES[type] * units);
  const state = { h: new Float32Array(units), c: new Float32Array(units) };
  return (x) => {
    const out = new Float32Array(batch * (returnSequences ? timesteps : 1) * directions * units);
    for (let b = 0; b < batch; b++) {
      for (let direction = 0; direction < directions; direction++) {
        const weights = arrays.slice(direction * 3, direction * 3 + 3);
        if (!keepsState) {
          state.h.fill(0);
          state.c.fill(0);
        }
        for (let i = 0; i < timesteps; i++) {
          const t = direction === 0 ? i : timesteps - 1 - i;
          step(z, x, (b * timesteps + t) * inputs, layer, weights, state, scratch, resetBefore);
          if (returnSequences) out.set(state.h, ((b * timesteps + t) * directions + direction) * units);
        }
        if (!returnSequences) out.set(state.h, (b * directions + direction) * units);
      }
    }
    return out;
  };
}

function embedding({ units, weights }) {
  const [{ data }] = weights;
  return (ids) => {
    const out = new Float32Array(ids.length * units);
    for (let i = 0; i < ids.length; i++) out.set(data.subarray(ids[i] * units, (ids[i] + 1) * units), i * units);
    return out;
  };
}

function dense({ units, inputs, weights }, batch) {
  const [kernel, bias] = weights.map((weight) => weight.data);
  return (x) => {
    const out = new Float32Array(batch * units);
    const z = new Float64Array(units);
    for (let b = 0; b < batch; b++) {
      z.set(bias);
      addProduct(z, x, b * inputs, inputs, kernel);
      for (let j = 0; j < units; j++) out[b * units + j] = sigmoid(z[j]);
    }
    return out;
  };
}

export function createNaive(workload, { resetBefore = false } = {}) {
  const { batch, timesteps } = workload;
  const keepsState = workload.kind === "step";
  const layers = workload.layers.map((layer) => {
    if (layer.type === "Embedding") return embedding(layer);
    if (layer.type === "Dense") return dense(layer, batch);
    return recurrent(layer, batch, timesteps, keepsState, resetBefore);
  });
  return { run: (input) => layers.reduce((x, layer) => layer(x), input) };
}

/** Peer interface (see worker.mjs). */
export async function create(workload, { resetBefore } = {}) {
  return { version: process.versions.node, ...createNaive(workload, { resetBefore }) };
}
