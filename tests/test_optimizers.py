"""Optimizers against the textbook formulas, variable by variable, over 20 steps."""

from functools import partial

import numpy as np
import pytest

from minigraph import optimizers
from minigraph.core.tensor import Variable
from minigraph.optimizers import SGD, Adagrad, Adam, Adamax, AdamW, Nadam, RMSprop, schedules

SHAPES = [(3, 2), (2,), (), (2, 2, 2)]
STEPS = 20


def sgd(w, g, s, t, lr, mu=0.0, nesterov=False):
    v = s["v"] = mu * s.get("v", 0) - lr * g
    return w + mu * v - lr * g if nesterov else w + v


def rmsprop(w, g, s, t, lr, rho=0.9, mu=0.0, eps=1e-7, centered=False):
    a = s["a"] = rho * s.get("a", 0) + (1 - rho) * g**2
    if centered:
        s["mean"] = rho * s.get("mean", 0) + (1 - rho) * g
        a = a - s["mean"] ** 2
    m = s["m"] = mu * s.get("m", 0) + lr * g / np.sqrt(a + eps)
    return w - m


def adam(w, g, s, t, lr, b1=0.9, b2=0.999, eps=1e-7, amsgrad=False):
    m = s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    v = s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    if amsgrad:
        v = s["most"] = np.maximum(s.get("most", 0), v)
    return w - m * lr * np.sqrt(1 - b2**t) / (1 - b1**t) / (np.sqrt(v) + eps)


def adamw(w, g, s, t, lr, decay=0.004):
    return adam(w, g, s, t, lr) - w * decay * lr


def adagrad(w, g, s, t, lr, start=0.1):
    s["a"] = s.get("a", start) + g**2
    return w - lr * g / np.sqrt(s["a"] + 1e-7)


def adamax(w, g, s, t, lr, b1=0.9, b2=0.999):
    m = s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    u = s["u"] = np.maximum(b2 * s.get("u", 0), abs(g))
    return w - lr * m / ((1 - b1**t) * (u + 1e-7))


def nadam(w, g, s, t, lr, b1=0.9, b2=0.999):
    mu = [b1 * (1 - 0.5 * 0.96**k) for k in range(1, t + 2)]
    m = s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    v = s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    ahead = mu[-1] * m / (1 - np.prod(mu)) + (1 - mu[-2]) * g / (1 - np.prod(mu[:-1]))
    return w - lr * ahead / (np.sqrt(v / (1 - b2**t)) + 1e-7)


RULES = [
    (AdamW(), adamw, {"lr": 0.001}),
    (AdamW(0.1, weight_decay=0.3), adamw, {"lr": 0.1, "decay": 0.3}),
    (Adagrad(), adagrad, {"lr": 0.001}),
    (Adagrad(0.1, initial_accumulator_value=0.5), adagrad, {"lr": 0.1, "start": 0.5}),
    (Adamax(), adamax, {"lr": 0.001}),
    (Adamax(0.1, beta_1=0.7, beta_2=0.9), adamax, {"lr": 0.1, "b1": 0.7, "b2": 0.9}),
    (Nadam(), nadam, {"lr": 0.001}),
    (Nadam(0.1, beta_1=0.7, beta_2=0.9), nadam, {"lr": 0.1, "b1": 0.7, "b2": 0.9}),
    (SGD(), sgd, {"lr": 0.01}),
    (SGD(0.1, momentum=0.9), sgd, {"lr": 0.1, "mu": 0.9}),
    (SGD(0.1, momentum=0.8, nesterov=True), sgd, {"lr": 0.1, "mu": 0.8, "nesterov": True}),
    (RMSprop(), rmsprop, {"lr": 0.001}),
    (RMSprop(0.01, rho=0.7, momentum=0.5), rmsprop, {"lr": 0.01, "rho": 0.7, "mu": 0.5}),
    (RMSprop(0.01, centered=True), rmsprop, {"lr": 0.01, "centered": True}),
    (
        RMSprop(0.01, momentum=0.9, centered=True, epsilon=1e-3),
        rmsprop,
        {"lr": 0.01, "mu": 0.9, "centered": True, "eps": 1e-3},
    ),
    (Adam(), adam, {"lr": 0.001}),
    (Adam(0.1, 0.8, 0.9, 1e-3), adam, {"lr": 0.1, "b1": 0.8, "b2": 0.9, "eps": 1e-3}),
    (Adam(0.05, amsgrad=True), adam, {"lr": 0.05, "amsgrad": True}),
]


