"""What one audience may see: pure functions from dockets to forms and pages. No disk, no network, no clock."""
