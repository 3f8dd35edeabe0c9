"""The demonstration: two nodes, three matters, one evidence package checked offline."""
