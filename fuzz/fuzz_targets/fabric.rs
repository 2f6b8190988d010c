#![no_main]

use sigwarp_fuzz_bodies as bodies;

libfuzzer_sys::fuzz_target!(init: bodies::prepare("fabric"), |data: &[u8]| bodies::fabric(data));
