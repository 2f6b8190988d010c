//! Known answers of ECDSA.

use crate::Reason;
use crate::schemes::def::KnownAnswer;

/// Of `ecdsa-p256`.
pub(super) static P256: [KnownAnswer; 1] = [KnownAnswer {
    origin: "RFC 6979 appendix A.2.5, SHA-512, sample",
    key: "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
    message: "39a5e04aaff7455d9850c605364f514c11324ce64016960d23d5dc57d3ffd8f4\
              9a739468ab8049bf18eef820cdb1ad6c9015f838556bc7fad4138b23fdf986c7",
    signature: "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00\
              2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe",
    ..KnownAnswer::NONE
}];

/// Of `ecdsa-p256-sha256`.
pub(super) static P256_SHA256: [KnownAnswer; 2] = [
    KnownAnswer {
        origin: "RFC 6979 appendix A.2.5, SHA-256, sample",
        key: "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29f\
              b67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d44622\
              99",
        message: "73616d706c65",
        signature: "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
              f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        refused: &[("ecdsa-low-s", Reason::HighS)],
        ..KnownAnswer::NONE
    },
    KnownAnswer {
        origin: "RFC 6979 appendix A.2.5, SHA-256, test",
        key: "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29f\
              b67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d44622\
              99",
        message: "74657374",
        signature: "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367\
              019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
        ..KnownAnswer::NONE
    },
];

/// Of `ecdsa-secp256k1`.
pub(super) static SECP256K1: [KnownAnswer; 1] = [KnownAnswer {
    origin: "Bitcoin forum topic 285142, private key 1, Satoshi Nakamoto",
    key: "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    message: "a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e",
    signature: "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
              2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    ..KnownAnswer::NONE
}];

/// Of `ecdsa-secp256k1-sha256`.
pub(super) static SECP256K1_SHA256: [KnownAnswer; 1] = [KnownAnswer {
    origin: "Bitcoin forum topic 285142, private key 1, Satoshi Nakamoto",
    key: "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    message: "5361746f736869204e616b616d6f746f",
    signature: "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
              2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    ..KnownAnswer::NONE
}];

/// Of `ecdsa-secp256k1-sha256d`.
pub(super) static SECP256K1_SHA256D: [KnownAnswer; 1] = [KnownAnswer {
    origin: "Bitcoin transaction f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16",
    encoding: "der-bip66",
    key: "0411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a\
              5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412\
              a3",
    message: "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25\
              857fcd37040000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e\
              97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9\
              d4c03f999b8643f656b412a3acffffffff0200ca9a3b00000000434104ae1a62\
              fe09c5f51b13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab3\
              7397f554a7df5f142c21c1b7303b8a0626f1baded5c72a704f7e6cd84cac0028\
              6bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b148\
              2ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f\
              999b8643f656b412a3ac0000000001000000",
    signature: "304402204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab\
              5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56cbbac46220822\
              21a8768d1d09",
    ..KnownAnswer::NONE
}];

/// Of `ecdsa-secp256k1-keccak256`.
pub(super) static SECP256K1_KECCAK256: [KnownAnswer; 1] = [KnownAnswer {
    origin: "EIP-155, example",
    encoding: "raw-v",
    key: "044bc2a31265153f07e70e0bab08724e6b85e217f8cd628ceb62974247bb4933\
              82ce28cab79ad7119ee1ad3ebcdb98a16805211530ecc6cfefa1b88e6dff9923\
              2a",
    message: "ec098504a817c800825208943535353535353535353535353535353535353535\
              880de0b6b3a764000080018080",
    signature: "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
              67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83\
              00",
    ..KnownAnswer::NONE
}];
