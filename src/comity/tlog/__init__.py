"""A log anyone can check: C2SP tlog formats over an RFC 6962 tree.

Bytes in, bytes out. No disk, no network, no clock: the caller reads tiles, asks witnesses and says what time it is.
"""
