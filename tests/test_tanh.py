"""The hand-written tanh: its values, its derivatives of every kind, and what it keeps in memory."""

import copy
import pickle
from collections.abc import Callable
from math import inf, nan

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad, grad, gradcheck, gradgradcheck
from torch.autograd.graph import saved_tensors_hooks
from torch.func import hessian, jacfwd, jacrev, jvp, vmap

from charrec.tanh import Tanh, tanh

Map = Callable[[Tensor], Tensor]

NO_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICES = ["cpu", pytest.param("cuda", marks=NO_GPU)]
FLOATS = [torch.float64, torch.float32, torch.bfloat16, torch.float16]
SPECIAL = [0.0, -0.0, 1e-30, -1e-8, 1e-3, 0.5, -3.0, 20.0, -89.0, 1e4, inf, -inf, nan]


def identical(actual: Tensor, expected: Tensor) -> None:
    """Fail unless the two agree to the last bit; nan equals nan, and 0.0 differs from -0.0."""
    torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)
    assert torch.equal(actual.signbit(), expected.signbit())


def close(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-12)


def points(*shape: int, device: str = "cpu") -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(device)


# Values


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_values_are_those_of_torch_to_the_last_bit(dtype: torch.dtype, device: str) -> None:
    x = torch.cat([torch.tensor(SPECIAL), torch.linspace(-12, 12, 1001)]).to(device, dtype)
    identical(tanh(x), torch.tanh(x))
    identical(Tanh()(x.requires_grad_()).detach(), torch.tanh(x).detach())


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,), (2, 3, 4)])
def test_any_shape(shape: tuple[int, ...]) -> None:
    x = points(*shape).requires_grad_()
    y = tanh(x)
    (dx,) = grad(y.sum(), (x,))
    identical(y.detach(), torch.tanh(x).detach())
    close(dx, 1 - torch.tanh(x.detach()) ** 2)


@pytest.mark.parametrize(
    "view", [Tensor.t, lambda x: x[::2, 1:], lambda x: x[:1].expand(5, -1), lambda x: x.flip(0)]
)
def test_views_that_are_not_contiguous(view: Map) -> None:
    x = points(4, 6).requires_grad_()
    (ours,) = grad((tanh(view(x)) ** 2).sum(), (x,))
    (theirs,) = grad((torch.tanh(view(x)) ** 2).sum(), (x,))
    identical(tanh(view(x)).detach(), torch.tanh(view(x)).detach())
    close(ours, theirs)


@pytest.mark.parametrize("x", [torch.arange(-3, 4), torch.tensor([True, False])])
def test_whole_numbers_become_floats(x: Tensor) -> None:
    assert tanh(x).dtype == torch.float32
    identical(tanh(x), torch.tanh(x))


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(TypeError, match="real tensors"):
        tanh(torch.tensor([1j]))


# The first derivative


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("x", "slope"),
    [(0.0, 1.0), (0.5493061443340549, 3 / 4), (-0.6931471805599453, 16 / 25), (1e-9, 1.0)],
)
def test_slopes_known_by_hand(x: float, slope: float, device: str) -> None:
    tensor = torch.tensor(x, dtype=torch.float64, device=device, requires_grad=True)
    (dx,) = grad(tanh(tensor), (tensor,))
    assert dx.item() == pytest.approx(slope, rel=1e-15)


@pytest.mark.parametrize("x", [-4.0, -1.3, -0.2, 0.0, 0.7, 2.5])
def test_slope_agrees_with_central_differences(x: float) -> None:
    h = 1e-5
    ahead, behind, here = (
        torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x + h, x - h, x)
    )
    (slope,) = grad(tanh(here), (here,))
    assert slope.item() == pytest.approx((tanh(ahead) - tanh(behind)).item() / (2 * h), abs=1e-10)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_saturated_units_are_exact(dtype: torch.dtype, device: str) -> None:
    # exp(89) overflows in single precision, exp(710) in double, and exp(12) in half.
    sizes = [20.0, 89.0, 710.0, 6e4, torch.finfo(dtype).max, inf]
    x = torch.tensor(sizes + [-s for s in sizes], dtype=dtype, device=device, requires_grad=True)
    y = tanh(x)
    (dx,) = grad(y.sum(), (x,))
    assert y.tolist() == [1.0] * 6 + [-1.0] * 6
    assert dx.tolist() == [0.0] * 12


