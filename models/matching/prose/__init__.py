"""Running text: where names stand in it, and what the words around them say."""
