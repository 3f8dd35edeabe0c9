"""Comity: authorities ask each other for help in criminal matters, under the safeguards the law demands."""
