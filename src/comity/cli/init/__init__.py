"""``comity init``: Parties, officials, nodes and witnesses, their keys and what becomes of them."""
