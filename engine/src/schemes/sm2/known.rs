//! Known answers of SM2.

use crate::schemes::def::KnownAnswer;

/// Of `sm2-sm3`.
pub(super) static SM2_SM3: [KnownAnswer; 1] = [KnownAnswer {
    origin: "GB/T 32918.5 annex A",
    key: "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f350\
              20ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad\
              13",
    message: "6d65737361676520646967657374",
    signature: "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
              b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
    ..KnownAnswer::NONE
}];

/// Of `sm2`.
pub(super) static SM2: [KnownAnswer; 2] = [
    KnownAnswer {
        origin: "GB/T 32918.5 annex A, e",
        key: "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f350\
              20ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad\
              13",
        message: "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640",
        signature: "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
              b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
        ..KnownAnswer::NONE
    },
    KnownAnswer {
        origin: "GB/T 32918.5 annex A, e",
        encoding: "der",
        key: "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f350\
              20ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad\
              13",
        message: "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640",
        signature: "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7e\
              aceee720b3022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4\
              840b69c485bbc1aa",
        ..KnownAnswer::NONE
    },
];
