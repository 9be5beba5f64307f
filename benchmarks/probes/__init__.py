"""What is measured of charrec alone, each in a process of its own."""
