"""The law as dated, cited data, and the arithmetic of its time limits.

Parameters are files (`data/`), conditions are code (`comity.safeguards`, `time_limits`). Nothing here decides a case.
"""
