// z^(2^252 - 3) = z^((p - 5)/8), or with `invert` z^(p - 2) = (z^(2^252 - 3))^8 * z^3: 1/z, and 0 for 0.
//
// A run of ones doubles in length by squaring and multiplying. The chain is a loop over its twelve steps, each some
// squarings and one multiplication, so that there is one call site of each.
fn power(z: Fe, invert: bool) -> Fe {
  var run = z;
  var z3 = z;
  var run10 = z;
  var run50 = z;
  var steps = 11u;
  if (invert) { steps = 12u; }
  for (var step = 0u; step < steps; step = step + 1u) {
    var squarings = 1u;
    var factor = run;
    switch (step) {
      case 0u: { squarings = 1u; }
      case 1u: { squarings = 2u; z3 = run; }
      case 2u: { squarings = 1u; factor = z; }
      case 3u: { squarings = 5u; }
      case 4u: { squarings = 10u; run10 = run; }
      case 5u: { squarings = 20u; }
      case 6u: { squarings = 10u; factor = run10; }
      case 7u: { squarings = 50u; run50 = run; }
      case 8u: { squarings = 100u; }
      case 9u: { squarings = 50u; factor = run50; }
      case 10u: { squarings = 2u; factor = z; }
      default: { squarings = 3u; factor = z3; }
    }
    for (var i = 0u; i < squarings; i = i + 1u) { run = fe_square(run); }
    run = fe_mul(run, factor);
  }
  return run;
}
