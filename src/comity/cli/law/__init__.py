"""``comity law``: ask the law that is packaged with this program."""
