#![no_main]

use sigwarp_fuzz_bodies as bodies;

libfuzzer_sys::fuzz_target!(init: bodies::prepare("chain_core"), |data: &[u8]| bodies::chain_core(data));
