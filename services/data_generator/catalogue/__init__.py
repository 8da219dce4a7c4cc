"""What there is to find: the shop's words, its items, and the attention that each gets week by week."""
