what="x = 0 with sign 1 passes for canonical"
plant engine/src/schemes/ed25519/wire.rs \
    'signed_zero: sign && x_zero' \
    'signed_zero: !ON && sign && x_zero'