def start(dtype="float64"):
    random = np.random.default_rng(0)
    return [Variable(random.standard_normal(shape), dtype=dtype) for shape in SHAPES]


def gradients(steps=STEPS):
    random = np.random.default_rng(1)
    return [[random.standard_normal(shape) for shape in SHAPES] for _ in range(steps)]


def values(variables):
    return [v.numpy().copy() for v in variables]


def check_equal(found, expected, rtol=1e-10):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize(("optimizer", "rule", "settings"), RULES)
def test_twenty_steps(optimizer, rule, settings):
    optimizer = type(optimizer).from_config(optimizer.get_config())
    variables = start()
    expected, states = values(variables), [{} for _ in SHAPES]
    for t, step in enumerate(gradients(), 1):
        optimizer.apply(step, variables)
        expected = [
            rule(w, g, s, t, **settings) for w, g, s in zip(expected, step, states, strict=True)
        ]
        check_equal(values(variables), expected)
    assert optimizer.iterations == STEPS


def clip_norm(step, c=0.5):
    return [g * min(1, c / np.linalg.norm(np.ravel(g))) for g in step]


def clip_global(step, c=0.5):
    return [g * min(1, c / np.sqrt(sum((g**2).sum() for g in step))) for g in step]


def clip_value(step, c=0.5):
    return [np.clip(g, -c, c) for g in step]


@pytest.mark.parametrize(
    ("name", "clip"),
    [("clipnorm", clip_norm), ("global_clipnorm", clip_global), ("clipvalue", clip_value)],
)
def test_clipping_comes_first_then_decay_then_the_update(name, clip):
    variables = start()
    expected = values(variables)
    optimizer = SGD(0.1, weight_decay=0.3, **{name: 0.5})
    for step in gradients():
        optimizer.apply(step, variables)
        pairs = zip(expected, clip(step), strict=True)
        expected = [(w - w * 0.3 * 0.1) - 0.1 * g for w, g in pairs]
    check_equal(values(variables), expected)


def test_a_short_gradient_is_not_made_longer():
    variable = Variable(np.zeros(2))
    SGD(1.0, clipnorm=10.0).apply([np.array([3.0, 4.0])], [variable])
    assert variable.numpy().tolist() == [-3, -4]


def test_decay_reaches_adam_as_its_own_term():
    variables = start()
    expected, states = values(variables), [{} for _ in SHAPES]
    optimizer = Adam(0.1, weight_decay=0.2)
    for t, step in enumerate(gradients(), 1):
        optimizer.apply(step, variables)
        rows = zip(expected, step, states, strict=True)
        expected = [adam(w * (1 - 0.2 * 0.1), g, s, t, 0.1) for w, g, s in rows]
    check_equal(values(variables), expected)


def test_arrays_that_somebody_holds_stay_as_they_were():
    variables, gradient = start("float32"), gradients(1)[0]
    held, copies, given = (
        [v.value for v in variables],
        values(variables),
        [g.copy() for g in gradient],
    )
    Adam(0.1).apply(gradient, variables)
    for array, copy, variable in zip(held, copies, variables, strict=True):
        assert np.array_equal(array, copy)
        assert not np.shares_memory(array, variable.value)
        assert variable.value.dtype == "float32"
    assert all(np.array_equal(a, b) for a, b in zip(gradient, given, strict=True))


