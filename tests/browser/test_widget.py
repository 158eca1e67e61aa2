"""The graph widget in a real browser: what it shows is what the library computes.

Most tests open a small page of their own, which holds a model with everything that a picture must
show: two inputs, a shared layer, a fork, two outputs. The last ones open chapter 4 of the book.
Screenshots are left in `_build/screenshots` for people to look at.
"""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from minigraph import Input, Tape, Tensor, layers, losses, ops
from minigraph.models import Model
from minigraph.view.widget import EXPORT, SCRIPT, explore

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "_build" / "screenshots"
CHAPTER = "book/04_calling_a_layer"

# Shown numbers are rounded to three digits.
TOLERANCE = 6e-3

pytestmark = pytest.mark.browser


# ---------------------------------------------------------------------------------------------
# A page of our own


def branched_model():
    left, right = Input((6,), name="left"), Input((6,), name="right")
    shared = layers.Dense(5, activation="tanh", name="shared")
    a, b = shared(left), shared(right)
    mixed = layers.Dense(5, name="mixed")(layers.Concatenate(name="joined")([a, b]))
    total = layers.Add(name="total")([mixed, a])
    first = layers.Dense(3, activation="softmax", name="first")(total)
    second = layers.Dense(1, name="second")(total)
    return Model([left, right], [first, second], name="branched")


def branched_loss(y_true, y_pred):
    classes = losses.sparse_categorical_crossentropy(y_true[0], y_pred[0])
    return ops.mean(classes) + ops.mean(losses.mean_squared_error(y_true[1], y_pred[1]))


def batch():
    generator = np.random.default_rng(3)
    x = [generator.normal(size=(7, 6)).astype("float32") for _ in range(2)]
    return x, [np.arange(7) % 3, generator.normal(size=(7, 1)).astype("float32")]


@pytest.fixture
def recorded():
    model = branched_model()
    x, y = batch()
    return model, explore(model, x, y, loss=branched_loss)


