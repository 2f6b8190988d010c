// [8](Q - R) = 0: one addition and three doublings, in one loop.
fn cofactored(qx: Fe, qy: Fe, rx: Fe, ry: Fe) -> bool {
  let minus_r = entry_of(Point(fe_carry(fe_sub(fe_zero(), rx)), ry, fe_one(), fe_mul(fe_carry(fe_sub(fe_zero(), rx)), ry)));
  var p = Point(qx, qy, fe_one(), fe_mul(qx, qy));
  for (var step = 0u; step < 4u; step = step + 1u) {
    var factors: Factors;
    if (step == 0u) {
      factors = add(p, minus_r, false);
    } else {
      factors = double(p);
    }
    p = complete(factors, p.t, false);
  }
  return fe_is_zero(p.x) && fe_is_zero(fe_sub(p.y, p.z));
}

// Equal bytes accept under every equation; unequal bytes prove nothing under the cofactored one. Where no item of a
// subgroup is left undecided, nothing is computed.
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let item = id.x;
  if (item >= params.x) { return; }
  let stride = params.y;
  let row = ITEM_WORDS * item;
  let flags = items[row + ITEM_FLAGS];
  var code = state[item];
  if (code == UNEQUAL) {
    code = EQUATION_FAILED;
    if ((flags & (FLAG_COFACTORED | FLAG_DECODES_R)) != 0u) {
      let r = decode(row_items(row + ITEM_R));
      if (!r.on_curve) {
        if ((flags & FLAG_DECODES_R) != 0u) { code = R_NOT_ON_CURVE; }
      } else if ((flags & FLAG_COFACTORED) != 0u) {
        let x = load_sums(SUM_X * stride + item, stride);
        let y = load_sums(SUM_Y * stride + item, stride);
        if (cofactored(x, y, r.x, r.y)) { code = VALID; }
      }
    }
  }
  results[RESULT_WORDS * item] = code;
  results[RESULT_WORDS * item + 1u] = items[row + ITEM_TAG] + code;
}
