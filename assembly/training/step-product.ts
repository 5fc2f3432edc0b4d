import { lanes } from "./lanes";
import { productBytes } from "./pack-product";
import { product } from "./product";

/** y = x ⊙ m for [count]. */
export function scaled(y: usize, x: usize, m: usize, count: i32): void {
  for (let left = count; left > 0; left -= 4) {
    lanes.store(y, f32x4.mul(lanes.load(x, left), lanes.load(m, left)), left);
    y += 16;
    x += 16;
    m += 16;
  }
}

/** y += x ⊙ m for [count]. */
function addScaled(y: usize, x: usize, m: usize, count: i32): void {
  for (let left = count; left > 0; left -= 4) {
    lanes.store(y, f32x4.add(lanes.load(y, left), f32x4.mul(lanes.load(x, left), lanes.load(m, left))), left);
    y += 16;
    x += 16;
    m += 16;
  }
}

/**
 * One gate's recurrent product: z (a slice of rows `zStride` floats apart) += (h ⊙ drop) · U of the gate; drop
 * [batch, units] may be 0. `panels` are those of all gates, packed gate by gate.
 */
export function stepProduct(
  z: usize,
  zStride: i32,
  h: usize,
  panels: usize,
  gate: i32,
  drop: usize,
  scratch: usize,
  batch: i32,
  units: i32,
): void {
  const weights = panels + <usize>productBytes(units, units) * gate;
  if (drop) {
    scaled(scratch, h, drop + ((<usize>(gate * batch * units)) << 2), batch * units);
    h = scratch;
  }
  product(z, zStride, z, zStride, h, units, weights, batch, units, units);
}

/** The way back: dh [batch, units] += (dz of the gate · Uᵀ) ⊙ drop. `panels` hold the transposes, gate by gate. */
export function stepProductBack(
  dh: usize,
  dz: usize,
  dzStride: i32,
  panels: usize,
  gate: i32,
  drop: usize,
  scratch: usize,
  batch: i32,
  units: i32,
): void {
  const weights = panels + <usize>productBytes(units, units) * gate;
  if (!drop) {
    product(dh, units, dh, units, dz, dzStride, weights, batch, units, units);
    return;
  }
  product(scratch, units, 0, 0, dz, dzStride, weights, batch, units, units);
  addScaled(dh, scratch, drop + ((<usize>(gate * batch * units)) << 2), batch * units);
}
