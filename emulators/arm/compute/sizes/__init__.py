"""VM sizes: what each can do, where it may be used, how many cores are left, and whether Azure has room for it."""
