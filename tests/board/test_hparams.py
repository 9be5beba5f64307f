"""The knobs as TensorBoard's table takes them."""

from __future__ import annotations

import pytest
from tensorboard.plugins.hparams import api_pb2, metadata

from charrec.board.hparams import KNOBS, changed, end, experiment, knobs_of, name_of, start
from charrec.settings import TrainSettings


def test_each_knob_has_a_value_of_the_kind_of_its_column() -> None:
    content = experiment(()).metadata.plugin_data.content
    columns = {i.name: i.type for i in metadata.parse_experiment_plugin_data(content).hparam_infos}
    for settings in (TrainSettings(), TrainSettings(optimizer="adam", hsize=[128, 64])):
        values = knobs_of(settings)
        assert list(columns) == list(KNOBS) == list(values)
        for name, value in values.items():
            text = columns[name] == api_pb2.DATA_TYPE_STRING
            assert isinstance(value, str) == text, name


def test_layers_and_a_missing_momentum_are_texts() -> None:
    values = knobs_of(TrainSettings(optimizer="adam", hsize=[128, 64], lr=0.002))
    assert (values["hsize"], values["momentum"], values["lr"]) == ("[128,64]", "null", 0.002)
    values = knobs_of(TrainSettings(hsize=64, momentum=0.5))
    assert (values["hsize"], values["momentum"]) == ("64", "0.5")


def test_what_is_changed_is_so_beside_the_optimizers_own() -> None:
    assert changed(TrainSettings()) == ()
    assert changed(TrainSettings(optimizer="adam")) == ("optimizer",)
    settings = TrainSettings(optimizer="adam", lr=0.5, hsize=8, seed=1)
    assert changed(settings) == ("hsize", "lr", "optimizer", "seed")


def test_a_run_is_called_by_what_was_varied() -> None:
    settings = TrainSettings(optimizer="adam", hsize=8, lr=0.000123456)
    name = name_of(settings, ("hsize", "lr", "optimizer", "epochs"), "sweep/3")
    assert name == "hsize=8 lr=0.0001235 optimizer=adam epochs=50 in sweep/3"
    assert name_of(settings, (), "sweep/3") == "as by default in sweep/3"


@pytest.mark.parametrize(
    ("varied", "shown"),
    [
        ((), {"hsize", "lr", "momentum", "optimizer", "weight_decay"}),
        (("seed", "augment"), {"seed", "augment", "hsize", "lr", "momentum"}),
        (("seed", "lr"), {"seed", "hsize", "lr", "momentum", "optimizer"}),
        (KNOBS[:7], set(KNOBS[:7])),
    ],
)
def test_columns_of_what_was_varied_stand_in_front(
    varied: tuple[str, ...], shown: set[str]
) -> None:
    content = metadata.parse_experiment_plugin_data(experiment(varied).metadata.plugin_data.content)
    assert {info.name for info in content.hparam_infos if info.differs} == shown
    assert [(info.name.tag, info.display_name) for info in content.metric_infos] == [
        ("best_validation_accuracy", "best validation accuracy"),
        ("test_accuracy", "test accuracy"),
    ]


def test_start_and_end_of_a_session() -> None:
    value = start(knobs_of(TrainSettings()), "a", "2026-01-01T00:00:01.500+00:00")
    content = metadata.parse_session_start_info_plugin_data(value.metadata.plugin_data.content)
    assert (content.group_name, content.start_time_secs) == ("a", 1767225601.5)
    assert content.hparams["momentum"].string_value == "0.9"
    assert content.hparams["lr"].number_value == 0.004
    for status, told in {
        "completed": api_pb2.STATUS_SUCCESS,
        "diverged": api_pb2.STATUS_FAILURE,
    }.items():
        (value,) = end(status, 3.0)
        parsed = metadata.parse_session_end_info_plugin_data(value.metadata.plugin_data.content)
        assert (parsed.status, parsed.end_time_secs) == (told, 3.0)
    assert list(end("interrupted", 3.0)) == []
