"""What the mains share: paths are quoted for Hydra, settings checked early, errors kept short."""
