"""Pages for a browser: one file each, no network, nothing run that is not their own."""