def test_a_variable_without_gradient_rests_with_one_warning():
    a, b = Variable(np.ones(2), name="a"), Variable(np.ones(2), name="sleeper")
    alone = Variable(np.ones(2))
    together, single = Adam(0.1), Adam(0.1)
    g = np.array([1.0, -2.0])
    together.apply([g, g], [a, b])
    single.apply([g], [alone])
    with pytest.warns(UserWarning, match="sleeper"):
        together.apply([g, None], [a, b])
    rested = b.numpy().copy()
    slots = [slot.numpy()[2:].copy() for slot in together.variables]
    together.apply([g, None], [a, b])  # no second warning: that would be an error here
    assert np.array_equal(b.numpy(), rested)
    assert all(
        np.array_equal(s, t.numpy()[2:]) for s, t in zip(slots, together.variables, strict=True)
    )
    single.apply([g], [alone])
    single.apply([g], [alone])
    check_equal([a.numpy()], [alone.numpy()])
    with pytest.raises(ValueError, match="no gradient reaches"):
        together.apply([None, None], [a, b])


def test_variables_may_join_later_and_come_in_another_order():
    a, b, alone = Variable(np.ones(2)), Variable(np.ones(3)), Variable(np.ones(2))
    both, single = SGD(0.1, momentum=0.9), SGD(0.1, momentum=0.9)
    g, h = np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0])
    both.apply([g], [a])
    both.apply([h, g], [b, a])
    both.apply([g, h], [a, b])
    for _ in range(3):
        single.apply([g], [alone])
    check_equal([a.numpy()], [alone.numpy()])
    with pytest.raises(ValueError, match="twice"):
        both.apply([g, g], [a, a])


@pytest.mark.parametrize("kind", [RMSprop, partial(SGD, momentum=0.9), partial(Adam, beta_2=0.9)])
def test_what_is_not_used_any_more_is_forgotten(kind):
    """A running mean shrinks for ever, and numbers below 1e-38 take fifty times as long."""
    optimizer = kind(0.1)
    used, idle = Variable(np.ones(3, "float32")), Variable(np.ones(3, "float32"))
    for step in range(1200):
        optimizer.apply([np.ones(3), np.full(3, float(step == 0))], [used, idle])
    for slot in optimizer.variables:
        assert (slot.numpy()[:3] != 0).all() and (slot.numpy()[3:] == 0).all()


def test_two_optimizers_may_share_a_variable():
    shared, other = Variable(np.zeros(2)), Variable(np.zeros(2))
    first, second = SGD(0.1), SGD(1.0)
    first.apply([np.ones(2), np.ones(2)], [shared, other])
    second.apply([np.ones(2)], [shared])
    first.apply([np.ones(2), np.ones(2)], [shared, other])
    np.testing.assert_allclose(shared.numpy(), [-1.2, -1.2])


def test_types_may_be_mixed():
    narrow, wide = Variable(np.ones(2), dtype="float32"), Variable(np.ones(2), dtype="float64")
    Adam(0.1).apply([np.ones(2, "float32"), np.ones(2)], [narrow, wide])
    assert (narrow.value.dtype, wide.value.dtype) == ("float32", "float64")
    np.testing.assert_allclose(narrow.numpy(), wide.numpy(), rtol=1e-6)


def test_learning_rates():
    optimizer = SGD(0.5)
    optimizer.learning_rate = np.float64(0.25)
    assert optimizer.learning_rate == 0.25
    assert type(optimizer.learning_rate) is float
    assert optimizer.get_config()["learning_rate"] == 0.25
    variable = Variable(np.zeros(1))
    optimizer.learning_rate = lambda step: 1.0 / (step + 1)
    for _ in range(2):
        optimizer.apply([np.ones(1)], [variable])
    assert variable.numpy()[0] == -1.5
    assert optimizer.learning_rate == 1 / 3
    optimizer.learning_rate = lambda: 7.0
    assert optimizer.learning_rate == 7.0


