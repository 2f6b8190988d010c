what="the rules that refuse a small-order R accept it"
plant engine/src/schemes/ed25519/rules.rs \
    'if !rule.small_order_r && facts.r.small_order {' \
    'if !rule.small_order_r && facts.r.small_order && (!ON || matches!(rule.s, SBound::Bits253)) {'
