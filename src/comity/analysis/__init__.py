"""Engines: pure computations whose results are advice or figures. They know nothing of dockets, logs or signatures."""
