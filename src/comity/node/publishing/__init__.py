"""What follows in the log by itself: signing, padding, unsealing, the turn of the year, anchors, reports."""
