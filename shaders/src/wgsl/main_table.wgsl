// The first addition is of the point to itself: the formula is complete.
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let item = id.x;
  if (item >= params.x) { return; }
  let stride = params.y;
  let x = load_points(POINT_X * stride + item, stride);
  let y = load_points(POINT_Y * stride + item, stride);
  var p = identity();
  var one = entry_of(p);
  for (var m = 0u; m < TABLE_ENTRIES; m = m + 1u) {
    if (m == 1u) {
      p = Point(x, y, fe_one(), fe_mul(x, y));
    } else if (m != 0u) {
      p = complete(add(p, one, false), p.t, true);
    }
    let entry = entry_of(p);
    if (m == 1u) { one = entry; }
    store_multiples((TABLE_WORDS * item + TABLE_ENTRY * m) >> 2u, entry);
  }
}
