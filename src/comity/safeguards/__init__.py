"""Questions asked before a step: pure functions from a filing to a finding, each with its rule and citation.

Conditions are code here; their parameters (numbers, lists, kinds of authority, provisions) are read from the law book.
"""
