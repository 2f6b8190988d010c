// Bits `at` to `at + 9` of a recoded scalar, of which the caller keeps as many as a window has.
fn window(scalar: u32, at: u32, item: u32, stride: u32) -> u32 {
  let word = at >> 5u;
  let shift = at & 31u;
  let low = scalars[(scalar + word) * stride + item];
  let next = scalars[(scalar + min(word + 1u, 7u)) * stride + item];
  let high = select(next, 0u, word == 7u);
  // Two shifts, since a shift by 32 is not one.
  return (low >> shift) | ((high << 1u) << (31u - shift));
}

// SB + k(-A): from the highest window down, five doublings, an addition from the key's table and, every other time, one
// from the table of B. All of it is one loop over steps, with one call site of each formula.
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let item = id.x;
  if (item >= params.x) { return; }
  let stride = params.y;
  var p = identity();
  for (var left = KEY_DIGITS; left > 0u; left = left - 1u) {
    let digit = left - 1u;
    let steps = KEY_WIDTH + 2u - (digit & 1u);
    // There is nothing to double before the first addition.
    for (var step = select(0u, KEY_WIDTH, left == KEY_DIGITS); step < steps; step = step + 1u) {
      var factors: Factors;
      if (step < KEY_WIDTH) {
        factors = double(p);
      } else {
        var entry: Entry;
        var value: i32;
        if (step == KEY_WIDTH) {
          value = i32(window(SCALAR_K, KEY_WIDTH * digit, item, stride) & KEY_MASK)
            - select(KEY_HALF, 0i, digit == KEY_DIGITS - 1u);
          // The highest digit of k is 4 at most. No index rests on that: it is another item's row, or none, beyond 16.
          let m = min(u32(abs(value)), TABLE_ENTRIES - 1u);
          entry = load_multiples((TABLE_WORDS * item + TABLE_ENTRY * m) >> 2u, value < 0i);
        } else {
          value = i32(window(SCALAR_S, KEY_WIDTH * digit, item, stride) & BASE_MASK)
            - select(BASE_HALF, 0i, digit == KEY_DIGITS - 1u);
          // The highest window has six bits.
          entry = load_constants((BASE + BASE_ROW * u32(abs(value))) >> 2u, value < 0i);
        }
        factors = add(p, entry, value < 0i);
      }
      // T is read by additions alone.
      p = complete(factors, p.t, step + 1u >= KEY_WIDTH && step + 1u < steps);
    }
  }
  store_sums(SUM_X * stride + item, stride, p.x);
  store_sums(SUM_Y * stride + item, stride, p.y);
  store_sums(SUM_Z * stride + item, stride, p.z);
}
