"""What a node keeps on its own disk, and how: rows, contents, keys, what was signed last, what peers showed."""
