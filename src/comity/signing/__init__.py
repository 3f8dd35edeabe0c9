"""Bytes that anyone can check: canonical form, digests, keys, seals, hands, credentials, envelopes, evidence streams.

Everything here is a function from bytes to bytes, checkable offline with public specifications: RFC 8785 (canonical
JSON), RFC 8032 (Ed25519), RFC 7515 and 8037 (JWS), RFC 7638 (thumbprints), RFC 9180 (HPKE), Tink (streaming AEAD).

Left to others: the log (`comity.tlog`); what a record is (`comity.docket`); disks, agents and clocks (`comity.node`).
The operating system's random source is used for keys, salts and nonces; nothing else is taken from outside.
"""
