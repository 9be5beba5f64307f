"""charrec trains, tests and uses small networks that read single letters from pictures."""
