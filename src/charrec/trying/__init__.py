"""Trying runs out on single pictures: read, shown as the network sees them, compared, served."""
