/** FNV-1a over an array's bits: 16 hexadecimal digits. */
export function hashOf(array: ArrayBufferView): string;
