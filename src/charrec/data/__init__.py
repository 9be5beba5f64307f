"""Letters: which files there are, how a picture is read, how batches are made."""
