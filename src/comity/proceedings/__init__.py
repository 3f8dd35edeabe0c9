"""One table of steps and duties per kind of matter, independent of one another. Names only, never conditions."""
