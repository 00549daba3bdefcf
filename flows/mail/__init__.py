"""From alert events to mail: how it is worded, which letters there are, how they leave."""
