"""Where Hydra finds charrec's sweepers: it makes only classes whose module begins with this name.

Every start of any program with Hydra imports this file, so nothing heavy may be imported here.
"""

from __future__ import annotations

from hydra.core.config_store import ConfigStore

from charrec.sweep.grid import GridSweeper
from charrec.sweep.search import SearchSweeper


class Grid(GridSweeper):
    """``hydra/sweeper=grid``, which ``conf/train.yaml`` chooses."""


class Search(SearchSweeper):
    """``hydra/sweeper=optuna``, in ``conf/hydra/sweeper/optuna.yaml``."""


ConfigStore.instance().store(
    group="hydra/sweeper",
    name="grid",
    node={"_target_": f"{__name__}.Grid", "params": None},
    provider="charrec",
)
