@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let item = id.x;
  if (item >= params.x) { return; }
  let stride = params.y;
  let inverse = load_sums(SUM_Z * stride + item, stride);
  let x = fe_canonical(fe_mul(load_sums(SUM_X * stride + item, stride), inverse));
  let y = fe_canonical(fe_mul(load_sums(SUM_Y * stride + item, stride), inverse));
  store_sums(SUM_X * stride + item, stride, x);
  store_sums(SUM_Y * stride + item, stride, y);
  let row = ITEM_WORDS * item;
  let r = row_items(row + ITEM_R);
  let encoded = fe_to_words(y);
  let unequal = (encoded.v0 ^ r.v0) | (encoded.v1 ^ r.v1) | (encoded.v2 ^ r.v2) | (encoded.v3 ^ r.v3)
    | (encoded.v4 ^ r.v4) | (encoded.v5 ^ r.v5) | (encoded.v6 ^ r.v6)
    | ((encoded.v7 | ((x.v0 & 1u) << 31u)) ^ r.v7);
  if (state[item] == KEY_ON_CURVE && (items[row + ITEM_FLAGS] & FLAG_KEY_ONLY) == 0u) {
    state[item] = select(UNEQUAL, VALID, unequal == 0u);
  }
}
