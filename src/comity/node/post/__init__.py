"""What goes to other nodes and comes from them: outbox and inbox, deliveries, transport."""
