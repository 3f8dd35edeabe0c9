"""HTTP surfaces: what people, peers and witnesses reach over the network. Deciding is left to the rooms below."""
