#![no_main]

use sigwarp_fuzz_bodies as bodies;

libfuzzer_sys::fuzz_target!(init: bodies::prepare("corda"), |data: &[u8]| bodies::corda(data));
