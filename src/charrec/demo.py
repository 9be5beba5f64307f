"""``python -m charrec.demo``: draw a letter and see it read; conf/demo.yaml is the manual."""

from __future__ import annotations

import warnings

from omegaconf import DictConfig

from charrec.cli.entry import run_main, settings_of
from charrec.cli.heavy import uncollected
from charrec.saying import say
from charrec.trying.address import WARNING, hosts_of, is_at_home, listening, url_of


def main(config: DictConfig) -> None:
    settings = settings_of(config)
    sock = listening(settings["host"], settings["port"])
    if not is_at_home(sock):
        warnings.warn(f"host={settings['host']}: {WARNING}", stacklevel=1)
    say("Getting ready: PyTorch, Gradio and the letters it was trained on take ten seconds or so")
    with uncollected():
        # torch, Lightning and Gradio: seconds, so only once all is checked
        from charrec.trying.server import serve
        from charrec.trying.trial import open_trial

    trial = open_trial(
        settings["run"], settings["checkpoint"], settings["trainer"], settings["data"]["root"]
    )
    hosts = hosts_of(sock, settings["host"])
    serve(trial, sock, lambda: say(f"Draw a letter at {url_of(sock)} (Ctrl-C ends it)"), hosts)


if __name__ == "__main__":
    run_main(main, "demo")