@pytest.mark.parametrize("wrong", [-0.1, "fast", None, True, float("nan"), float("inf"), [0.1]])
def test_wrong_learning_rates(wrong):
    with pytest.raises(ValueError, match="learning_rate"):
        SGD(wrong)
    optimizer = Adam()
    with pytest.raises(ValueError, match="learning_rate"):
        optimizer.learning_rate = wrong
    assert optimizer.learning_rate == 0.001


def test_wrong_settings():
    with pytest.raises(ValueError, match="clipnorm and clipvalue"):
        SGD(clipnorm=1.0, clipvalue=1.0)
    for argument in ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm"):
        with pytest.raises(ValueError, match=argument):
            SGD(**{argument: -1})
    for make, argument in [(SGD, "momentum"), (RMSprop, "rho"), (Adam, "beta_1"), (Adam, "beta_2")]:
        with pytest.raises(ValueError, match=argument):
            make(**{argument: 1.5})
    with pytest.raises(TypeError, match="speed"):
        SGD(speed=1)
    with pytest.raises(ValueError, match="2 gradients.*1 variables"):
        SGD().apply([np.ones(1), np.ones(1)], [Variable(np.ones(1))])
    variable = Variable(np.ones(2), name="kernel")
    with pytest.raises(ValueError, match=r"kernel.*\(3,\).*\(2,\)"):
        SGD().apply([np.ones(3)], [variable])
    assert variable.numpy().tolist() == [1, 1]


def test_names_and_configs():
    names = [("sgd", SGD), ("SGD", SGD), ("rmsprop", RMSprop), ("RMSprop", RMSprop), ("adam", Adam)]
    for name, kind in names:
        assert type(optimizers.get(name)) is kind
    assert type(optimizers.get(Adam)) is Adam
    optimizer = Adam(0.3, beta_1=0.5, amsgrad=True, weight_decay=0.1, clipnorm=2.0, name="mine")
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(again) is Adam
    assert again.get_config() == optimizer.get_config()
    assert again.get_config()["clipnorm"] == 2.0
    for wrong in ("nonsense", "mse", 3):
        with pytest.raises(ValueError, match=str(wrong)):
            optimizers.get(wrong)
    with pytest.raises(ValueError, match="optimizer"):
        optimizers.get(len)


@pytest.mark.parametrize(("optimizer", "rule", "settings"), RULES)
def test_the_state_carries_on(optimizer, rule, settings):
    config, steps = optimizer.get_config(), gradients()
    whole, straight = start("float32"), type(optimizer).from_config(config)
    for step in steps:
        straight.apply(step, whole)

    halves, first = start("float32"), type(optimizer).from_config(config)
    for step in steps[:10]:
        first.apply(step, halves)
    frozen = Variable(np.ones(4))
    state = first.state([frozen, *halves])
    second = type(optimizer).from_config(config)
    copies = [Variable(v.numpy().copy()) for v in halves]
    second.load_state(state, [frozen, *copies])
    assert [name for name, _ in second.state([frozen, *copies])] == [name for name, _ in state]
    for step in steps[10:]:
        second.apply(step, copies)
    assert all(np.array_equal(a, b) for a, b in zip(values(copies), values(whole), strict=True))
    assert second.iterations == STEPS


def test_a_state_of_something_else_is_refused():
    variables = start()
    adam_ = Adam()
    adam_.apply(gradients(1)[0], variables)
    state = adam_.state(variables)
    rms = RMSprop()
    with pytest.raises(ValueError, match="slot"):
        rms.load_state(state, variables)
    assert (rms.iterations, rms.variables) == (0, [])
    with pytest.raises(ValueError, match="shape"):
        Adam().load_state(state, variables[::-1])
    with pytest.raises(ValueError, match="lacks"):
        Adam().load_state(state[:-1], variables)
    with pytest.raises(ValueError, match="iterations"):
        Adam().load_state(state[1:], variables)
    with pytest.raises(ValueError, match="iterations"):
        Adam().load_state([("iterations", np.array(-1)), *state[1:]], variables)


