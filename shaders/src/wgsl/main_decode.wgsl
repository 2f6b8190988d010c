@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let item = id.x;
  if (item >= params.x) { return; }
  let stride = params.y;
  let a = decode(row_items(ITEM_WORDS * item + ITEM_A));
  store_points(POINT_X * stride + item, stride, fe_carry(fe_sub(fe_zero(), a.x)));
  store_points(POINT_Y * stride + item, stride, a.y);
  state[item] = select(KEY_NOT_ON_CURVE, KEY_ON_CURVE, a.on_curve);
}
