"""Evidence packages: what leaves a node to be checked offline, and the check itself. Pure; files are the callers."""
