//! Known keys that a backend must recover before it may recover any.

use super::SelfTestFailure;
use super::selftest::unhex;
use crate::backend::{Cpu, Recovered, Recovery};
use crate::batch::Column;
use crate::{EcdsaRule, Reason};

/// The digest, the signature and the key of EIP-155's example, with recovery id 0.
const DIGEST: &str = "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53";
const SIGNATURE: &str = "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
                         67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
const KEY: &str = "044bc2a31265153f07e70e0bab08724e6b85e217f8cd628ceb62974247bb493382\
                   ce28cab79ad7119ee1ad3ebcdb98a16805211530ecc6cfefa1b88e6dff99232a";

/// The example and what must fail, so many of each in turn that every lane gets them and a tail is left.
pub(super) fn run(backend: &dyn Cpu) -> Result<(), SelfTestFailure> {
    let fail = |what: String| SelfTestFailure { backend: backend.kind(), what };
    let (digest, signature) = (unhex(DIGEST), unhex(SIGNATURE));
    let mut key = [0; 65];
    key.copy_from_slice(&unhex(KEY));
    // An R of x = 5, which is that of no point; and r + n, which is above p for this r.
    let no_point = [&[0; 31][..], &[5], &signature[32..]].concat();
    let cases: [(&[u8], u8, Recovered); 3] = [
        (&signature, 0, Ok(key)),
        (&no_point, 0, Err(Reason::RNotOnCurve)),
        (&signature, 2, Err(Reason::RNotOnCurve)),
    ];
    let count = 3 * backend.shape().lanes + 1;
    let digests = vec![&digest[..]; count];
    let signatures: Vec<&[u8]> = (0..count).map(|row| cases[row % 3].0).collect();
    let ids: Vec<u8> = (0..count).map(|row| cases[row % 3].1).collect();
    let rows = Recovery {
        rule: EcdsaRule::LowS,
        digests: Column::slices(&digests),
        signatures: Column::slices(&signatures),
        ids: &ids,
    };
    let keys = super::recover_on(backend, &rows).map_err(|error| fail(error.what))?;
    for (row, recovered) in keys.iter().enumerate() {
        if *recovered != cases[row % 3].2 {
            return Err(fail(format!("case {} of the recovery of EIP-155's key is wrong", row % 3)));
        }
    }
    Ok(())
}
