"""The guard at start: is what is stored what was entered, logged and signed?"""
