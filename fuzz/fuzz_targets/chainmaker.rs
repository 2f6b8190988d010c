#![no_main]

use sigwarp_fuzz_bodies as bodies;

libfuzzer_sys::fuzz_target!(init: bodies::prepare("chainmaker"), |data: &[u8]| bodies::chainmaker(data));
