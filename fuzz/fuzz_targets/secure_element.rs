#![no_main]

use sigwarp_fuzz_bodies as bodies;

libfuzzer_sys::fuzz_target!(init: bodies::prepare("secure_element"), |data: &[u8]| bodies::secure_element(data));
