/** `return_sequences` → `returnSequences`. Keys that are camelCase already stay. */
export function toCamel(key: string): string {
  return key.replace(
    /([a-zA-Z0-9])_+([a-zA-Z0-9])/g,
    (_, before: string, after: string) => before + after.toUpperCase(),
  );
}

/** `returnSequences` → `return_sequences`. */
export function toSnake(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

/** Keras' own rule for names in weight paths: `LSTM` → `lstm`, `Conv1D` → `conv1d`, `CuDNNLSTM` → `cu_dnnlstm`. */
export function classToPath(className: string): string {
  // Exported under another name than its Python class has, which is what paths are made of.
  const python = className === "GroupQueryAttention" ? "GroupedQueryAttention" : className;
  return python
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
