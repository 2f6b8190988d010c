//! The messages of a transaction, field by field in the order of their numbers (`chain.proto`).

use crate::schema::Kind::{Bool, Bytes, Int32, Int64, Message, Messages, Text, Texts};
use crate::schema::{Field, field};

/// The source of a transaction, and that of an operation.
pub(super) const TRANSACTION_SOURCE: u32 = 1;
pub(super) const OPERATION_SOURCE: u32 = 2;
/// The operations of a transaction.
pub(super) const OPERATIONS: u32 = 7;

pub(super) static TRANSACTION: [Field; 8] = [
    field(TRANSACTION_SOURCE, Text),
    // nonce, fee_limit, gas_price, ceil_ledger_seq.
    field(2, Int64),
    field(3, Int64),
    field(4, Int64),
    field(5, Int64),
    // metadata.
    field(6, Bytes),
    field(OPERATIONS, Messages(&OPERATION)),
    // chain_id.
    field(8, Int64),
];

static OPERATION: [Field; 12] = [
    // type.
    field(1, Int32),
    field(OPERATION_SOURCE, Text),
    // metadata.
    field(3, Bytes),
    field(4, Message(&CREATE_ACCOUNT)),
    field(5, Message(&ISSUE_ASSET)),
    field(6, Message(&PAY_ASSET)),
    field(7, Message(&SET_METADATA)),
    field(8, Message(&SET_SIGNER_WEIGHT)),
    field(9, Message(&THRESHOLDS)),
    field(10, Message(&PAY_COIN)),
    field(11, Message(&LOG)),
    field(12, Message(&SET_PRIVILEGE)),
];

static CREATE_ACCOUNT: [Field; 6] = [
    // dest_address, contract, priv, metadatas, init_balance, init_input.
    field(1, Text),
    field(2, Message(&CONTRACT)),
    field(3, Message(&PRIVILEGE)),
    field(4, Messages(&KEY_PAIR)),
    field(5, Int64),
    field(6, Text),
];

/// type, payload.
static CONTRACT: [Field; 2] = [field(1, Int32), field(2, Text)];

/// master_weight, signers, thresholds.
static PRIVILEGE: [Field; 3] = [field(1, Int64), field(2, Messages(&SIGNER)), field(3, Message(&THRESHOLDS))];

/// address, weight.
static SIGNER: [Field; 2] = [field(1, Text), field(2, Int64)];

/// tx_threshold, type_thresholds: of an account, and of the operation that sets them.
static THRESHOLDS: [Field; 2] = [field(1, Int64), field(2, Messages(&TYPE_THRESHOLD))];

/// type, threshold.
static TYPE_THRESHOLD: [Field; 2] = [field(1, Int32), field(2, Int64)];

/// key, value, version.
static KEY_PAIR: [Field; 3] = [field(1, Text), field(2, Text), field(3, Int64)];

/// code, amount.
static ISSUE_ASSET: [Field; 2] = [field(1, Text), field(2, Int64)];

/// dest_address, asset, input.
static PAY_ASSET: [Field; 3] = [field(1, Text), field(2, Message(&ASSET)), field(3, Text)];

/// key, amount.
static ASSET: [Field; 2] = [field(1, Message(&ASSET_KEY)), field(2, Int64)];

/// issuer, code, type.
static ASSET_KEY: [Field; 3] = [field(1, Text), field(2, Text), field(3, Int32)];

/// key, value, version, delete_flag.
static SET_METADATA: [Field; 4] = [field(1, Text), field(2, Text), field(3, Int64), field(4, Bool)];

/// master_weight, signers.
static SET_SIGNER_WEIGHT: [Field; 2] = [field(1, Int64), field(2, Messages(&SIGNER))];

/// dest_address, amount, input.
static PAY_COIN: [Field; 3] = [field(1, Text), field(2, Int64), field(3, Text)];

/// topic, datas.
static LOG: [Field; 2] = [field(1, Text), field(2, Texts)];

/// master_weight, signers, tx_threshold, type_thresholds.
static SET_PRIVILEGE: [Field; 4] =
    [field(1, Text), field(2, Messages(&SIGNER)), field(3, Text), field(4, Messages(&TYPE_THRESHOLD))];
