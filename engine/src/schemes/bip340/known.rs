//! Known answers of BIP 340.

use crate::schemes::def::KnownAnswer;

/// Of `schnorr-bip340`.
pub(super) static BIP340: [KnownAnswer; 1] = [KnownAnswer {
    origin: "BIP 340 test vector 1",
    key: "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
    message: "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
    signature: "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341\
              8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a",
    ..KnownAnswer::NONE
}];