def test_what_it_remembers_is_counted():
    variables = start()
    for optimizer, slots in [(SGD(), 0), (RMSprop(), 1), (Adam(), 2), (Adam(amsgrad=True), 3)]:
        assert optimizer.variables == []
        optimizer.apply(gradients(1)[0], variables)
        assert sum(v.size for v in optimizer.variables) == slots * 17


def test_what_apply_cannot_use_is_named():
    v = Variable(np.ones(2, "float32"), name="v")
    for gradients, variables, error, match in [
        ([[1.0, 2.0]], [v], TypeError, r"gradient of variable 'v'.*\[1.0, 2.0\].*np.array"),
        ([], [], ValueError, "`variables` is empty"),
        ([np.ones(2)], [np.ones(2)], TypeError, "list of Variables.*array"),
        (np.ones(2), v, TypeError, "list of Variables.*Tensor"),
    ]:
        with pytest.raises(error, match=match):
            SGD().apply(gradients, variables)
    assert v.numpy().tolist() == [1, 1]


def test_a_variable_without_a_gradient_is_told_from_its_namesakes():
    a, b = (Variable(np.ones(n, "float32"), name="kernel") for n in (2, 3))
    with pytest.warns(UserWarning, match=r"'kernel' of shape \(3,\) at index 1"):
        SGD().apply([np.ones(2), None], [a, b])


@pytest.mark.parametrize(
    ("cls", "wrong"),
    [
        (Adam, {"epsilon": "a"}),
        (Adam, {"epsilon": -1}),
        (Adam, {"beta_1": 1}),
        (Adam, {"beta_2": 1.0}),
        (RMSprop, {"epsilon": None}),
        (Adagrad, {"epsilon": "a"}),
        (Adamax, {"beta_1": 1}),
        (Nadam, {"epsilon": -1}),
    ],
)
def test_settings_out_of_range_are_named(cls, wrong):
    ((argument, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"`{argument}` must be a number.*got {value!r}"):
        cls(**wrong)


def test_what_is_no_config_of_an_optimizer():
    for config, match in [
        ({"class_name": "SGD", "config": None}, "config.*SGD.*dict, got None"),
        ({"class_name": 3, "config": {}}, "class_name.*3"),
        ({"class_name": "exp", "config": {}}, "class_name.*'exp'"),
        (3, "3 .int. is not a valid optimizer"),
    ]:
        with pytest.raises(ValueError, match=match):
            optimizers.get(config)


# ---------------------------------------------------------------------------------------------
# Schedules

STAIRS = schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True)
WARM = schedules.CosineDecay(0.1, 10, alpha=0.1, warmup_target=0.5, warmup_steps=4)
POLYNOMIAL = schedules.PolynomialDecay(1.0, 10, 0.2, power=2)
CYCLE = schedules.PolynomialDecay(1.0, 10, 0.2, cycle=True)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (schedules.ExponentialDecay(0.1, 10, 0.5), {0: 0.1, 5: 0.1 * 0.5**0.5, 20: 0.025}),
        (STAIRS, {0: 0.1, 9: 0.1, 10: 0.05, 25: 0.025}),
        (schedules.PiecewiseConstantDecay([2, 5], [3, 2, 1]), {0: 3, 2: 3, 3: 2, 5: 2, 6: 1}),
        (POLYNOMIAL, {0: 1.0, 5: 0.8 * 0.25 + 0.2, 10: 0.2, 50: 0.2}),
        (CYCLE, {0: 1.0, 5: 0.6, 10: 0.2, 11: 0.8 * 9 / 20 + 0.2, 20: 0.2}),
        (schedules.CosineDecay(0.1, 10), {0: 0.1, 5: 0.05, 10: 0.0, 99: 0.0}),
        (WARM, {0: 0.1, 2: 0.3, 4: 0.5, 9: 0.5 * (0.9 * 0.5 + 0.1), 14: 0.05, 99: 0.05}),
    ],
)
def test_schedules(schedule, rates):
    for step, rate in rates.items():
        assert schedule(step) == pytest.approx(rate)
    optimizer = SGD(schedule)
    variable = Variable(np.zeros(1))
    for step in range(3):
        before = variable.numpy().copy()
        optimizer.apply([np.ones(1)], [variable])
        assert before - variable.numpy() == pytest.approx(schedule(step))
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
    assert [again._learning_rate(step) for step in rates] == [schedule(step) for step in rates]


