"""One file a kind of letter, and the blocks they are made of."""
