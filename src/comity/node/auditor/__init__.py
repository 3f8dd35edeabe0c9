"""The outsider's side: reading a log of another, keeping what was verified, saying what is wrong with it."""
