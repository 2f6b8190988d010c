//! The library of Bitcoin Core: whether an input is valid under flags. It keeps no caches between calls.

use bitcoinkernel::{
    PrecomputedTransactionData, ScriptPubkey, Transaction, TxOut, VERIFY_CHECKLOCKTIMEVERIFY,
    VERIFY_CHECKSEQUENCEVERIFY, VERIFY_DERSIG, VERIFY_NONE, VERIFY_NULLDUMMY, VERIFY_P2SH, VERIFY_TAPROOT,
    VERIFY_WITNESS, verify,
};
use sigwarp_profiles::bitcoin::Flags;

use crate::wire::Output;

/// A transaction with its outputs spent as the library has them, and what all its inputs need.
pub(crate) struct Prepared {
    transaction: Transaction,
    scripts: Vec<ScriptPubkey>,
    values: Vec<i64>,
    data: PrecomputedTransactionData,
}

impl Prepared {
    /// `None` where it is no transaction for the library.
    pub(crate) fn new(transaction: &[u8], spent: &[Output]) -> Option<Self> {
        let transaction = Transaction::new(transaction).ok()?;
        let scripts: Vec<ScriptPubkey> =
            spent.iter().map(|output| ScriptPubkey::new(&output.script).ok()).collect::<Option<_>>()?;
        let outputs: Vec<TxOut> =
            scripts.iter().zip(spent).map(|(script, output)| TxOut::new(script, output.value)).collect();
        let data = PrecomputedTransactionData::new(&transaction, &outputs).ok()?;
        let values = spent.iter().map(|output| output.value).collect();
        Some(Self { transaction, scripts, values, data })
    }

    pub(crate) fn inputs(&self) -> usize {
        self.scripts.len()
    }

    /// Whether an input is valid under the rules of these flags.
    pub(crate) fn is_valid(&self, input: usize, flags: u32) -> bool {
        let Self { transaction, scripts, values, data } = self;
        verify(&scripts[input], Some(values[input]), transaction, input, Some(flags), data).is_ok()
    }
}

/// The rules that the library knows, by their flags here.
const ALL: [(Flags, u32); 7] = [
    (Flags::P2SH, VERIFY_P2SH),
    (Flags::DERSIG, VERIFY_DERSIG),
    (Flags::NULLDUMMY, VERIFY_NULLDUMMY),
    (Flags::CHECKLOCKTIMEVERIFY, VERIFY_CHECKLOCKTIMEVERIFY),
    (Flags::CHECKSEQUENCEVERIFY, VERIFY_CHECKSEQUENCEVERIFY),
    (Flags::WITNESS, VERIFY_WITNESS),
    (Flags::TAPROOT, VERIFY_TAPROOT),
];

/// The flags of the library for those of ours.
pub(crate) fn flags(ours: Flags) -> u32 {
    ALL.iter().filter(|(flag, _)| ours.any(*flag)).fold(VERIFY_NONE, |all, (_, flag)| all | flag)
}

/// Flags by the bits of a number, such as blocks can have: witnesses need P2SH, and taproot witnesses.
pub(crate) fn some(bits: u64) -> Flags {
    let chosen = ALL.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1);
    let mut flags = chosen.fold(Flags::NONE, |all, (_, (flag, _))| all | *flag);
    if !flags.any(Flags::P2SH) {
        flags = flags.without(Flags::WITNESS);
    }
    if !flags.any(Flags::WITNESS) {
        flags = flags.without(Flags::TAPROOT);
    }
    flags
}
