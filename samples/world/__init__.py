"""What the fictional world holds, as data and as the bytes of each file."""