def test_nan_stays_nan() -> None:
    x = torch.tensor([nan, 0.0], requires_grad=True)
    (dx,) = grad(tanh(x).sum(), (x,))
    assert dx.isnan().tolist() == [True, False]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_gradient_keeps_the_type_and_its_precision(dtype: torch.dtype, device: str) -> None:
    x = torch.linspace(-6, 6, 501).to(device, dtype).requires_grad_()
    (dx,) = grad(tanh(x).sum(), (x,))
    assert dx.dtype == dtype
    # From y as it is rounded, y·y and 1 - y·y are each rounded once: at most half a unit each.
    y = tanh(x).detach()
    assert (dx.double() - (1 - y.double() ** 2)).abs().max() <= torch.finfo(dtype).eps
    identical(dx, 1 - y * y)


@pytest.mark.parametrize("device", DEVICES)
def test_autocast_to_bfloat16(device: str) -> None:
    linear = nn.Linear(4, 3, device=device)
    x = points(5, 4, device=device).float()
    with torch.autocast(device, torch.bfloat16):
        y = Tanh()(linear(x))
    assert y.dtype == torch.bfloat16
    (dweight,) = grad(y.float().sum(), (linear.weight,))
    assert dweight.dtype == torch.float32
    expected = (1 - torch.tanh(linear(x)) ** 2).T @ x
    torch.testing.assert_close(dweight, expected, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("device", DEVICES)
def test_a_layer_of_linear_and_tanh_learns_as_with_torch(device: str) -> None:
    x = points(6, 4, device=device)
    layer = nn.Sequential(nn.Linear(4, 3), Tanh(), nn.Linear(3, 2)).to(device, torch.float64)
    twin = copy.deepcopy(layer)
    twin[1] = nn.Tanh()
    ours = grad((layer(x) ** 2).sum(), tuple(layer.parameters()))
    theirs = grad((twin(x) ** 2).sum(), tuple(twin.parameters()))
    for a, b in zip(ours, theirs, strict=True):
        close(a, b)


# Every way to differentiate


def test_gradcheck() -> None:
    assert gradcheck(
        tanh,
        (points(3, 4).requires_grad_(),),
        check_forward_ad=True,
        check_batched_grad=True,
        check_batched_forward_grad=True,
    )


def test_gradgradcheck() -> None:
    assert gradgradcheck(
        tanh, (points(3, 4).requires_grad_(),), check_fwd_over_rev=True, check_batched_grad=True
    )


def summed(f: Map) -> Map:
    return lambda x: f(x).sum()


def along_ones(f: Map) -> Map:
    return lambda x: jvp(f, (x,), (torch.ones_like(x),))[1]


def slope(f: Map) -> Map:
    return torch.func.grad(summed(f))


TRANSFORMS: dict[str, Callable[[Map], Map]] = {
    "vmap": vmap,
    "grad": slope,
    "vmap of grad": lambda f: vmap(slope(f)),
    "jacrev": jacrev,
    "jacfwd": jacfwd,
    "hessian": lambda f: hessian(summed(f)),
    "jvp": along_ones,
    "grad of grad": lambda f: slope(slope(f)),
    "jvp of grad": lambda f: along_ones(slope(f)),
    "grad of jvp": lambda f: slope(along_ones(f)),
    "jvp of jvp": lambda f: along_ones(along_ones(f)),
    "jacfwd of jacfwd": lambda f: jacfwd(jacfwd(f)),
    "jacrev of jacrev": lambda f: jacrev(jacrev(f)),
    "third, backwards": lambda f: slope(slope(slope(f))),
    "third, forwards": lambda f: along_ones(along_ones(along_ones(f))),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_of_torch_func(name: str, device: str) -> None:
    x, transform = points(2, 3, device=device), TRANSFORMS[name]
    close(transform(tanh)(x), transform(torch.tanh)(x))


@pytest.mark.parametrize("name", ["vmap", "vmap of grad", "hessian", "jvp", "jvp of jvp"])
def test_transforms_inside_a_compiled_function(name: str) -> None:
    torch.compiler.reset()
    x, transform = points(4, 3), TRANSFORMS[name]
    compiled = torch.compile(transform(tanh), fullgraph=True, backend="eager")
    close(compiled(x), transform(torch.tanh)(x))


@pytest.mark.parametrize(("in_dim", "out_dim"), [(0, 0), (1, 0), (0, 1), (-1, -1)])
def test_vmap_over_any_axis(in_dim: int, out_dim: int) -> None:
    x = points(2, 3)
    identical(vmap(tanh, in_dim, out_dim)(x), vmap(torch.tanh, in_dim, out_dim)(x))


def second_derivative(y: Tensor, x: Tensor) -> Tensor:
    (first,) = grad(y.sum(), (x,), create_graph=True)
    (second,) = grad(first.sum(), (x,))
    return second


def test_second_derivative_is_the_formula() -> None:
    x = points(50).requires_grad_()
    y = tanh(x)
    close(second_derivative(y, x), -2 * y * (1 - y**2))


def test_forward_mode_with_dual_numbers() -> None:
    x, dx = points(5), torch.arange(5.0, dtype=torch.float64)
    with forward_ad.dual_level():
        dual = forward_ad.unpack_dual(tanh(forward_ad.make_dual(x, dx)))
        assert dual.tangent is not None
        identical(dual.primal, torch.tanh(x))
        close(dual.tangent, dx * (1 - torch.tanh(x) ** 2))


def test_gradients_per_sample() -> None:
    layer = nn.Sequential(nn.Linear(4, 3), Tanh(), nn.Linear(3, 2)).double()
    x = points(6, 4)

    def loss(parameters: dict[str, Tensor], row: Tensor) -> Tensor:
        output: Tensor = torch.func.functional_call(layer, parameters, (row,))
        return (output**2).sum()

    parameters = {name: p.detach() for name, p in layer.named_parameters()}
    per_sample = vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, x)
    for index, row in enumerate(x):
        one_by_one = grad((layer(row) ** 2).sum(), tuple(layer.parameters()))
        for (name, _), expected in zip(layer.named_parameters(), one_by_one, strict=True):
            close(per_sample[name][index], expected)


# torch.compile


def check_compiled(backend: str) -> None:
    torch.compiler.reset()
    layer = nn.Sequential(nn.Linear(4, 3), Tanh(), nn.Linear(3, 2)).double()
    twin = copy.deepcopy(layer)
    twin[1] = nn.Tanh()
    actual = torch.compile(layer, fullgraph=True, backend=backend)(points(5, 4))
    expected = twin(points(5, 4))
    close(actual, expected)
    ours = grad((actual**2).sum(), tuple(layer.parameters()))
    theirs = grad((expected**2).sum(), tuple(twin.parameters()))
    for a, b in zip(ours, theirs, strict=True):
        close(a, b)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiles_without_a_graph_break(backend: str) -> None:
    check_compiled(backend)


@pytest.mark.slow
def test_compiles_to_machine_code() -> None:
    check_compiled("inductor")


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_differentiating_a_compiled_result_twice_is_an_error_and_not_a_wrong_number(
    backend: str,
) -> None:
    torch.compiler.reset()
    x = points(3).requires_grad_()
    y = torch.compile(tanh, fullgraph=True, backend=backend)(x)
    with pytest.raises(RuntimeError, match=r"double backward|does not require grad"):
        second_derivative(y, x)


# What is kept in memory


def kept(f: Callable[[], Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Return the result of f together with all tensors that autograd keeps for it."""
    tensors: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        tensors.append(tensor)
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        result = f()
    return result, tensors


@pytest.mark.parametrize("device", DEVICES)
def test_keeps_y_and_nothing_else(device: str) -> None:
    x = points(7, 5, device=device).requires_grad_()
    y, tensors = kept(lambda: tanh(x))
    assert [t.data_ptr() for t in tensors] == [y.data_ptr()]
    assert tensors[0].shape == y.shape
    assert y.data_ptr() != x.data_ptr()


def test_between_two_linear_layers_costs_no_memory_at_all() -> None:
    layer = nn.Sequential(nn.Linear(4, 3), Tanh(), nn.Linear(3, 2))
    x = points(5, 4).float()
    parameters = {p.data_ptr() for p in layer.parameters()}
    _, tensors = kept(lambda: layer(x))
    # The second linear layer keeps its input, which is the very y that the tanh keeps.
    distinct = {t.data_ptr(): t.shape for t in tensors if t.data_ptr() not in parameters}
    assert sorted(distinct.values()) == [(5, 3), (5, 4)]


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_keeps_nothing_without_a_gradient(mode: Callable[[], torch.no_grad]) -> None:
    x = points(3).requires_grad_()
    with mode():
        y, tensors = kept(lambda: tanh(x))
    assert (y.requires_grad, tensors) == (False, [])
    y, tensors = kept(lambda: tanh(x.detach()))
    assert (y.requires_grad, tensors) == (False, [])


def test_changing_y_in_place_is_noticed() -> None:
    x = points(3).requires_grad_()
    y = tanh(x)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        grad(y.sum(), (x,))


def test_changing_x_in_place_does_no_harm() -> None:
    x = points(3).requires_grad_()
    z = x * 1
    y = tanh(z)
    z.mul_(100)
    (dx,) = grad(y.sum(), (x,))
    close(dx, 1 - torch.tanh(x.detach()) ** 2)


# The module


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_module_can_be_copied(clone: Callable[[nn.Module], nn.Module]) -> None:
    module = clone(Tanh())
    assert isinstance(module, Tanh)
    assert repr(module) == "Tanh()"
    assert not module.state_dict()
    identical(module(points(4)), torch.tanh(points(4)))
