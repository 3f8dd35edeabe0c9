"""The node: the only room that writes, waits or reads the clock.

`registrar` is the one door; `store` and `vault` keep, `publisher` and `mailbox` carry out, `clerk` watches the clock.
"""
