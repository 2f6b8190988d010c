what="the ledger of the key ring stays locked while tables are made"
plant engine/src/keyring/mod.rs \
    '            drop(ledger);
            prepared.orders.make(&stores);' \
    '            let held = ON.then_some(ledger);
            prepared.orders.make(&stores);
            drop(held);'