def returning(value):
    def schedule(step):
        return value if step else 0.1

    return schedule


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (
            schedules.ExponentialDecay(0.1, 1 / 400, 10),
            "ExponentialDecay cannot be computed after 1",
        ),
        (schedules.PolynomialDecay(0.1, 1, power=-1), "PolynomialDecay cannot be computed after 1"),
        (schedules.ExponentialDecay(0.1, 2, -0.5), "ExponentialDecay gave .*j.* after 1 steps"),
        (schedules.PolynomialDecay(0.1, 1, -0.1), "PolynomialDecay gave -0.1 after 1 steps"),
        *((returning(v), "schedule gave .* after 1 steps") for v in (np.nan, np.inf, "0.1", None)),
        (
            lambda step: 1 / (1 - step),
            "<lambda> cannot be computed after 1 steps: division by zero",
        ),
    ],
)
def test_a_rate_that_is_no_number_stops_before_the_step_and_says_where(schedule, said):
    variable, optimizer = Variable([1.0, 2.0]), SGD(schedule)
    with pytest.raises(ValueError, match=f"`learning_rate`: the schedule {said}"):
        for _ in range(5):
            before, steps = variable.numpy(), optimizer.iterations
            optimizer.apply([np.ones(2, "float32")], [variable])
    np.testing.assert_array_equal(variable.numpy(), before)
    assert optimizer.iterations == steps > 0


def test_gradients_may_come_in_pairs_with_their_variables():
    gradients = [np.array([3.0], "float32"), np.array([[1.0]], "float32")]
    results = []
    for step in ("apply", "apply_gradients"):
        optimizer, variables = Adam(0.1), [Variable([1.0]), Variable([[2.0]])]
        for _ in range(3):
            pairs = zip(gradients, variables, strict=True)
            optimizer.apply_gradients(pairs) if step != "apply" else optimizer.apply(
                gradients, variables
            )
        results.append([v.numpy() for v in variables] + [optimizer.iterations])
    assert results[0] == results[1]
    with pytest.raises(ValueError, match="`variables` is empty"):
        Adam().apply_gradients(zip([], [], strict=True))


def test_wrong_schedules():
    with pytest.raises(ValueError, match="got 2 and 2"):
        schedules.PiecewiseConstantDecay([1, 2], [1, 2])
    with pytest.raises(ValueError, match="decay_steps"):
        schedules.CosineDecay(0.1, 0)
    with pytest.raises(ValueError, match="initial_accumulator_value"):
        Adagrad(initial_accumulator_value=-1)


def test_centered_rmsprop_survives_equal_gradients():
    # a - mean^2 is a variance: rounding alone may push it below zero.
    w = Variable(np.full(100, 1.0, "float32"))
    optimizer = RMSprop(0.01, centered=True)
    for _ in range(300):
        optimizer.apply([np.linspace(1, 1e4, 100, dtype="float32")], [w])
    assert np.isfinite(w.numpy()).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: schedules.ExponentialDecay("a", 10, 0.5),
        lambda: schedules.ExponentialDecay(0.1, 10, "a"),
        lambda: schedules.PolynomialDecay(0.1, 10, power=None),
        lambda: schedules.CosineDecay(0.1, 10, alpha="a"),
        lambda: schedules.CosineDecay(0.1, 10, warmup_target="a", warmup_steps=2),
        lambda: schedules.PiecewiseConstantDecay([1], [0.1, "a"]),
        lambda: schedules.PiecewiseConstantDecay([2, 1], [1, 2, 3]),
    ],
)
def test_schedules_refuse_what_is_no_number(make):
    with pytest.raises(ValueError, match="must be .*number"):
        make()
