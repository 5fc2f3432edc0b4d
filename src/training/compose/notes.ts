const told = new Set<string>();

/** Tells something once: spellings of old Keras versions that are understood. */
export function noteOnce(text: string): void {
  if (told.has(text)) return;
  told.add(text);
  console.warn(`rnn-wasm: ${text}`);
}
