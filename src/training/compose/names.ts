const counts = new Map<string, number>();

/** Keras' names of things that have none: `lstm`, then `lstm_1`. They count on until {@link clearSession}. */
export function autoName(className: string): string {
  const base = snakeClass(className);
  const count = counts.get(base) ?? 0;
  counts.set(base, count + 1);
  return count === 0 ? base : `${base}_${count}`;
}

/** `SimpleRNN` → `simple_rnn`, `GlobalMaxPooling1D` → `global_max_pooling1d`, as Keras does. */
export function snakeClass(className: string): string {
  return className
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** Keras' `clear_session`: names count from the start again. Models that exist are not touched. */
export function clearSession(): void {
  counts.clear();
}