@pytest.fixture
def open_own(chromium, tmp_path):
    """A function that opens a page with the given pieces of HTML; no error may come up."""
    contexts, errors, dialogs = [], [], []

    def open_it(*pieces, head='<script src="widget.js"></script>', tail="", **options):
        (tmp_path / "widget.js").write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
        theme = options.get("color_scheme", "light")
        (tmp_path / "page.html").write_text(
            f'<!doctype html><html data-theme="{theme}"><head><meta charset="utf-8">'
            f"<title>page</title>{head}</head><body>{''.join(pieces)}{tail}</body></html>",
            encoding="utf-8",
        )
        options.setdefault("viewport", {"width": 900, "height": 900})
        context = chromium.new_context(reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert errors == [] and dialogs == []


def fields(widget, name):
    """The texts of all fields of a name in the panel."""
    return widget.locator(f'.mg-panel [data-field="{name}"]').all_inner_texts()


def step(widget, count=1):
    for _ in range(count):
        widget.locator('[data-action="forward"]').click()


def go_to(widget, number):
    """Move the slider, as a pointer would."""
    widget.locator("input[type=range]").fill(str(number))


def test_every_host_comes_to_life_once(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html, "<p>between</p>", widget.html)
    assert page.locator(".minigraph-widget .mg-frame").count() == 2
    page.evaluate("minigraph.mountAll()")
    assert page.locator(".minigraph-widget .mg-frame").count() == 2


def test_the_script_may_also_come_after_the_hosts(open_own, recorded):
    _, widget = recorded
    late = "<script>addEventListener('load', () => setTimeout(() => { const s = document"
    late += ".createElement('script'); s.src = 'widget.js'; document.body.append(s); }))</script>"
    for tail in ('<script src="widget.js"></script>', late):
        page = open_own(widget.html, head="", tail=tail)
        page.locator(".mg-frame").wait_for()
        assert page.locator(".mg-frame").count() == 1


def test_one_box_for_each_node_and_one_arrow_for_each_edge(open_own, recorded):
    model, widget = recorded
    page = open_own(widget.html)
    assert page.locator(".mg-node").count() == len(model.plan_nodes)
    edges = sum(len(node.inputs) for node in model.plan_nodes)
    assert page.locator(".mg-link").count() == edges


def test_text_stays_inside_its_box(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    for node in page.locator(".mg-node").all():
        box = node.locator(".mg-card").last.bounding_box()
        for text in node.locator("text").all():
            inner = text.bounding_box()
            assert inner["x"] >= box["x"] and inner["y"] >= box["y"] - 0.5
            assert inner["x"] + inner["width"] <= box["x"] + box["width"]
            assert inner["y"] + inner["height"] <= box["y"] + box["height"] + 0.5


def test_a_click_shows_what_the_library_knows(open_own, recorded):
    model, widget = recorded
    page = open_own(widget.html)
    for i, node in enumerate(model.plan_nodes):
        page.locator(f'[data-node="{i}"]').click()
        assert fields(page, "name") == [node.name]
        assert fields(page, "output-shape") == [str(node.outputs[0].shape)]
        inputs = ", ".join(str(symbol.shape) for symbol in node.inputs)
        assert fields(page, "input-shape") == ([inputs] if inputs else [])
        assert fields(page, "parameters") == [f"{node.layer.count_params():,}"]
        assert fields(page, "weight") == [str(weight.shape) for weight in node.layer.weights]
        assert page.locator('[aria-pressed="true"]').count() == 1


def test_each_step_shows_its_numbers(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    for number, expected in enumerate(widget.data["steps"], start=1):
        step(page)
        words = page.locator(".mg-words").inner_text()
        title = f"Step {number} of {len(widget.data['steps'])}, {expected['phase']}."
        assert words == f"{title} {expected['words']}"
        if expected["phase"] == "loss":
            assert page.locator(".mg-node.mg-current").count() == 0
            continue
        current = page.locator(".mg-node.mg-current")
        assert current.get_attribute("data-node") == str(expected["box"])
        assert current.get_attribute("data-state") == expected["phase"]
        norms = [array["norm"] for array in expected["arrays"]]
        assert fields(page, f"{expected['phase']}-norm") == norms
        assert fields(page, "weight-norm") == [part["norm"] for part in expected["weights"]]
        terms = [part["norm"] for part in expected["edges"]]
        backward = expected["phase"] == "backward"
        assert fields(page, "term") == (terms if backward and len(terms) > 1 else [])
        edges = [part for part in expected["edges"] if part["edge"] is not None]
        assert page.locator(".mg-link.mg-current").count() == len(edges)
        assert page.locator(".mg-amount").all_text_contents() == [part["norm"] for part in edges]
        cells = page.locator(f'.mg-record[data-phase="{expected["phase"]}"] .mg-cell').count()
        assert cells == len(expected["arrays"][0]["picture"]["cells"])
    assert page.locator('[data-action="forward"]').is_disabled()


def test_stepping_back_undoes(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    before = page.locator(".minigraph-widget").inner_html()
    step(page, 5)
    for _ in range(5):
        page.locator('[data-action="back"]').click()
    assert page.locator('[data-action="back"]').is_disabled()
    page.locator('[data-node="0"]').click()
    assert page.locator(".minigraph-widget").inner_html() == before


def test_the_keyboard_alone_is_enough(open_own, recorded):
    model, widget = recorded
    names = [node.name for node in model.plan_nodes]
    page = open_own(widget.html)
    press = page.keyboard.press

    def focused():
        return page.evaluate("document.activeElement.getAttribute('aria-label')")

    press("Tab")  # "Previous" is disabled at the start
    assert focused() == "Step of the recorded pass"
    press("ArrowRight")
    press("ArrowRight")
    assert "Step 2 of" in page.locator(".mg-words").inner_text()
    press("Tab")
    assert focused() == "Next step"
    press("Enter")
    press("Space")
    assert "Step 4 of" in page.locator(".mg-words").inner_text()
    press("Shift+Tab")
    press("Shift+Tab")
    assert focused() == "Previous step"
    press("Enter")
    assert "Step 3 of" in page.locator(".mg-words").inner_text()
    for _ in range(3):
        press("Tab")
    assert focused().startswith("left, InputLayer")
    press("ArrowRight")
    assert fields(page, "name") == ["right"]
    press("ArrowDown")
    press("ArrowDown")
    assert fields(page, "name") == ["joined"] and focused().startswith("joined, Concatenate")
    press("ArrowUp")
    assert fields(page, "name") == ["shared"] and focused().startswith("shared, Dense, call")
    press("ArrowRight")
    press("ArrowRight")  # nothing is further right: stay
    assert "call 2 of 2" in focused()
    press("Tab")
    press("Enter")
    assert fields(page, "name") == [names[4]]


def test_what_happens_is_said_aloud(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    assert page.locator("[aria-live=polite]").count() == 1
    slider = page.locator("input[type=range]")
    assert slider.get_attribute("aria-valuetext").startswith("Step 0 of")
    go_to(page, 3)
    assert widget.data["steps"][2]["words"] in slider.get_attribute("aria-valuetext")
    assert page.locator("svg[role=group]").get_attribute("aria-label") == widget.data["sentence"]


def test_without_data_there_is_no_slider_but_a_hint(open_own):
    page = open_own(explore(branched_model()).html)
    assert page.locator("input").count() == 0
    assert "model.explore(x, y)" in page.locator(".mg-note").inner_text()
    page.locator('[data-node="2"]').click()
    assert fields(page, "name") == ["shared"]


def test_without_scripts_the_still_picture_stands(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html, java_script_enabled=False)
    picture = page.get_by_role("img", name=re.compile("^A graph of 9 nodes: left"))
    box = picture.bounding_box()
    assert box["width"] > 200 and box["height"] > 400


def test_hostile_names_stay_text(open_own):
    names = [
        "<img src=x onerror=alert(1)>",
        '"><svg onload=alert(2)>',
        "<script>alert(3)<\\script>",
        "' onclick='alert(4)",
        "javascript:alert(5)",
    ]
    x = start = Input((3,), name=names[0])
    for name in names[1:]:
        x = layers.Dense(3, name=name)(x)
    data = np.ones((2, 3), "float32")
    html = explore(Model(start, x, name=names[0]), data, data, lambda y, p: (y - p) ** 2).html
    page = open_own(html)
    for i, name in enumerate(names):
        page.locator(f'[data-node="{i}"]').click()
        assert fields(page, "name") == [name]
    step(page, 11)
    assert page.locator(".mg-heading").inner_text() == names[0]
    assert page.locator(".minigraph-widget").locator("img, script, [onclick]").count() == 0


def test_the_module_for_jupyter_talks_to_python(open_own, recorded):
    """Play Jupyter's part: load the module, render it with a model, change both sides."""
    _, widget = recorded
    page = open_own('<div id="cell"></div>', head="")
    page.evaluate(
        """async ([source, data]) => {
          const state = { data, selected: "shared[1]", step: 2 }, heard = {}, saved = [];
          const model = {
            get: (name) => state[name],
            set: (name, value) => { state[name] = value; },
            save_changes: () => saved.push([state.selected, state.step]),
            on: (event, listener) => { heard[event] = listener; },
            off: (event) => { delete heard[event]; },
          };
          const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const module = await import(address);
          const el = document.getElementById("cell");
          const stop = module.default.render({ model, el });
          globalThis.lab = { state, heard, saved, stop };
        }""",
        [SCRIPT.read_text(encoding="utf-8") + EXPORT, widget.data],
    )
    assert (
        fields(page, "name") == ["shared"]
        and "call 2 of 2" in page.locator(".mg-call").inner_text()
    )
    assert "Step 2 of" in page.locator(".mg-words").inner_text()
    page.locator('[data-node="4"]').click()
    assert page.evaluate("lab.saved.at(-1)") == ["joined", 2]
    step(page)
    assert page.evaluate("lab.saved.at(-1)") == ["shared[0]", 3]
    saved = page.evaluate("lab.saved.length")
    page.evaluate("lab.state.selected = 'total'; lab.heard['change:selected']()")
    assert fields(page, "name") == ["total"]
    page.evaluate("lab.state.step = 12; lab.heard['change:step']()")
    assert "Step 12 of" in page.locator(".mg-words").inner_text()
    assert page.evaluate("lab.saved.length") == saved  # what Python said is not said back
    page.evaluate("lab.stop()")
    assert page.locator(".mg-frame").count() == 0 and page.evaluate("lab.heard") == {}


def brightness(locator):
    color = locator.evaluate("element => getComputedStyle(element).backgroundColor")
    return sum(int(part) for part in re.findall(r"\d+", color)[:3]) / 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(open_own, recorded, scheme):
    _, widget = recorded
    page = open_own(widget.html, color_scheme=scheme)
    step(page, 14)
    assert (brightness(page.locator(".mg-frame")) > 128) == (scheme == "light")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.locator(".minigraph-widget").screenshot(path=SCREENSHOTS / f"widget_{scheme}.png")


def test_on_a_narrow_screen_the_panel_stands_below(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html, viewport={"width": 390, "height": 800})
    step(page, 3)
    graph, panel = (page.locator(f".mg-{part}").bounding_box() for part in ("graph", "panel"))
    assert panel["y"] >= graph["y"] + graph["height"] - 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.locator(".minigraph-widget").screenshot(path=SCREENSHOTS / "widget_narrow.png")


def test_a_thousand_nodes_are_drawn_and_stepped_quickly(open_own):
    x = start = Input((4,), name="x")
    for _ in range(999):
        x = layers.Activation("tanh")(x)
    html = explore(Model(start, x), np.ones((2, 4), "float32")).html
    page = open_own(html)
    page.locator(".mg-frame").wait_for()
    milliseconds = page.evaluate(
        """() => {
          const next = document.querySelector("[data-action=forward]");
          const start = performance.now();
          for (let i = 0; i < 10; i++) next.click();
          return (performance.now() - start) / 10;
        }"""
    )
    assert page.locator(".mg-node").count() == 1000
    assert milliseconds < 200


# ---------------------------------------------------------------------------------------------
# Chapter 4 of the book


@pytest.fixture(scope="module")
def chapter():
    """What the chapter explores: (model, x, y), found by running its cells up to there."""
    notebook = json.loads((ROOT / f"{CHAPTER}.ipynb").read_text(encoding="utf-8"))
    found = []
    namespace = {"__name__": "chapter"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Model, "explore", lambda model, x=None, y=None: found.append((model, x, y)))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code" and not found:
                exec("".join(cell["source"]), namespace)
    assert found, "the chapter has no cell that calls model.explore(x, y)"
    return found[0]


@pytest.fixture
def open_chapter(open_page):
    """A function that opens the chapter and gives its first widget that can be stepped."""

    def open_it(**options):
        page = open_page(f"{CHAPTER}.html", **options).page
        widget = page.locator(".minigraph-widget:has(input[type=range])").first
        widget.scroll_into_view_if_needed()
        return page, widget

    return open_it


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_chapter_draws_each_node_of_its_model(open_chapter, chapter, scheme):
    model, _, _ = chapter
    _, widget = open_chapter(scheme=scheme)
    assert widget.locator(".mg-node").count() == len(model.plan_nodes)
    for i, node in enumerate(model.plan_nodes):
        widget.locator(f'[data-node="{i}"]').click()
        assert fields(widget, "name") == [node.name]
        assert fields(widget, "output-shape") == [str(node.outputs[0].shape)]


def test_the_chapter_shows_the_gradients_of_the_library(open_chapter, chapter):
    model, x, y = chapter
    values = {}
    given = Tensor(x)
    with Tape() as tape:
        tape.watch(given)
        outputs = model.run(given, training=False, observe=lambda n, out: values.update({n: out}))
        loss = model.compute_loss(x, y, outputs, training=False)
    values[model.plan_nodes[0]] = [given]
    gradients = tape.gradient(loss, [values[node] for node in model.plan_nodes])

    _, widget = open_chapter()
    count = len(model.plan_nodes)
    for number in range(1, 2 * count + 2):
        step(widget)
        if number == count + 1:
            words = widget.locator(".mg-words").inner_text()
            shown = re.search(r"The loss is ([-+.e\d]+),", words)[1]
            assert float(shown) == pytest.approx(loss.item(), rel=TOLERANCE)
            continue
        back = number > count
        place = 2 * count + 1 - number if back else number - 1
        (tensor,) = gradients[place] if back else values[model.plan_nodes[place]]
        (shown,) = fields(widget, "backward-norm" if back else "forward-norm")
        expected = np.linalg.norm(tensor.numpy().astype("float64"))
        assert float(shown) == pytest.approx(expected, rel=TOLERANCE)
        assert expected > 0


def test_the_chapter_can_be_read_with_the_keyboard_alone(open_chapter, chapter):
    model, _, _ = chapter
    page, widget = open_chapter()
    widget.locator("input[type=range]").focus()
    for _ in range(len(model.plan_nodes) + 2):
        page.keyboard.press("ArrowRight")
    assert "backward." in widget.locator(".mg-words").inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert fields(widget, "name") == [model.plan_nodes[1].name]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert fields(widget, "name") == [model.plan_nodes[2].name]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chapter_in_light_and_dark(open_chapter, chapter, scheme):
    model, _, _ = chapter
    page, widget = open_chapter(color_scheme=scheme)
    go_to(widget, 2 * len(model.plan_nodes) - 1)
    assert (brightness(widget.locator(".mg-frame")) > 128) == (scheme == "light")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"chapter_04_{scheme}.png")


def test_the_chapter_without_scripts_shows_the_still_picture(open_page):
    page = open_page(f"{CHAPTER}.html", javascript=False).page
    picture = page.locator(".minigraph-widget img").first
    assert picture.get_attribute("alt").startswith("A graph of")
    assert picture.bounding_box()["height"] > 200
