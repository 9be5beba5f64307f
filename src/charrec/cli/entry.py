"""Starting a main under Hydra, and ending it with a message where something is wrong."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from charrec.cli.arguments import check_flags, quote_paths
from charrec.cli.explain import explain
from charrec.cli.streams import finish, outlets
from charrec.errors import Interrupted, UserError
from charrec.new_folders import run_id
from charrec.resources import resource
from charrec.saying import complain, warn

FULL_ERROR = "HYDRA_FULL_ERROR"
WANTS_TRACEBACK = os.environ.get(FULL_ERROR) == "1"
REFUSED = 2  # exit code
GROUPS = ("optimizer", "augment", "data", "trainer")  # what a list would be merged into one
MENDABLE = (UserError, HydraException, OmegaConfBaseException, OSError)


def run_main(main: Callable[[DictConfig], int | None], config_name: str) -> None:
    """Compose ``conf/CONFIG_NAME.yaml`` with the command line and hand it to `main`.

    What `main` returns is the exit code, None standing for 0.

    What the user can mend ends in one or two lines on stderr and a non-zero exit code;
    HYDRA_FULL_ERROR=1 shows the traceback too.
    """
    try:
        with outlets():
            sys.exit(_exit_code_of(main, config_name))
    except SystemExit as end:
        if isinstance(end.code, int) and _trained_together():
            _leave(end.code)
        raise


def _exit_code_of(main: Callable[[DictConfig], int | None], config_name: str) -> int:
    warnings.showwarning = show_warning
    threading.excepthook = _show_thread_error
    exit_codes: list[int] = []
    try:
        try:
            _compose_and_call(main, config_name, exit_codes)
        finally:
            finish(sys.stdout)
    except (*MENDABLE, ValueError) as error:  # a ValueError only from composing the settings
        if isinstance(error, ValueError) and "Config group" not in str(error):
            raise
        exit_codes.append(report(error, config_name))
    except KeyboardInterrupt as stop:
        stop = stop if isinstance(stop, Interrupted) else Interrupted.by(stop)
        complain(stop, "yellow")
        logging.disable()  # torch has notes on a half-done import
        return stop.exit_code
    return max(exit_codes, default=0)


def _trained_together() -> bool:
    """Whether this process has one of torch's groups of processes; imports nothing."""
    distributed = sys.modules.get("torch.distributed")
    return bool(distributed and distributed.is_available() and distributed.is_initialized())


def _leave(exit_code: int) -> NoReturn:
    """End as Python does, threads joined and all `atexit` done, but for taking itself apart.

    While it does, a thread of torch's group of processes may wake up, and abort a process that is
    through with everything ("terminate called without an active exception", exit code 134). What
    Python's own fork server starts ends like this, too.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):  # who was to read it is gone
            stream.flush()
    os._exit(exit_code)


def _compose_and_call(
    main: Callable[[DictConfig], int | None], config_name: str, exit_codes: list[int]
) -> None:
    given = sys.argv[1:]

    def job(config: DictConfig) -> None:
        """Hydra would put a line of its own before the message of an error that it sees."""
        warnings.showwarning = show_warning  # where a launcher has started another process
        sys.argv[1:] = given  # with which Lightning starts the other processes of a run
        try:
            exit_codes.append(main(config) or 0)
        except MENDABLE as error:
            exit_codes.append(report(error, config_name))

    OmegaConf.register_new_resolver("run_id", run_id, use_cache=True, replace=True)
    os.environ[FULL_ERROR] = "1"  # else Hydra prints and exits by itself
    check_flags(given, config_name)
    sys.argv[1:] = quote_paths(given)
    conf = str(resource("conf"))
    hydra.main(version_base="1.3", config_path=conf, config_name=config_name)(job)()


def show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """Ours and Lightning's advice in a line; deprecations are for the authors of libraries."""
    if not issubclass(category, (DeprecationWarning, FutureWarning)):
        warn(message)


def _show_thread_error(error: threading.ExceptHookArgs) -> None:
    """TensorBoard's thread hands what the disk refuses on to the thread that logs."""
    if not issubclass(error.exc_type, OSError):
        threading.__excepthook__(error)


def report(error: BaseException, config_name: str) -> int:
    """Print what is wrong and return the exit code."""
    if WANTS_TRACEBACK:
        traceback.print_exception(error)
    complain(error if isinstance(error, UserError) else explain(error, config_name))
    return REFUSED


def settings_of(config: DictConfig) -> dict[str, Any]:
    """The composed settings as plain values, references resolved, without Hydra's own."""
    choices = OmegaConf.select(config, "hydra.runtime.choices")
    for group in GROUPS if choices is not None else ():
        if group in config and group not in choices:
            raise UserError(f"{group} is one choice: several, one a run, are -m {group}=A,B")
    plain = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    settings = OmegaConf.to_container(plain, resolve=True)
    assert isinstance(settings, dict)
    return {str(key): value for key, value in settings.items()}
