"""The loss, the step, the metrics, and the way into a checkpoint and out of it."""

from __future__ import annotations

import math
import os
import pickle
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from charrec.checkpoints import SealedCheckpointIO, write_checkpoint
from charrec.classifier import CharacterClassifier, parameter_count
from charrec.data.batches import Batches
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import UserError
from charrec.optimizers import OPTIMIZERS
from charrec.settings import optimizer_choices, optimizer_defaults
from charrec.weights import adopt_weights, load_classifier

QUIET: dict[str, Any] = {
    "accelerator": "cpu",
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """What networks of this size gain from a second thread they lose in waiting for it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def linear(classifier: CharacterClassifier, place: int) -> nn.Linear:
    layer = classifier.network[place]
    assert isinstance(layer, nn.Linear)
    return layer


def small(**changes: Any) -> CharacterClassifier:
    torch.manual_seed(0)
    settings: dict[str, Any] = {"alphabet": "ABCD", "image_size": 8, "hsize": 6}
    return CharacterClassifier(**settings | changes)


def pictures(count: int, size: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, 1, size, size), dtype=torch.uint8, generator=generator)


# Forward


def test_black_is_minus_one_and_white_is_one() -> None:
    classifier = small()
    seen: list[Tensor] = []
    classifier.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    classifier(torch.tensor([0, 51, 204, 255], dtype=torch.uint8).repeat(16).view(1, 1, 8, 8))
    torch.testing.assert_close(seen[0].unique(), torch.tensor([-1, -0.6, 0.6, 1.0]))


@pytest.mark.parametrize("alphabet", ["AB", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "漢字か"])
def test_one_output_for_each_letter(alphabet: str) -> None:
    classifier = small(alphabet=alphabet).eval()
    assert classifier(pictures(3)).shape == (3, len(alphabet))
    answered = classifier.predict_step((pictures(3), torch.zeros(3)), 0)
    assert answered.shape == (3, len(alphabet))
    torch.testing.assert_close(answered.exp().sum(dim=1), torch.ones(3))


def test_three_pictures_at_once_are_three_pictures_one_by_one() -> None:
    classifier, images = small().eval(), pictures(3)
    one_by_one = torch.cat([classifier.predict_step((image[None],), 0) for image in images])
    torch.testing.assert_close(classifier.predict_step((images,), 0), one_by_one)


def test_bfloat16_autocast_learns_and_answers_in_float32() -> None:
    classifier, batch = small(), (pictures(5), torch.tensor([0, 1, 2, 3, 0]))
    exact = classifier.training_step(batch, 0)
    with torch.autocast("cpu", torch.bfloat16):
        loss = classifier.training_step(batch, 0)
        assert classifier.predict_step(batch, 0).dtype == torch.float32
    loss.backward()
    assert loss.item() == pytest.approx(exact.item(), rel=0.02)
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in classifier.parameters())


# Loss


def test_the_loss_is_the_mean_of_minus_log_softmax() -> None:
    """By hand: logits (0, ln 3) and (ln 4, 0), truths 0 and 0: -ln(1/4) and -ln(4/5)."""
    classifier = small(alphabet="AB", hsize=1)
    last = classifier.network[-1]
    logits = torch.tensor([[0, math.log(3)], [math.log(4), 0]])
    last.register_forward_hook(lambda *_: logits)
    loss = classifier.training_step((pictures(2), torch.tensor([0, 0])), 0)
    assert loss.item() == pytest.approx((math.log(4) + math.log(5 / 4)) / 2, rel=1e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_the_loss_is_finite_where_the_courses_was_inf(activation: str) -> None:
    classifier = small(init="normal", activation=activation, hsize=64, image_size=32)
    images, labels = pictures(64, 32), torch.arange(64) % 4
    with torch.no_grad():
        linear(classifier, -1).weight.mul_(1000)
        underflown = torch.softmax(classifier(images), dim=1)[range(64), labels].log()
    loss = classifier.training_step((images, labels), 0)
    loss.backward()
    assert underflown.min() == -math.inf  # so the course's -log(softmax) is inf
    assert 100 < loss.item() < 1e7
    assert all(p.grad is not None and p.grad.isfinite().all() for p in classifier.parameters())


# Metrics


def test_lightning_gets_the_values_of_the_whole_epoch(letters: Path) -> None:
    """lr is so small that the network stays what it is: loss and accuracy can be recomputed."""
    data = CharacterDataModule(letters, alphabet="ABCD", batch_size=7)
    classifier = small(image_size=32, lr=1e-12)
    trainer = pl.Trainer(max_epochs=2, num_sanity_val_steps=0, **QUIET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.fit(classifier, data)
    assert classifier.train_metrics.total == 96  # of the second epoch alone
    assert classifier.validation_metrics.total == 24
    for split in ("train", "validation"):
        logits, labels = classifier(data.images[split]), data.labels[split]
        loss = nn.functional.cross_entropy(logits, labels).item()
        accuracy = (logits.argmax(1) == labels).float().mean().item()
        logged = trainer.callback_metrics
        assert logged[f"{split}_loss"].item() == pytest.approx(loss, rel=1e-4)
        assert logged[f"{split}_accuracy"].item() == pytest.approx(accuracy, abs=0.011)


# Optimizers


def test_one_sgd_step_is_the_one_worked_by_hand() -> None:
    """A network 1 -> 1 -> 2 on a white pixel, x = 1, with truth 0.

    y = tanh(w); logits (a y, b y); p = softmax; dL/dlogits = p - (1, 0) = (-p1, p1);
    dL/dw = (-a + b) p1 (1 - y²). With weight decay d the gradient is dL/dw + d w.
    """
    w, a, b, lr, decay = 0.5, 2.0, -1.0, 0.1, 0.01
    classifier = small(
        alphabet="AB", image_size=1, hsize=1, lr=lr, momentum=None, weight_decay=decay
    )
    hidden, last = linear(classifier, 1), linear(classifier, 3)
    with torch.no_grad():
        hidden.weight.fill_(w)
        last.weight.copy_(torch.tensor([[a], [b]]))
    optimizer = classifier.make_optimizer()
    batch = (torch.full((1, 1, 1, 1), 255, dtype=torch.uint8), torch.tensor([0]))
    classifier.training_step(batch, 0).backward()
    optimizer.step()
    y = math.tanh(w)
    p1 = 1 / (1 + math.exp((a - b) * y))
    slope = (b - a) * p1 * (1 - y * y)
    assert hidden.weight.item() == pytest.approx(w - lr * (slope + decay * w), abs=1e-6)
    assert hidden.bias.item() == pytest.approx(-lr * slope, abs=1e-6)
    expected = [a - lr * (-p1 * y + decay * a), b - lr * (p1 * y + decay * b)]
    assert last.weight.flatten().tolist() == pytest.approx(expected, abs=1e-6)
    assert last.bias.tolist() == pytest.approx([lr * p1, -lr * p1], abs=1e-6)


def chosen(name: str, **changes: Any) -> CharacterClassifier:
    own = optimizer_defaults(name)
    options = {"lr": own["lr"], "momentum": own["momentum"], "optimizer_options": own["options"]}
    return small(optimizer=name, **options | changes)


def test_the_table_is_that_of_the_settings() -> None:
    assert tuple(sorted(OPTIMIZERS)) == optimizer_choices()


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("sgd", torch.optim.SGD, {"lr": 4e-3, "momentum": 0.9}),
        ("adagrad", torch.optim.Adagrad, {"lr": 1e-2}),
        ("rmsprop", torch.optim.RMSprop, {"lr": 3e-4, "momentum": 0.0, "alpha": 0.99}),
        ("adam", torch.optim.Adam, {"lr": 3e-4, "betas": (0.9, 0.999)}),
        ("adamw", torch.optim.AdamW, {"lr": 3e-4, "betas": (0.9, 0.999)}),
        ("adadelta", torch.optim.Adadelta, {"lr": 1.0, "rho": 0.9}),
    ],
)
def test_each_optimizer_gets_its_own_values(name: str, kind: type, options: Any) -> None:
    optimizer = chosen(name, weight_decay=0.07).make_optimizer()
    assert type(optimizer) is kind
    (group,) = optimizer.param_groups
    found = {key: tuple(v) if isinstance(v := group[key], list) else v for key in options}
    assert found == options
    assert group["weight_decay"] == 0.07
    assert sum(p.numel() for p in group["params"]) == 64 * 6 + 6 + 6 * 4 + 4


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_each_optimizer_learns_the_small_letters(letters: Path, name: str) -> None:
    data = CharacterDataModule(letters, alphabet="ABCD")
    data.setup()
    classifier = chosen(name, image_size=32, hsize=32)
    optimizer = classifier.make_optimizer()
    batch, losses = (data.images["train"], data.labels["train"]), []
    for step in range(60):
        optimizer.zero_grad()
        loss = classifier.training_step(batch, step)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 1.2  # about ln 4 = 1.39 or more
    assert losses[-1] < 0.6 * losses[0]


def test_cosine_takes_lr_to_0_over_the_epochs() -> None:
    """lr (1 + cos(pi e / 4)) / 2 in epochs e = 0 to 4 of 4; constant stays."""
    classifier = small(lr=2.0, schedule="cosine")
    classifier.trainer = pl.Trainer(max_epochs=4, **QUIET)
    (optimizer,), (schedule,) = classifier.configure_optimizers()
    rates = []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule["scheduler"].step()
    assert rates == pytest.approx([2, 1 + 0.5**0.5, 1, 1 - 0.5**0.5, 0], abs=1e-9)
    assert isinstance(small().configure_optimizers(), torch.optim.SGD)


def test_momentum_is_passed_only_where_there_is_one() -> None:
    group = small(momentum=0.5).make_optimizer().param_groups[0]
    assert group["momentum"] == 0.5
    assert small(momentum=None).make_optimizer().param_groups[0]["momentum"] == 0
    assert small(momentum=0.0).make_optimizer().param_groups[0]["momentum"] == 0
    assert "momentum" not in chosen("adam").make_optimizer().param_groups[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"betaz": [0.9, 0.99]}, "betaz"),
        ({"betas": [1.5, 0.99]}, "Invalid beta"),
        ({"betas": 0.9}, "0.9"),
        ({"betas": [0.9]}, "[0.9]"),
        ({"betas": []}, "[]"),
        ({"fused": True, "foreach": True}, "`fused` and `foreach`"),
        ({"lr": 3}, "multiple values for keyword argument 'lr'"),
        ({"params": []}, "params"),
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, Any], words: str) -> None:
    classifier = chosen("adam", optimizer_options=options)
    with pytest.raises(UserError) as caught:
        classifier.make_optimizer()
    message = str(caught.value)
    assert "optimizer=adam" in message
    assert f"optimizer.options={options} is refused" in message
    assert words in message


def test_a_momentum_that_adam_does_not_have_is_named() -> None:
    with pytest.raises(UserError, match=r"optimizer=adam .*'momentum': 0.9.*unexpected keyword"):
        small(optimizer="adam").make_optimizer()


# Checkpoints


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a network whose hyperparameters are of every kind, trained for one epoch."""
    path = tmp_path_factory.mktemp("checkpoints") / "best.ckpt"
    classifier = chosen("adam", hsize=[6, 5], momentum=None)
    batch = (pictures(6), torch.tensor([0, 1, 2, 3, 0, 1]))
    trainer = pl.Trainer(max_epochs=1, plugins=[SealedCheckpointIO()], **QUIET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.fit(classifier, Batches(*batch, 4))
    trainer.save_checkpoint(path)
    return path


def test_a_checkpoint_holds_nothing_but_data(checkpoint: Path) -> None:
    content = torch.load(checkpoint, weights_only=True)
    assert content["hyper_parameters"] == {
        "alphabet": "ABCD",
        "image_size": 8,
        "hsize": [6, 5],
        "activation": "tanh",
        "init": "xavier",
        "optimizer": "adam",
        "lr": 3e-4,
        "momentum": None,
        "weight_decay": 0.0,
        "optimizer_options": {"betas": [0.9, 0.999]},
        "schedule": "constant",
        "label_smoothing": 0.0,
        "normalisation": "plain",
        "views": 1,
    }
    assert not [name for name in content["state_dict"] if not name.startswith("network.")]


def test_what_is_loaded_is_what_was_saved(checkpoint: Path) -> None:
    loaded = load_classifier(checkpoint)
    assert not loaded.training
    assert {p.device.type for p in loaded.parameters()} == {"cpu"}
    weights = torch.load(checkpoint, weights_only=True)["state_dict"]
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, weights[name])
    x = (pictures(4) / 127.5 - 1).flatten(1)
    for i in (1, 3, 5):
        x = x @ weights[f"network.{i}.weight"].T + weights[f"network.{i}.bias"]
        x = torch.tanh(x) if i < 5 else x
    torch.testing.assert_close(loaded(pictures(4)), x)


REFUSALS = (
    "no such checkpoint",
    "cannot be read",
    "no whole checkpoint of charrec's",
    "not plain data",
    "no network of charrec's",
)


def refused(path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load_classifier(path)
    message = str(caught.value)
    assert message.startswith(f"{path}")
    assert "\n" not in message
    assert any(said in message for said in REFUSALS)


def test_no_file_no_checkpoint(tmp_path: Path) -> None:
    refused(tmp_path / "gone.ckpt")
    refused(tmp_path)
    (tmp_path / "empty.ckpt").touch()
    refused(tmp_path / "empty.ckpt")
    (tmp_path / "text.ckpt").write_text("weights: none\n")
    refused(tmp_path / "text.ckpt")


def test_a_checkpoint_that_is_cut_off_anywhere(checkpoint: Path, tmp_path: Path) -> None:
    whole, path = checkpoint.read_bytes(), tmp_path / "cut.ckpt"
    for length in [1, 2, 4, 30, *range(100, len(whole), len(whole) // 25), len(whole) - 1]:
        path.write_bytes(whole[:length])
        refused(path)


def test_a_checkpoint_with_a_hole(checkpoint: Path, tmp_path: Path) -> None:
    whole, path = bytearray(checkpoint.read_bytes()), tmp_path / "hole.ckpt"
    whole[100:1500] = bytes(1400)
    path.write_bytes(whole)
    refused(path)


class Bomb:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.trace),))


@pytest.mark.parametrize("how", ["pickle", "torch", "legacy", "sealed", "hyperparameters"])
def test_code_in_a_checkpoint_is_not_run(checkpoint: Path, tmp_path: Path, how: str) -> None:
    path, bomb = tmp_path / "bomb.ckpt", Bomb(tmp_path / "executed")
    content: Any = bomb
    if how == "hyperparameters":
        content = torch.load(checkpoint, weights_only=True)
        content["hyper_parameters"]["lr"] = bomb
    if how == "pickle":
        path.write_bytes(pickle.dumps(bomb))
    elif how in ("sealed", "hyperparameters"):
        write_checkpoint(content, path)
    else:
        torch.save(content, path, _use_new_zipfile_serialization=how != "legacy")
    refused(path)
    assert not bomb.trace.exists()
    if how == "pickle":
        pickle.loads(path.read_bytes())
    else:
        torch.load(path, weights_only=False)
    assert bomb.trace.exists()  # the bomb is a real one


class Other(pl.LightningModule):
    """Another module, whose hyperparameters have nothing to do with ours."""

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = nn.Linear(width, 2)


def test_a_checkpoint_of_another_lightning_module(tmp_path: Path) -> None:
    trainer = pl.Trainer(plugins=[SealedCheckpointIO()], **QUIET)
    trainer.strategy.connect(Other())
    trainer.save_checkpoint(tmp_path / "other.ckpt")
    assert torch.load(tmp_path / "other.ckpt")["hyper_parameters"] == {"width": 3}
    refused(tmp_path / "other.ckpt")


@pytest.mark.parametrize(
    "content",
    [
        torch.zeros(3),
        [1, 2],
        {},
        {"state_dict": {}},
        {"state_dict": {}, "hyper_parameters": {"hsize": "many"}},
        {"state_dict": {}, "hyper_parameters": {"activation": "swish"}},
        {"state_dict": {}, "hyper_parameters": [1]},
        nn.Linear(2, 2).state_dict(),
    ],
    ids=["tensor", "list", "empty", "weightless", "hsize", "activation", "odd", "layer"],
)
def test_what_is_no_checkpoint_of_ours(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "other.ckpt"
    torch.save(content, path)
    refused(path)


@pytest.mark.parametrize(
    "crafted", [{"views": 10**9}, {"views": 0}, {"normalisation": "other"}], ids=str
)
def test_settings_out_of_range_in_a_checkpoint(
    checkpoint: Path, tmp_path: Path, crafted: dict[str, Any]
) -> None:
    content = torch.load(checkpoint, weights_only=True)
    content["hyper_parameters"] |= crafted
    write_checkpoint(content, tmp_path / "crafted.ckpt")
    refused(tmp_path / "crafted.ckpt")


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "other.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "dear reader")
    refused(path)


# Going on from trained weights


def test_with_the_same_alphabet_all_weights_are_taken(checkpoint: Path) -> None:
    source, ours = load_classifier(checkpoint), small(hsize=[6, 5], init="normal", lr=7.0)
    adopt_weights(ours, source)
    assert torch.equal(ours(pictures(9)), source(pictures(9)))
    assert ours.hparams["lr"] == 7.0
    with torch.no_grad():
        linear(ours, 1).weight.zero_()
    assert linear(source, 1).weight.abs().sum() > 0  # a copy


@pytest.mark.parametrize("alphabet", ["ABCDEF", "DCBA", "abcd"])
def test_another_alphabet_keeps_its_new_last_layer(checkpoint: Path, alphabet: str) -> None:
    source = load_classifier(checkpoint)
    ours, fresh = (small(hsize=[6, 5], alphabet=alphabet) for _ in range(2))
    adopt_weights(ours, source)
    for i in (1, 3):
        assert torch.equal(linear(ours, i).weight, linear(source, i).weight)
        assert torch.equal(linear(ours, i).bias, linear(source, i).bias)
    assert torch.equal(linear(ours, 5).weight, linear(fresh, 5).weight)
    assert ours(pictures(2)).shape == (2, len(alphabet))


def test_a_list_of_one_is_that_one() -> None:
    ours, source = small(hsize=[6]), small(hsize=6, init="normal")
    adopt_weights(ours, source)
    assert torch.equal(ours(pictures(2)), source(pictures(2)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hsize": 7}, "has hsize=6, this one 7; set hsize=6"),
        ({"hsize": [6, 6]}, "has hsize=6, this one [6,6]; set hsize=6"),
        ({"image_size": 9}, "has data.image_size=8, this one 9; set data.image_size=8"),
        ({"activation": "relu"}, "has activation=tanh, this one relu; set activation=tanh"),
        (
            {"normalisation": "ink"},
            "has normalisation=plain, this one ink; set normalisation=plain",
        ),
    ],
)
def test_another_network_is_refused(changes: dict[str, Any], words: str) -> None:
    ours = small(**changes)
    before = linear(ours, 1).weight.clone()
    with pytest.raises(UserError) as caught:
        adopt_weights(ours, small(init="normal"))
    assert str(caught.value) == f"the network of weights=RUN_DIR {words}"
    assert torch.equal(linear(ours, 1).weight, before)


def test_parameters_are_counted() -> None:
    assert parameter_count(small()) == 64 * 6 + 6 + 6 * 4 + 4
