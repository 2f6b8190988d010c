  let k = recode_key(reduce(
    swap_bytes(u32(s0 >> 32u)), swap_bytes(u32(s0)), swap_bytes(u32(s1 >> 32u)), swap_bytes(u32(s1)),
    swap_bytes(u32(s2 >> 32u)), swap_bytes(u32(s2)), swap_bytes(u32(s3 >> 32u)), swap_bytes(u32(s3)),
    swap_bytes(u32(s4 >> 32u)), swap_bytes(u32(s4)), swap_bytes(u32(s5 >> 32u)), swap_bytes(u32(s5)),
    swap_bytes(u32(s6 >> 32u)), swap_bytes(u32(s6)), swap_bytes(u32(s7 >> 32u)), swap_bytes(u32(s7))));
  let s = recode_base(row_items(row + ITEM_S));
  store8_scalars(SCALAR_K * stride + item, stride, k);
  store8_scalars(SCALAR_S * stride + item, stride, s);
}
