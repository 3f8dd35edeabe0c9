"""Official forms: filled from the docket, checked, and set as the source of a printed document."""
