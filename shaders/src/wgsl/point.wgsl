// Points of edwards25519 (a = -1) in extended coordinates, X/Z and Y/Z with T = XY/Z.
//
// A doubling (dbl-2008-hwcd) and an addition (add-2008-hwcd-3) both end in four factors E, F, G, H whose products are
// X = EF, Y = GH, Z = FG, T = EH; `complete` forms them. The addition is complete on this curve (-1 is a square, d is not).
//
// Bounds: coordinates and the entries' Y + X, Y - X, 2dT are tight, 2Z below 2^30 + 2^18. Of two differences that are
// multiplied with each other one is carried.
struct Point { x: Fe, y: Fe, z: Fe, t: Fe }
struct Factors { e: Fe, f: Fe, g: Fe, h: Fe }
struct Entry { plus: Fe, minus: Fe, z2: Fe, td2: Fe }

fn identity() -> Point { return Point(fe_zero(), fe_one(), fe_one(), fe_zero()); }

// All four factors with the opposite sign of the usual ones, which the products do not see.
fn double(p: Point) -> Factors {
  let a = fe_square(p.x);
  let b = fe_square(p.y);
  let c = fe_square(p.z);
  let s = fe_square(fe_add(p.x, p.y));
  let h = fe_add(a, b);
  let g = fe_sub(a, b);
  return Factors(fe_carry(fe_sub(h, s)), fe_carry(fe_add(fe_add(c, c), g)), g, h);
}

// p plus the entry, or less it: the caller has then exchanged `plus` and `minus`, and only T's sign is left.
fn add(p: Point, q: Entry, negative: bool) -> Factors {
  let a = fe_mul(fe_sub(p.y, p.x), q.minus);
  let b = fe_mul(fe_add(p.y, p.x), q.plus);
  let c = fe_mul(p.t, q.td2);
  let d = fe_mul(p.z, q.z2);
  let difference = fe_sub(d, c);
  let sum = fe_add(d, c);
  return Factors(
    fe_carry(fe_sub(b, a)),
    fe_select(difference, sum, negative),
    fe_select(sum, difference, negative),
    fe_add(b, a));
}

// T stays as it is unless it is wanted.
fn complete(q: Factors, old_t: Fe, want_t: bool) -> Point {
  var p = Point(fe_mul(q.e, q.f), fe_mul(q.g, q.h), fe_mul(q.f, q.g), old_t);
  if (want_t) { p.t = fe_mul(q.e, q.h); }
  return p;
}

fn entry_of(p: Point) -> Entry {
  return Entry(
    fe_carry(fe_add(p.y, p.x)), fe_carry(fe_sub(p.y, p.x)), fe_add(p.z, p.z), fe_mul(p.t, fe_2d()));
}
