fn store_entry(m: u32, item: u32, stride: u32, entry: Entry) {
  let at = TABLE_ENTRY * m * stride + item;
  store_multiples(at, stride, entry.plus);
  store_multiples(at + LIMBS * stride, stride, entry.minus);
  store_multiples(at + 2u * LIMBS * stride, stride, entry.z2);
  store_multiples(at + 3u * LIMBS * stride, stride, entry.td2);
}

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
    store_entry(m, item, stride, entry);
  }
}
