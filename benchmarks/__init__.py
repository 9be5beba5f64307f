"""charrec beside other ways to do the same, measured: ``make bench``."""
