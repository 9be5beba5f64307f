"""docs/gradients.md holds what it says: its code is run, and its numbers are recomputed."""

import re
from math import log
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import grad
from torch.func import jacrev, vmap

from charrec.tanh import Tanh, tanh

PAGE = (Path(__file__).parents[1] / "docs" / "gradients.md").read_text(encoding="utf-8")
LAYER = "The gradients of the layer"
EXAMPLE = "An example to follow with a pencil"
BATCH = "A batch, and PyTorch's way of storing W"
LOSS = "The loss: softmax and cross-entropy"

M, N, B = 5, 3, 4  # all different, so that a forgotten transpose cannot go unnoticed


def section(heading: str) -> str:
    """Return the text of the page under one of its headings."""
    (text,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    return str(text)


def run(heading: str, **given: Any) -> dict[str, Any]:
    """Run the Python of one section, as it stands there, and return the names it knows then."""
    names: dict[str, Any] = {"torch": torch, "tanh": tanh, **given}
    blocks = re.findall(r"^```python\n(.*?)^```", section(heading), re.M | re.S)
    assert blocks
    for block in blocks:
        exec(block, names)
    return names


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def close(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-12)


def test_every_formula_of_the_page_is_checked_here() -> None:
    blocks = "".join(re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S))
    assert {line.split(" = ")[0] for line in blocks.splitlines()} == {
        *("z", "y", "dyT_dz", "d2y_dz2", "delta", "dL_dx", "dL_dW", "dL_db"),
        *("Z", "Y", "Delta", "dL_dX", "weight", "dL_dweight", "X", "dL_dlogits"),
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_formulas_of_one_layer(seed: int) -> None:
    torch.manual_seed(seed)
    x, W, b, factor = random(M), random(M, N), random(N), random(N)
    z = W.T @ x + b
    y = tanh(z)
    dL_dy, dL_dz, dL_dx, dL_dW, dL_db = grad((factor * y**2).sum(), (y, z, x, W, b))
    page = run(LAYER, x=x, W=W, b=b, dL_dy=dL_dy)

    close(page["z"], z)
    close(page["y"], torch.tanh(z))
    close(page["delta"], dL_dz)
    close(page["dL_dx"], dL_dx)
    close(page["dL_dW"], dL_dW)
    close(page["dL_db"], dL_db)
    close(page["dyT_dz"], jacrev(tanh)(z).T)
    close(page["d2y_dz2"], vmap(torch.func.grad(torch.func.grad(tanh)))(z))


@pytest.mark.parametrize("seed", range(3))
def test_the_formulas_of_a_batch_hold_for_linear_and_tanh(seed: int) -> None:
    torch.manual_seed(seed)
    pictures, factor = random(B, 1, 2, 3), random(B, N)
    linear = nn.Linear(6, N, dtype=torch.float64)
    X = pictures.reshape(B, 6)
    Z = linear(X)
    Y = Tanh()(Z)
    loss = (factor * Y**2).mean()
    dL_dY, dL_dZ, dL_dX, dL_dweight, dL_db = grad(loss, (Y, Z, X, linear.weight, linear.bias))
    page = run(BATCH, pictures=pictures, X=X, W=linear.weight.T, b=linear.bias, dL_dY=dL_dY)

    close(page["Z"], Z)
    close(page["Y"], Y)
    close(page["Delta"], dL_dZ)
    close(page["dL_dX"], dL_dX)
    close(page["dL_dW"], dL_dweight.T)
    close(page["dL_db"], dL_db)
    close(page["weight"], linear.weight)
    close(page["dL_dweight"], dL_dweight)


def test_flatten_keeps_one_row_per_picture() -> None:
    pictures = torch.arange(B * 6.0).reshape(B, 1, 2, 3)
    # The section's other blocks need a layer; for this one only the pictures matter.
    page = run(
        BATCH,
        pictures=pictures,
        X=torch.zeros(B, M),
        W=torch.zeros(M, N),
        b=torch.zeros(N),
        dL_dY=torch.zeros(B, N),
    )
    assert page["X"].shape == (B, 6)
    for row, picture in zip(page["X"], pictures, strict=True):
        assert row.tolist() == [v for line in picture[0].tolist() for v in line]
    # "A plain flatten() starts at axis 0 ...; the two defaults differ."
    assert pictures.flatten().shape == (B * 6,)
    assert torch.equal(nn.Flatten()(pictures), page["X"])


def test_the_gradient_of_softmax_and_cross_entropy() -> None:
    torch.manual_seed(0)
    logits, target = random(B, M), torch.tensor([4, 0, 2, 2])
    (expected,) = grad(nn.functional.cross_entropy(logits, target), (logits,))
    onehot = nn.functional.one_hot(target, M)
    page = run(LOSS, logits=logits, onehot=onehot, B=B)
    close(page["dL_dlogits"], expected)
    close(page["dL_dlogits"].sum(dim=1), torch.zeros(B, dtype=torch.float64))


def matrix(body: str) -> Tensor:
    r"""Read what stands between \begin{pmatrix} and \end{pmatrix}."""
    body = re.sub(r"\\frac\{(\d+)\}\{(\d+)\}", r"(\1/\2)", body)
    body = re.sub(r"\)\s*\\ln (\d+)", r")*log(\1)", body)
    body = re.sub(r"\\ln (\d+)", r"log(\1)", body)
    rows = [[eval(entry, {"log": log}) for entry in row.split("&")] for row in body.split(r"\\")]
    return torch.tensor(rows, dtype=torch.float64)


def value(side: str) -> Tensor:
    """Compute one side of an equation: sums of products of matrices, perhaps with a factor."""
    matrices: list[Tensor] = []

    def store(match: re.Match[str]) -> str:
        matrices.append(matrix(match[1]))
        return f" m[{len(matrices) - 1}] "

    side = re.sub(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", store, side, flags=re.S)
    side = re.sub(r"\]\s+m", "] @ m", side)
    side = re.sub(r"\\frac\{(\d+)\}\{(\d+)\}", r"\1/\2 *", side)
    side = side.replace(r"\left", "").replace(r"\right", "")
    result: Tensor = eval(" ".join(side.split()), {"m": matrices})
    return result


def equations(heading: str) -> dict[str, list[Tensor]]:
    """Return, for each left-hand side, the value of every side of its equation with numbers."""
    found: dict[str, list[Tensor]] = {}
    for block in re.findall(r"^```math\n(.*?)^```", section(heading), re.M | re.S):
        if "pmatrix" in block:
            for equation in re.split(r",\s*(?:\\qquad)?\s*$", block, flags=re.M):
                left, *sides = equation.split("=")
                if sides:
                    found[left.strip()] = [value(s) for s in sides if "pmatrix" in s]
    return found


def partial(above: str, below: str) -> str:
    return rf"\frac{{\partial {above}}}{{\partial {below}}}"


def test_the_worked_example() -> None:
    numbers = equations(EXAMPLE)
    dy_dz = partial("y^\\top", "z")
    dL_db, dL_dW, dL_dx = partial("L", "b"), partial("L", "W"), partial("L", "x")
    counts = {left: len(values) for left, values in numbers.items()}
    given = dict.fromkeys(["x", "W", "b", partial("L", "y")], 1)
    assert counts == given | {"z": 3, "y": 1, dy_dz: 1, dL_db: 2, dL_dW: 2, dL_dx: 2}
    for values in numbers.values():
        for side in values:
            close(side, values[-1])

    shown = {left: values[-1].squeeze(dim=1) for left, values in numbers.items()}
    x, W, b, dL_dy = shown["x"], shown["W"], shown["b"], shown[partial("L", "y")]
    x, W, b = x.requires_grad_(), W.requires_grad_(), b.requires_grad_()
    z = W.T @ x + b
    y = tanh(z)
    loss = 2 * y[0] - y[1]
    assert "$L = 2 y_1 - y_2$" in section(EXAMPLE)
    expected = dict(zip("yxWb", grad(loss, (y, x, W, b)), strict=True))
    close(shown["z"], z)
    close(shown["y"], y)
    close(shown[dy_dz], jacrev(tanh)(z).T)
    for name, gradient in expected.items():
        close(shown[partial("L", name)], gradient)

    # The page's code, fed with the page's numbers, gives the page's numbers.
    page = run(LAYER, x=x, W=W, b=b, dL_dy=dL_dy)
    for name in "xWb":
        close(page[f"dL_d{name}"], shown[partial("L", name)])


def test_the_worked_loss() -> None:
    (rows,) = re.findall(r"logits \$\((.*?)\)\$ and \$\((.*?)\)\$", section(LOSS))
    logits = torch.cat([matrix(row.replace(",", "&")) for row in rows]).requires_grad_()
    loss = nn.functional.cross_entropy(logits, torch.tensor([0, 1]))
    (expected,) = grad(loss, (logits,))
    ((left, sides),) = equations(LOSS).items()
    assert (left, len(sides)) == (partial("L", "A"), 2)
    for side in sides:
        close(side, expected)


def slope(z: Tensor) -> Tensor:
    result: Tensor = torch.func.grad(tanh)(z)
    return result


def test_the_table_of_saturation() -> None:
    rows = re.findall(r"^\| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.M)
    assert [row[0] for row in rows] == ["0", "1", "2", "3", "5", "10"]
    for row in rows:
        z, y, dy_dz = (float(cell) for cell in row)
        exact = torch.tensor(z, dtype=torch.float64)
        assert y == round(tanh(exact).item(), 4)
        assert dy_dz == round(slope(exact).item(), 4)


def test_the_last_row_of_the_table_in_double_and_in_single_precision() -> None:
    assert r"the slope is still $8 \cdot 10^{-9}$" in PAGE
    assert f"{slope(torch.tensor(10.0, dtype=torch.float64)).item():.0e}" == "8e-09"
    assert tanh(torch.tensor(10.0)).item() == 1
    assert slope(torch.tensor(10.0)).item() == 0


def test_the_formulas_survive_markdown() -> None:
    # Outside of a math block Markdown drops a backslash in front of punctuation, and GitHub
    # does not know \operatorname.
    prose = re.sub(r"^```.*?^```", "", PAGE, flags=re.M | re.S)
    assert prose.count("$") % 2 == 0
    assert not re.search(r"\\[^A-Za-z]", prose)
    assert r"\operatorname" not in PAGE
