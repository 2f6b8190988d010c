#![no_main]

use sigwarp_fuzz_bodies as bodies;

libfuzzer_sys::fuzz_target!(
    init: {
        // The reader catches panics of the decoder and makes errors of them; the hook that aborts at once would call
        // them findings. A panic that leaves the target still is one, and is told when its input is replayed.
        std::panic::set_hook(Box::new(|_| {}));
        bodies::prepare("parquet");
    },
    |data: &[u8]| bodies::parquet(data)
);
