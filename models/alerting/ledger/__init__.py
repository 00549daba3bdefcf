"""An alert's life: what the night decides, what people answer, and the lines both leave."""
