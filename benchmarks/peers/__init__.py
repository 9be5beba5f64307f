"""The same training, written as each library's best users would write it; a file a peer."""
