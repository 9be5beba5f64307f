"""The parts of a run's page, each a function from its content to HTML; "" where there is none."""
