// Z of each item becomes 1/Z. A thread takes every T-th item (neighbours touch neighbouring words): products of all Z
// so far on the way up, one inversion, and on the way down each inverse from the product before it. No Z is 0: the
// addition is complete, and the keys are points or the neutral element.
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let count = params.x;
  let stride = params.y;
  let threads = (count + GROUP - 1u) >> GROUP_LOG;
  if (id.x >= threads) { return; }
  var product = fe_one();
  var item = id.x;
  var taken = 0u;
  while (taken < GROUP && item < count) {
    store_prefixes(item, stride, product);
    product = fe_mul(product, load_sums(SUM_Z * stride + item, stride));
    item = item + threads;
    taken = taken + 1u;
  }
  var inverse = power(product, true);
  while (taken > 0u) {
    taken = taken - 1u;
    item = item - threads;
    let at = SUM_Z * stride + item;
    let z = load_sums(at, stride);
    store_sums(at, stride, fe_mul(inverse, load_prefixes(item, stride)));
    inverse = fe_mul(inverse, z);
  }
}
