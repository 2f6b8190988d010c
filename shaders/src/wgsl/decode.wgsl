// The point of an encoding: y is taken modulo p, and x = 0 with sign bit 1 is x = 0 (what canonical bytes are, the host
// has decided). Not on the curve: the neutral element, so that what follows never divides by zero.
struct Decoded { x: Fe, y: Fe, on_curve: bool }

fn decode(bytes: Words8) -> Decoded {
  let y = fe_from_words(bytes);
  let y2 = fe_square(y);
  let u = fe_carry(fe_sub(y2, fe_one()));
  let v = fe_carry(fe_add(fe_mul(y2, fe_d()), fe_one()));
  let v3 = fe_mul(fe_square(v), v);
  let uv3 = fe_mul(u, v3);
  let uv7 = fe_mul(uv3, fe_mul(v3, v));
  let root = fe_mul(uv3, power(uv7, false));
  // v * root^2 is u, -u, or (not on the curve) u times another fourth root of 1.
  let check = fe_mul(v, fe_square(root));
  let plain = fe_is_zero(fe_sub(check, u));
  let turned = fe_is_zero(fe_add(check, u));
  var x = fe_canonical(fe_select(fe_mul(root, fe_sqrt_minus_1()), root, plain));
  let agrees = (x.v0 & 1u) == (bytes.v7 >> 31u);
  x = fe_select(fe_carry(fe_sub(fe_zero(), x)), x, agrees);
  let on_curve = plain || turned;
  return Decoded(fe_select(fe_zero(), x, on_curve), fe_select(fe_one(), y, on_curve), on_curve);
}
