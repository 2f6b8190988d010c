#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigwarp_fuzz_bodies::fields(data));
