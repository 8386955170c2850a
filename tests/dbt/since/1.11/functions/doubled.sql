amount * 2
