#![no_main]

use sigwarp_fuzz_bodies as bodies;

libfuzzer_sys::fuzz_target!(init: bodies::prepare("fisco_bcos"), |data: &[u8]| bodies::fisco_bcos(data));
