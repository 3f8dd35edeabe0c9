"""The one door: from a filing to an entry. Everything that is ever entered comes through here."""
