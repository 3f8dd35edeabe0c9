"""The node's own log of acts as it keeps it: tree and proofs, seals, escrow, openings, export."""
