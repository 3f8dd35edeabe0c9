"""The oversight body's side: what a witness saw last of each log, and a mirror that keeps every leaf."""
