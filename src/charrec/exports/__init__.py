"""Trained networks as files that need no charrec: formats, proof, and what is told of them."""
