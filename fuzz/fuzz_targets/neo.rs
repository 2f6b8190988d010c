#![no_main]

use sigwarp_fuzz_bodies as bodies;

libfuzzer_sys::fuzz_target!(init: bodies::prepare("neo"), |data: &[u8]| bodies::neo(data));
