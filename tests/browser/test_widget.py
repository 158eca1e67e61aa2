"""The widgets in a real browser: what they show is what the library computes.

Most tests open a small page of their own, which holds a model with everything that a picture must
show: two inputs, a shared layer, a fork, two outputs; or one with models inside. The last ones open
chapter 4 of the book and the page of the widgets.
Screenshots are left in `_build/screenshots` for people to look at.
"""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from minigraph import Input, Tape, Tensor, layers, losses, ops
from minigraph.config import set_floatx
from minigraph.models import Model
from minigraph.utils import Dashboard, DrawAsYouCall, ErrorLens
from minigraph.view.describe import describe
from minigraph.view.explore import explore
from minigraph.view.trace import trace
from minigraph.view.widget import EXPORT, SCRIPT, scripts

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
        (tmp_path / "widget.js").write_text(SCRIPT, encoding="utf-8")
        theme = options.get("color_scheme", "light")
        (tmp_path / "page.html").write_text(
            f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>page</title>'
            f"{head}</head><body>{''.join(pieces)}{tail}</body></html>",
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


def click_node(page, number):
    """Click a node with the mouse, wherever in the drawing it is."""
    page.get_by_role("button", name="Show all").click()
    page.locator(f'[data-node="{number}"]').click()


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
        for text in node.locator("text:not(.mg-number)").all():
            inner = text.bounding_box()
            assert inner["x"] >= box["x"] and inner["y"] >= box["y"] - 0.5
            assert inner["x"] + inner["width"] <= box["x"] + box["width"]
            assert inner["y"] + inner["height"] <= box["y"] + box["height"] + 0.5


def test_a_click_shows_what_the_library_knows(open_own, recorded):
    model, widget = recorded
    page = open_own(widget.html)
    for i, node in enumerate(model.plan_nodes):
        click_node(page, i)
        assert fields(page, "name") == [node.name]
        assert fields(page, "output-shape") == [str(node.outputs[0].shape)]
        inputs = ", ".join(str(symbol.shape) for symbol in node.inputs)
        assert fields(page, "input-shape") == ([inputs] if inputs else [])
        assert fields(page, "parameters") == [f"{node.layer.count_params():,}"]
        assert fields(page, "weight") == [str(weight.shape) for weight in node.layer.weights]
        assert page.locator('[aria-pressed="true"]').count() == 1


def norm(tensor):
    return "none" if tensor is None else f"{np.linalg.norm(tensor.numpy().astype('f8')):.3g}"


def in_words(names):
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def called(box):
    return f"‘{box.name}’ (call {box.call + 1})" if box.calls > 1 else f"‘{box.name}’"


def test_each_step_shows_its_numbers(open_own, recorded):
    """Forward through all boxes, the loss, and back: what is shown is what the tape says."""
    model, widget = recorded
    recording = trace(model, *batch(), branched_loss)
    graph, count = recording.graph, len(recording.graph.boxes)
    page = open_own(widget.html)
    for number in range(1, 2 * count + 2):
        step(page)
        words = page.locator(".mg-words").inner_text()
        assert words.startswith(f"Step {number} of {2 * count + 1}, ")
        current = page.locator(".mg-node.mg-current")
        if number == count + 1:
            assert f"The loss is {recording.loss:.3g}, one number" in words
            assert current.count() == 0
            continue
        back = number > count
        i = 2 * count + 1 - number if back else number - 1
        assert current.get_attribute("data-node") == str(i)
        assert current.get_attribute("data-state") == ("backward" if back else "forward")
        assert fields(page, "forward-norm") == [norm(recording.values[i][0])]
        edges = [edge for edge in graph.edges if (edge.source if back else edge.target) == i]
        assert page.locator(".mg-link.mg-current").count() == len(edges)
        amounts = page.locator(".mg-amount").all_text_contents()
        if not back:
            assert amounts == [norm(recording.values[edge.source][0]) for edge in edges]
            sources = dict.fromkeys(called(graph.boxes[edge.source]) for edge in edges)
            assert not edges or f"its value from {in_words(list(sources))}: shape" in words
            continue
        assert fields(page, "backward-norm") == [norm(recording.gradients[i][0])]
        terms = [norm(recording.terms[edge.target, edge.argument]) for edge in edges]
        assert amounts == terms
        terms += [
            norm(t) for k, t in zip(graph.outputs, recording.loss_terms, strict=True) if k == i
        ]
        assert fields(page, "term") == (terms if len(terms) > 1 else [])
        assert fields(page, "sum") == (fields(page, "backward-norm") if len(terms) > 1 else [])
        assert ("meet and are added" in words) == (len(terms) > 1)
        layer = graph.nodes[i].layer
        shared = graph.boxes[i].calls > 1 and graph.boxes[i].call > 0
        expected = [norm(recording.weights[w]) for w in layer.trainable_weights]
        assert fields(page, "weight-norm") == ([] if shared else expected)
    assert page.locator('[data-action="forward"]').is_disabled()


def test_weights_are_shown_as_picture_histogram_and_numbers(open_own, recorded):
    model, widget = recorded
    page = open_own(widget.html)
    for path, layer in (("shared[1]", "shared"), ("mixed", "mixed")):
        i = [box.path for box in describe(model).boxes].index(path)
        click_node(page, i)
        weights = model.get_layer(layer).weights
        assert fields(page, "weight-name") == [weight.name for weight in weights]
        section = page.locator(".mg-weights")
        assert section.locator(".mg-histogram").count() == len(weights)
        for weight in weights:
            array = weight.numpy()
            words = f"between {array.min():.3g} and {array.max():.3g}, mean {array.mean():.3g},"
            assert words in section.inner_text()
    kernel = section.locator("svg.mg-picture").first
    rows, columns = model.get_layer("mixed").kernel.shape
    assert f"{rows} rows for the inputs, {columns} columns" in kernel.get_attribute("aria-label")
    drawn = "".join(kernel.locator("path").evaluate_all("all => all.map(p => p.getAttribute('d'))"))
    assert drawn.count("M") == rows * columns


def test_stepping_back_undoes(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    click_node(page, 0)
    before = page.locator(".minigraph-widget").inner_html()
    step(page, 5)
    for _ in range(5):
        page.locator('[data-action="back"]').click()
    assert page.locator('[data-action="back"]').is_disabled()
    click_node(page, 0)
    assert page.locator(".minigraph-widget").inner_html() == before


def test_the_keyboard_alone_is_enough(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    press = page.keyboard.press

    def focused():
        return page.evaluate("document.activeElement.getAttribute('aria-label')")

    def tab(name):
        press("Tab")
        assert (focused() or "").startswith(name) or page.evaluate(
            "document.activeElement.textContent"
        ).startswith(name)

    tab("Search branched")
    for name in ("Gradient", "Table", "Play", "Next step", "Step of the recorded"):
        tab(name)  # "Previous" is disabled at the start
    press("ArrowRight")
    press("ArrowRight")
    assert "Step 2 of" in page.locator(".mg-words").inner_text()
    press("Shift+Tab")
    press("Enter")
    press("Space")
    assert "Step 4 of" in page.locator(".mg-words").inner_text()
    for _ in range(2):
        press("Shift+Tab")
    assert focused() == "Previous step"
    press("Enter")
    assert "Step 3 of" in page.locator(".mg-words").inner_text()
    for _ in range(3):
        press("Tab")
    tab("shared, Dense, call 1 of 2")  # one stop for the whole drawing: what is selected
    press("ArrowUp")
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
    for name in ("Zoom out", "Zoom in", "Show all"):
        tab(name)
        before = page.locator(".mg-stage").get_attribute("viewBox")
        press("Enter")
        assert page.locator(".mg-stage").get_attribute("viewBox") != before
    tab("Details of the selection")


def test_what_happens_is_said_aloud(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    assert page.locator("[aria-live=polite], [role=status]").count() == 2
    slider = page.locator("input[type=range]")
    assert slider.get_attribute("aria-valuetext").startswith("Step 0 of")
    go_to(page, 3)
    assert "‘shared’ (call 1) computes its value from" in slider.get_attribute("aria-valuetext")
    assert page.locator("svg[role=group]").get_attribute("aria-label") == widget.data["sentence"]


def test_without_data_there_is_no_slider_but_a_hint(open_own):
    page = open_own(explore(branched_model()).html)
    assert page.locator("input[type=range]").count() == 0
    assert "model.explore(x, y)" in page.locator(".mg-note").inner_text()
    page.locator('[data-node="2"]').click()
    assert fields(page, "name") == ["shared"]


def test_without_scripts_the_still_picture_stands(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html, java_script_enabled=False)
    picture = page.get_by_role("img", name=re.compile("^A graph of 9 nodes: left"))
    box = picture.bounding_box()
    assert box["width"] > 200 and box["height"] > 400
    assert table_of(page) == widget.page.rows


def table_of(page):
    lines = page.locator(".mg-still tr").all()
    return [line.locator("th, td").all_inner_texts() for line in lines]


def test_in_print_the_still_picture_and_the_table_stand(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    assert page.locator(".mg-still table").is_hidden()
    page.emulate_media(media="print")
    assert page.locator(".mg-frame").is_hidden()
    assert page.locator(".mg-still img").bounding_box()["height"] > 400
    assert page.locator(".mg-still table").is_visible()
    assert table_of(page) == widget.page.rows


def test_the_table_comes_on_demand(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    table = page.get_by_role("button", name="Table")
    table.click()
    assert table.get_attribute("aria-expanded") == "true"
    assert page.locator(".mg-still table").is_visible() and table_of(page) == widget.page.rows
    assert page.locator(".mg-still img").is_hidden()
    table.click()
    assert page.locator(".mg-still table").is_hidden()


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
        click_node(page, i)
        assert fields(page, "name") == [name]
    step(page, 11)
    assert page.locator(".mg-heading").inner_text() == names[0]
    assert page.locator(".mg-frame").locator("img, script, [onclick]").count() == 0
    page.locator(".mg-search").fill("<script>")
    page.locator(".mg-search").press("Enter")
    assert page.locator(".mg-found").inner_text() == f"1 of 1: {names[2]}"


RENDER = """async ([source, data, selected = "", step = 0]) => {
  const state = { data, selected, step }, heard = {}, saved = [];
  const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    save_changes: () => saved.push([state.selected, state.step]),
    on: (event, listener) => { heard[event] = listener; },
    off: (event) => { delete heard[event]; },
  };
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const module = await import(address);
  const stop = module.default.render({ model, el: document.getElementById("cell") });
  globalThis.lab = { state, heard, saved, stop };
}"""


def test_the_module_for_jupyter_talks_to_python(open_own, recorded):
    """Play Jupyter's part: load the module, render it with a model, change both sides."""
    _, widget = recorded
    page = open_own('<div id="cell"></div>', head="")
    page.evaluate(
        RENDER,
        [SCRIPT + EXPORT, dict(widget.data), "shared[1]", 2],
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
    page.get_by_role("button", name="Table").click()
    assert table_of(page) == widget.page.rows
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
    graph, panel = (page.locator(f".mg-{part}").bounding_box() for part in ("view", "panel"))
    assert panel["y"] >= graph["y"] + graph["height"] - 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.locator(".minigraph-widget").screenshot(path=SCREENSHOTS / "widget_narrow.png")


def test_a_thousand_nodes_are_drawn_and_a_step_changes_few_of_them(open_own):
    x = start = Input((4,), name="x")
    for _ in range(999):
        x = layers.Activation("tanh")(x)
    html = replace(explore(Model(start, x), np.ones((2, 4), "float32")).page).html  # not cut
    page = open_own(html)
    page.locator(".mg-frame").wait_for()
    changes = page.evaluate(
        """() => {
          const next = document.querySelector("[data-action=forward]");
          const seen = new MutationObserver(() => {});
          seen.observe(document.body, {subtree: true, childList: true, attributes: true});
          for (let i = 0; i < 10; i++) next.click();
          return seen.takeRecords().length / 10;
        }"""
    )
    assert page.locator(".mg-node").count() == 1000
    assert 0 < changes < 100


def autoencoder():
    photo = Input((8, 8, 1), name="photo")
    x = layers.Conv2D(4, 3, activation="relu", name="look")(photo)
    encoder = Model(photo, layers.GlobalMaxPooling2D(name="pool")(x), name="encoder")
    code = Input((4,), name="code")
    x = layers.Dense(64, name="widen")(code)
    decoder = Model(code, layers.Reshape((8, 8, 1), name="fold")(x), name="decoder")
    x = Input((8, 8, 1), name="x")
    return Model(x, decoder(encoder(x)), name="autoencoder")


@pytest.fixture
def nested():
    model = autoencoder()
    x = np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype("float32")
    return model, x, explore(model, x, x, loss=lambda y, p: (y - p) ** 2)


def shown_paths(page):
    nodes = page.locator(".mg-node title").all_text_contents()
    return [title.partition(":")[0] for title in nodes]


def paths(model, opened):
    return [box.path for box in describe(model, opened).boxes]


def test_nested_models_open_and_close_in_place(open_own, nested):
    model, _, widget = nested
    page = open_own(widget.html)
    assert shown_paths(page) == paths(model, [])
    names = paths(model, True)
    encoder, decoder = (names.index(name) for name in ("encoder", "decoder"))

    def corner(i):
        box = page.locator(f'[data-toggle="{i}"] circle').bounding_box()
        return box["x"], box["y"]

    before = corner(encoder)
    page.locator(f'[data-toggle="{encoder}"]').click()  # the round mark
    assert shown_paths(page) == paths(model, ["encoder"])
    assert page.locator(f'[data-node="{encoder}"]').get_attribute("aria-expanded") == "true"
    after = corner(encoder)
    assert np.abs(np.subtract(after, before)).max() < 60
    page.locator(f'[data-node="{decoder}"]').focus()
    page.locator(f'[data-node="{decoder}"]').press("Enter")  # the keyboard
    assert shown_paths(page) == paths(model, True)
    page.keyboard.press("ArrowDown")
    assert fields(page, "path") == ["path decoder/code"]
    page.keyboard.press("Escape")
    assert fields(page, "name") == ["decoder"]
    page.locator('[data-action="open"]').click()  # the inspector's button
    assert shown_paths(page) == paths(model, ["encoder"])
    page.locator(f'[data-toggle="{encoder}"]').dispatch_event("click")
    assert shown_paths(page) == paths(model, [])
    for i, box in enumerate(describe(model, True).boxes):
        page.locator(".mg-search").fill(box.path)
        page.locator(".mg-search").press("Enter")
        assert box.path in shown_paths(page)
        assert page.locator('[aria-pressed="true"][data-node]').get_attribute("data-node") == str(i)


def test_steps_go_inside_what_is_open(open_own, nested):
    model, x, widget = nested
    recording = trace(model, x, x, lambda y, p: (y - p) ** 2)
    boxes = recording.graph.boxes
    page = open_own(widget.html)
    for opened in ([], ["encoder"], ["encoder", "decoder"]):
        for name in opened:
            i = [box.path for box in boxes].index(name)
            node = page.locator(f'[data-node="{i}"]')
            if node.get_attribute("aria-expanded") == "false":
                node.press("Enter")
        visible = [
            i
            for i, box in enumerate(boxes)
            if box.path not in opened and (box.parent is None or boxes[box.parent].path in opened)
        ]
        go_to(page, 0)
        seen = []
        for number in range(1, 2 * len(visible) + 2):
            go_to(page, number)
            current = page.locator(".mg-node.mg-current")
            if number == len(visible) + 1:
                assert current.count() == 0
                continue
            i = int(current.get_attribute("data-node"))
            seen.append(i)
            back = number > len(visible)
            tensors = (recording.gradients if back else recording.values)[i]
            (shown,) = fields(page, "backward-norm" if back else "forward-norm")
            assert shown == norm(tensors[0])
        assert seen == [*visible, *reversed(visible)]
        assert page.locator('[data-action="forward"]').is_disabled()


def test_feature_maps_of_images(open_own, nested):
    _, x, widget = nested
    page = open_own(widget.html)
    step(page)
    label = page.locator('[data-phase="forward"] svg.mg-picture').get_attribute("aria-label")
    assert "First sample: 8 × 8 pixels, one picture for each channel (1)" in label
    paths = page.locator('[data-phase="forward"] .mg-cell')
    assert "".join(paths.evaluate_all("all => all.map(p => p.getAttribute('d'))")).count("M") == 64


def test_the_drawing_can_be_dragged_and_zoomed(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    stage = page.locator(".mg-stage")

    def camera():
        return [float(n) for n in stage.get_attribute("viewBox").split()]

    box = stage.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    start = camera()
    scrolled = page.evaluate("scrollY")
    page.mouse.wheel(0, 100)  # nobody has clicked into the drawing: the page scrolls
    assert camera() == start
    page.locator('[data-node="2"]').click()
    page.mouse.move(*middle)
    page.mouse.wheel(0, -300)
    page.wait_for_function(
        "width => Number(document.querySelector('.mg-stage').getAttribute('viewBox')"
        ".split(' ')[2]) < width",
        arg=start[2],
    )
    closer = camera()
    page.mouse.down()
    page.mouse.move(middle[0] - 60, middle[1] - 40, steps=4)
    page.mouse.up()
    moved = camera()
    assert moved[2:] == closer[2:] and moved[0] > closer[0] and moved[1] > closer[1]
    assert fields(page, "name") == ["shared"]  # a drag chooses nothing
    page.get_by_role("button", name="Zoom out").click()
    assert camera()[2] > moved[2]
    page.get_by_role("button", name="Show all").click()
    inside = page.locator(".mg-node").all()
    pane = page.locator(".mg-view").bounding_box()
    for node in inside:
        place = node.bounding_box()
        assert place["y"] >= pane["y"] - 12
        assert place["y"] + place["height"] <= pane["y"] + pane["height"] + 12
    assert page.evaluate("scrollY") >= scrolled


def test_two_fingers_zoom(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html, has_touch=True)
    stage = page.locator(".mg-stage")
    before = stage.get_attribute("viewBox")
    box = stage.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind, *offsets):
        points = [{"x": x + offset, "y": y, "id": i} for i, offset in enumerate(offsets)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -30, 30)
    for offset in (40, 60, 90):
        touch("touchMove", -offset, offset)
    touch("touchEnd")
    after = stage.get_attribute("viewBox")
    assert float(after.split()[2]) < 0.6 * float(before.split()[2])


def test_search_marks_and_leads(open_own, recorded):
    model, widget = recorded
    page = open_own(widget.html)
    search = page.get_by_role("searchbox", name="Search branched")
    search.fill("dense")
    dense = [box.path for box in describe(model).boxes if box.type == "Dense"]
    assert page.locator(".mg-found").inner_text() == f"{len(dense)} found"
    assert page.locator(".mg-node.mg-match").count() == len(dense)
    for k, path in enumerate(dense):
        search.press("Enter")
        assert page.locator(".mg-found").inner_text() == f"{k + 1} of {len(dense)}: {path}"
    search.fill("nothing of that name")
    assert page.locator(".mg-found").inner_text() == "0 found"
    search.fill("")
    assert page.locator(".mg-node.mg-match").count() == 0


def test_every_call_of_a_shared_layer_is_marked_as_the_same(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    assert page.locator(".mg-number").all_text_contents() == ["1", "1"]
    page.locator('[data-node="2"]').click()
    assert page.locator(".mg-same").count() == 1
    assert page.locator(".mg-same").get_attribute("aria-label").startswith("shared, Dense, call 2")


def test_colour_by_gradient_norm(open_own, recorded):
    model, widget = recorded
    gradients = trace(model, *batch(), branched_loss).gradients
    page = open_own(widget.html)
    button = page.get_by_role("button", name="Gradient colours")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    norms = [float(norm(gradient[0])) for gradient in gradients]
    heats = [
        float(node.evaluate("node => node.style.getPropertyValue('--heat')"))
        for node in page.locator(".mg-node").all()
    ]
    expected = np.log(np.array(norms) / min(norms)) / np.log(max(norms) / min(norms))
    np.testing.assert_allclose(heats, 100 * expected, atol=1)
    legend = page.locator(".mg-legend").inner_text()
    assert f"{min(norms):.3g}" in legend and f"{max(norms):.3g}" in legend
    fill = "node => getComputedStyle(node.querySelector('.mg-card')).fill"
    colours = [node.evaluate(fill) for node in page.locator(".mg-node").all()]
    assert colours[int(np.argmax(norms))] != colours[int(np.argmin(norms))]
    button.click()
    assert page.locator(".mg-legend").is_hidden()


def test_it_plays_by_itself_and_pauses(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    play = page.locator("[data-action=play]")
    play.click()
    assert play.get_attribute("aria-label") == "Pause"
    page.locator(".mg-words", has_text="Step 2 of").wait_for(timeout=8000)
    play.click()
    words = page.locator(".mg-words").inner_text()
    page.wait_for_timeout(1800)
    assert page.locator(".mg-words").inner_text() == words
    assert play.get_attribute("aria-label") == "Play"


def serious_faults(page):
    """The faults inside widgets that axe-core calls serious or critical."""
    # (Without "preload" it does not fetch style sheets a second time, from wrong addresses.)
    options = {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, ".minigraph-widget", options).response["violations"]
    return [
        (fault["id"], node["html"][:200], node["failureSummary"][:300])
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1000])
def test_axe_finds_no_serious_fault(open_own, recorded, nested, scheme, width):
    viewport = {"width": width, "height": 900}
    page = open_own(recorded[1].html, nested[2].html, color_scheme=scheme, viewport=viewport)
    assert serious_faults(page) == []
    for k, widget in enumerate(page.locator(".minigraph-widget").all()):
        go_to(widget, 14 - 8 * k)
        widget.get_by_role("button", name="Gradient colours").click()
        widget.get_by_role("button", name="Table").click()
    page.locator(".minigraph-widget").nth(1).locator(".mg-toggle").first.dispatch_event("click")
    assert serious_faults(page) == []


# ---------------------------------------------------------------------------------------------
# Chapter 4 of the book


def without_magics(cell):
    """The Python in a cell: its lines but those that only a notebook understands."""
    return re.sub(r"(?m)^%.*$", "", "".join(cell["source"]))


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
                exec(without_magics(cell), namespace)
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
        click_node(widget, i)
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
    last = model.plan_nodes[-1].name
    assert fields(widget, "name") == [last]
    page.keyboard.press("ArrowUp")
    (before,) = fields(widget, "name")
    assert before == model.plan_nodes[-1].inputs[0].node.name


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


# ---------------------------------------------------------------------------------------------
# A graph that grows beside its code, and where it breaks


def seen(page, selector):
    return page.locator(f"{selector}:not(.mg-unseen)")


def test_each_step_marks_the_code_and_draws_its_box(open_own):
    with DrawAsYouCall() as drawing:
        image = Input((8, 8, 1), name="image")
        x = layers.Conv2D(4, 3, name="look")(image)
        outputs = layers.Dense(3, name="digit")(layers.Flatten(name="flat")(x))
        model = Model(image, outputs)
    page = open_own(drawing.html)
    code = page.locator(".mg-code li").all_inner_texts()
    assert code[0] == 'image = Input((8, 8, 1), name="image")' and len(code) == 4
    assert seen(page, ".mg-node").count() == 0 == page.locator(".mg-code mark").count()
    marks = [
        'Input((8, 8, 1), name="image")',
        'layers.Conv2D(4, 3, name="look")(image)',
        'layers.Flatten(name="flat")(x)',
        'layers.Dense(3, name="digit")(layers.Flatten(name="flat")(x))',
    ]
    for number, (node, mark) in enumerate(zip(model.plan_nodes, marks, strict=True), start=1):
        step(page)
        assert page.locator(".mg-code mark").all_inner_texts() == [mark]
        assert seen(page, ".mg-node").count() == number
        assert seen(page, ".mg-link").count() == number - 1
        current = page.locator(".mg-node.mg-current")
        assert current.get_attribute("aria-label").startswith(f"{node.name}, ")
        assert page.locator(".mg-link.mg-current").count() == len(node.inputs)
        assert fields(page, "name") == [node.name]
        assert fields(page, "output-shape") == [str(node.outputs[0].shape)]
        words = page.locator(".mg-words").inner_text()
        assert words.startswith(f"Step {number} of 4, ") and str(node.outputs[0].shape) in words
    assert page.locator('[data-action="forward"]').is_disabled()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "calls.png")
    page.locator('[data-node="1"]').click()  # what is chosen has its code marked too
    assert page.locator(".mg-code mark").all_inner_texts() == [marks[1]]
    page.keyboard.press("ArrowDown")
    assert fields(page, "name") == ["flat"]
    go_to(page, 2)
    assert seen(page, ".mg-node").count() == 2
    page.locator('[data-node="1"]').focus()
    page.keyboard.press("ArrowDown")  # what is not yet drawn cannot be reached
    assert fields(page, "name") == ["look"]


def error_seen_through_a_lens():
    with ErrorLens() as lens:
        image = Input((8, 8, 1), name="<img src=x onerror=alert(1)>")
        x = layers.Conv2D(4, 3, name="look")(image)
        layers.Concatenate(name="both")([x, image])
    return lens


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_lens_ends_where_the_drawing_breaks(open_own, scheme):
    lens = error_seen_through_a_lens()
    page = open_own(lens.html, color_scheme=scheme)
    go_to(page, 3)
    words = page.locator(".mg-words").inner_text()
    assert words == f"Step 3 of 3, it fails. Line 3 breaks: {lens.failure}"
    assert page.locator(".mg-broken.mg-current").get_attribute("data-state") == "broken"
    assert page.locator(".mg-link.mg-current").count() == 2
    assert page.locator(".mg-link.mg-current .mg-head >> visible=true").count() == 2
    assert fields(page, "input-shape") == ["(None, 6, 6, 4), (None, 8, 8, 1)"]
    assert page.locator("mark").inner_text() == 'layers.Concatenate(name="both")([x, image])'
    assert serious_faults(page) == []
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"lens_{scheme}.png")


def test_the_lens_without_scripts_has_the_same_facts(open_own):
    lens = error_seen_through_a_lens()
    page = open_own(lens.html, java_script_enabled=False)
    assert page.locator("img").bounding_box()["height"] > 150
    assert lens.failure in page.locator("caption").inner_text()
    last = page.locator("tbody tr").last.locator("td").all_inner_texts()
    assert last[0] == 'layers.Concatenate(name="both")([x, image])'
    assert "(None, 6, 6, 4)" in last[2] and "(None, 8, 8, 1)" in last[2]


def test_long_lines_of_code_scroll_to_the_mark(open_own):
    with DrawAsYouCall() as drawing:
        image = Input((8, 8, 1), name="image")
        x = layers.Dense(3, name="a_rather_long_name")(layers.Flatten(name="it_goes_on")(image))
    assert x.shape == (None, 3)
    page = open_own(drawing.html)
    code = page.locator(".mg-code")
    heights = {line.bounding_box()["height"] for line in code.locator("li").all()}
    assert len(heights) == 1  # no line wraps
    go_to(page, 1)
    assert code.evaluate("code => code.scrollLeft") == 0
    go_to(page, 2)
    assert code.evaluate("code => code.scrollLeft") > 0
    mark, pane = code.locator("mark").bounding_box(), code.bounding_box()
    assert pane["x"] <= mark["x"] and mark["x"] + mark["width"] <= pane["x"] + pane["width"]
    code.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.documentElement.scrollWidth") <= 900


def test_the_zoom_buttons_cover_nothing(open_own, recorded):
    _, widget = recorded
    page = open_own(widget.html)
    stage, buttons = page.locator(".mg-stage").bounding_box(), page.locator(".mg-under")
    assert buttons.bounding_box()["y"] >= stage["y"] + stage["height"] - 1


# ---------------------------------------------------------------------------------------------
# The training dashboard


def trained(names=("first", "digit"), **settings):
    """A dashboard that has seen a model learn, and the history of that `fit`."""
    x = Input((6,), name="x")
    hidden = layers.Dense(5, activation="tanh", name=names[0])(x)
    model = Model(x, layers.Dense(2, name=names[1])(hidden), name="small")
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    generator, dashboard = np.random.default_rng(0), Dashboard()
    images = generator.normal(size=(50, 6)).astype("float32")
    settings = {"batch_size": 8, "epochs": 3, "validation_split": 0.2, "verbose": 0, **settings}
    targets = (images.sum(axis=1) > 0).astype("int64")
    history = model.fit(images, targets, callbacks=[dashboard], **settings)
    return dashboard, history.history


def words_of(page):
    return page.locator(".mg-words").inner_text()


def test_at_each_step_the_numbers_of_that_batch(open_own):
    dashboard, _ = trained()
    page = open_own(dashboard.html)
    count = len(dashboard.batches)
    assert page.locator('[data-action="forward"]').is_disabled()  # it begins at the last batch
    for number in reversed(range(1, count + 1)):
        record = dashboard.batches[number - 1]
        alone, logs = record["alone"], record["logs"]
        where = f"epoch {record['epoch'] + 1}, batch {record['batch'] + 1}"
        numbers = f"loss {alone['loss']:.3g} and accuracy {alone['accuracy']:.3g}"
        assert words_of(page) == f"Step {number} of {count}, {where}. {numbers}."
        assert fields(page, "batch") == [f"{value:.3g}" for value in alone.values()]
        assert fields(page, "running") == [f"{value:.3g}" for value in logs.values()]
        norms = [f"{norm:.3g}" for norm in record["gradients"].values()]
        assert page.locator(".mg-layer output").all_inner_texts() == norms
        assert fields(page, "norm") == norms[:1]
        place = page.locator(".mg-charts .mg-plot i").first.evaluate("mark => mark.style.left")
        assert float(place.rstrip("%")) == pytest.approx(100 * number / count, abs=0.01)
        page.locator('[data-action="back"]').click()
    assert words_of(page) == f"Ready. {count} batches were recorded."
    assert page.locator(".mg-layer output").all_inner_texts() == ["", ""]


def curve(page, kind):
    """The points of a curve of the first chart, as pairs of shares of its width and height."""
    path = page.locator(f".mg-plot .mg-{kind}:not(.mg-dots)").first.get_attribute("d")
    numbers = np.array([float(n) for n in re.findall(r"[-\d.]+", path)]).reshape(-1, 2) / 100
    return numbers[:, 0], 1 - numbers[:, 1]


def test_the_curves_are_the_numbers(open_own):
    dashboard, history = trained()
    page = open_own(dashboard.html)
    assert page.locator(".mg-charts .mg-keys b").all_inner_texts() == ["loss", "accuracy"]
    scale = dashboard.widget.data["charts"][0]["scale"]
    batches = [record["alone"]["loss"] for record in dashboard.batches]
    rows = {"batch": batches, "epoch": history["loss"], "validation": history["val_loss"]}
    for kind, values in rows.items():
        x, y = curve(page, kind)
        np.testing.assert_allclose(x, np.arange(1, len(values) + 1) / len(values), atol=1e-3)
        expected = (np.array(values) - scale["least"]) / (scale["most"] - scale["least"])
        np.testing.assert_allclose(y, expected, atol=0.01)
    legend = page.locator(".mg-charts .mg-keys").first.locator("span").all_inner_texts()
    assert legend == ["batch", "epoch", "validation"]
    ticks = [text for _, text in scale["ticks"]]
    shown = page.locator(".mg-charts .mg-plot").first.locator("span").all_inner_texts()
    assert shown == [*ticks, "epoch", "1", "2", "3"]


def test_the_bars_are_as_long_as_the_norms_say(open_own):
    dashboard, _ = trained()
    page = open_own(dashboard.html)
    scale = dashboard.widget.data["scale"]
    for number in (1, 7, 15):
        go_to(page, number)
        bars = [box.bounding_box()["width"] for box in page.locator(".mg-layer i i").all()]
        whole = page.locator(".mg-layer > i").first.bounding_box()["width"]
        norms = np.array(list(dashboard.batches[number - 1]["gradients"].values()))
        least, most = np.log(scale["least"]), np.log(scale["most"])
        expected = (np.log(norms) - least) / (most - least)
        np.testing.assert_allclose(np.array(bars) / whole, expected, atol=0.02)


def test_a_click_into_a_chart_goes_to_a_batch(open_own):
    dashboard, _ = trained()
    page = open_own(dashboard.html)
    plot = page.locator(".mg-charts .mg-plot").nth(1)
    box = plot.bounding_box()
    plot.click(position={"x": box["width"] * 0.4, "y": 30})
    assert words_of(page).startswith("Step 6 of 15, epoch 2, batch 1.")
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 90, steps=5)
    page.mouse.up()
    assert words_of(page).startswith("Step 12 of 15, epoch 3, batch 2.")


def test_a_layer_shows_its_gradient_over_the_training(open_own):
    dashboard, _ = trained()
    page = open_own(dashboard.html)
    go_to(page, 4)
    assert fields(page, "name") == ["first"] and fields(page, "weight") == ["(6, 5)", "(5,)"]
    page.locator(".mg-layer").nth(1).click()
    assert fields(page, "name") == ["digit"] and fields(page, "parameters") == ["12"]
    assert fields(page, "norm") == [f"{dashboard.batches[3]['gradients']['digit']:.3g}"]
    path = page.locator(".mg-panel .mg-curve.mg-batch").last.get_attribute("d")
    assert len(re.findall(r"[-\d.]+", path)) == 2 * len(dashboard.batches)
    assert "Step 4 of" in words_of(page)
    page.keyboard.press("ArrowUp")  # arrow keys lead from layer to layer
    assert fields(page, "name") == ["first"]
    page.keyboard.press("Enter")  # and no key leaves the page
    assert fields(page, "name") == ["first"]


def test_the_dashboard_plays(open_own):
    dashboard, _ = trained()
    page = open_own(dashboard.html)
    page.locator("[data-action=play]").click()
    assert page.locator("[aria-live=off]").count() == 1
    page.locator(".mg-words", has_text="Step 15 of 15").wait_for(timeout=15000)
    page.locator("[aria-label=Play]").wait_for(timeout=3000)


def test_hostile_names_of_layers_and_metrics_stay_text(open_own):
    names = ("<img src=x onerror=alert(1)>", "' onclick='alert(2)")
    dashboard, _ = trained(names)
    metric = "<script>alert(3)</script>"
    for record in dashboard.batches + dashboard.epochs:
        record["logs"][metric] = 1.0
    dashboard.on_train_end()
    page = open_own(dashboard.html)
    assert page.locator(".mg-layer span").all_inner_texts() == list(names)
    assert page.locator(".mg-keys b").nth(2).inner_text() == metric
    page.locator(".mg-layer").nth(1).click()
    assert fields(page, "name") == [names[1]]
    assert page.locator(".mg-frame").locator("img, script, [onclick]").count() == 0


def test_before_fit_the_dashboard_says_what_to_do(open_own):
    page = open_own(Dashboard().html)
    assert "callbacks=[dashboard]" in page.locator(".mg-note").inner_text()
    assert page.locator("input, .mg-chart").count() == 0 and page.locator(".mg-main").is_hidden()
    assert serious_faults(page) == []


def test_without_scripts_the_dashboard_is_curves_and_a_table(open_own):
    dashboard, history = trained()
    page = open_own(dashboard.html, java_script_enabled=False)
    assert page.locator(".mg-still img").bounding_box()["height"] > 300
    assert table_of(page) == dashboard.widget.page.rows
    assert table_of(page)[-1][2] == f"{history['loss'][-1]:.3g}"


def test_the_dashboard_in_print(open_own):
    dashboard, _ = trained()
    page = open_own(dashboard.html)
    page.emulate_media(media="print")
    assert page.locator(".mg-frame").is_hidden()
    assert page.locator(".mg-still img").is_visible()
    assert table_of(page) == dashboard.widget.page.rows


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1000])
def test_axe_finds_no_serious_fault_in_the_dashboard(open_own, scheme, width):
    dashboard, _ = trained()
    viewport = {"width": width, "height": 900}
    page = open_own(dashboard.html, color_scheme=scheme, viewport=viewport)
    page.get_by_role("button", name="Table").click()
    page.locator(".mg-layer").nth(1).click()
    assert serious_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"dashboard_{scheme}_{width}.png", full_page=True)


def test_the_dashboard_grows_and_keeps_what_is_chosen(open_own):
    """Play Jupyter's part: render before `fit`, then change the data again and again."""
    empty, (dashboard, _) = Dashboard(), trained()
    page = open_own('<div id="cell"></div>', head="")
    page.evaluate(RENDER, [SCRIPT + EXPORT, dict(empty.widget.data)])
    assert "callbacks=[dashboard]" in page.locator(".mg-note").inner_text()

    def grow(count):
        part = Dashboard()
        part.model, part._layers = dashboard.model, dashboard._layers
        part.batches = dashboard.batches[:count]
        part.epochs = [epoch for epoch in dashboard.epochs if epoch["last"] <= count]
        data = part.widget.data
        page.evaluate("data => { lab.state.data = data; lab.heard['change:data'](); }", dict(data))

    grow(1)
    assert words_of(page).startswith("Step 1 of 1, epoch 1, batch 1.")
    assert page.evaluate("lab.saved.at(-1)") == ["first", 1]
    grow(5)  # who looks at the last batch is taken along
    assert words_of(page).startswith("Step 5 of 5, epoch 1, batch 5.")
    page.locator(".mg-layer").nth(1).click()
    page.locator('[data-action="back"]').click()
    page.locator(".mg-layer input").nth(1).focus()
    page.get_by_role("button", name="Table").click()
    page.locator(".mg-layer input").nth(1).focus()
    for count in (6, 15):
        grow(count)
        assert words_of(page).startswith(f"Step 4 of {count}, epoch 1, batch 4.")
        assert fields(page, "name") == ["digit"]
        assert page.evaluate("document.activeElement.value") == "digit"
        assert curve(page, "batch")[0].size == count
        assert len(table_of(page)) == 1 + count // 5
    assert page.evaluate("lab.saved.at(-1)") == ["digit", 4]
    page.evaluate("lab.state.step = 9; lab.heard['change:step']()")
    assert words_of(page).startswith("Step 9 of 15, epoch 2, batch 4.")


# ---------------------------------------------------------------------------------------------
# The page of the widgets

APPENDIX = "book/widgets"


@pytest.fixture(scope="module")
def explored():
    """The models of the page, each with its data, and its dashboard, by running its cells."""
    notebook = json.loads((ROOT / f"{APPENDIX}.ipynb").read_text(encoding="utf-8"))
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Model, "explore", lambda model, x, y: found.append((model, x, y)))
        namespace = {"__name__": "page"}
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                exec(without_magics(cell), namespace)
    set_floatx("float32")  # the page has set another one
    return found, namespace["dashboard"]


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_of_the_widgets_is_alive(open_page, explored, scheme):
    explored, _ = explored
    page = open_page(f"{APPENDIX}.html", scheme=scheme).page
    widgets = page.locator(".minigraph-widget[data-mounted]").all()
    assert len(widgets) == len(explored) + 3 and len(explored) >= 4
    for widget, (model, x, y) in zip(widgets, explored, strict=False):  # these come first
        recording = trace(model, x, y)
        count = len(describe(model).boxes)
        assert widget.locator(".mg-node").count() == count
        go_to(widget, count + 1)
        assert f"The loss is {recording.loss:.3g}," in widget.locator(".mg-words").inner_text()
        closed = [box.path for box in describe(model).boxes]
        gradients = dict(
            zip((b.path for b in recording.graph.boxes), recording.gradients, strict=True)
        )
        for path in reversed(closed):
            step(widget)
            shown = [norm(gradient) for gradient in gradients[path] if gradient is not None]
            assert fields(widget, "backward-norm") == shown
            assert fields(widget, "name") == [path.partition("[")[0]]


def test_the_page_of_the_widgets_draws_beside_its_code(open_page):
    page = open_page(f"{APPENDIX}.html").page
    drawing, lens, _ = page.locator(".minigraph-widget").all()[-3:]
    marks = ["short + long", 'layers.Dense(10, name="digit")(short + long)']
    for number, mark in enumerate(marks, start=6):
        go_to(drawing, number)
        assert drawing.locator(".mg-code mark").all_inner_texts() == [mark]
    assert fields(drawing, "input-shape") == ["(None, 8)"]
    go_to(lens, 5)
    assert "it fails. Line 4 breaks: layer 'both'" in lens.locator(".mg-words").inner_text()
    assert fields(lens, "input-shape") == ["(None, 6, 6, 8), (None, 8)"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_the_page_of_the_widgets(open_page, scheme):
    page = open_page(f"{APPENDIX}.html", color_scheme=scheme).page
    for widget in page.locator(".minigraph-widget").all():
        go_to(widget, 7)
    assert serious_faults(page) == []
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"widgets_{scheme}.png", full_page=True)


def test_the_page_of_the_widgets_without_scripts(open_page, explored):
    explored, dashboard = explored
    page = open_page(f"{APPENDIX}.html", javascript=False).page
    stills = page.locator(".mg-still").all()
    for still, (model, x, y) in zip(stills, explored, strict=False):
        assert still.locator("img").bounding_box()["height"] > 200
        recording = trace(model, x, y)
        last = still.locator("tbody tr").nth(0).locator("td").last.inner_text()
        assert last == norm(recording.gradients[0][0])
    drawing, lens, training = stills[-3:]
    assert drawing.locator("tbody tr").count() == 7
    assert "(None, 6, 6, 8), (None, 8) " in lens.locator("caption").inner_text()
    assert table_of(training.locator("xpath=..")) == dashboard.widget.page.rows


def test_the_page_of_the_widgets_has_a_training(open_page, explored):
    _, dashboard = explored
    page = open_page(f"{APPENDIX}.html").page
    widget = page.locator(".minigraph-widget").last
    for number in (1, 60, 184):
        record = dashboard.batches[number - 1]
        go_to(widget, number)
        assert fields(widget, "batch") == [f"{value:.3g}" for value in record["alone"].values()]
        norms = [f"{norm:.3g}" for norm in record["gradients"].values()]
        assert widget.locator(".mg-layer output").all_inner_texts() == norms


def test_each_widget_of_the_book_is_small():
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                html = "".join(output.get("data", {}).get("text/html", ""))
                assert len(html.encode()) <= 60_000, f"{path.name}, {cell['id']}"
    for view in scripts.all_views():
        assert len(scripts.script(view).encode()) <= 60_000


def test_the_page_of_the_widgets_on_a_phone(open_page):
    page = open_page(f"{APPENDIX}.html", width=390, height=844).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_chapter_is_alive_soon(open_page, chapter):
    page = open_page(f"{CHAPTER}.html").page
    mounted = """new Promise(done => {
      const look = () => document.querySelector('.minigraph-widget[data-mounted]')
        ? done(performance.now()) : setTimeout(look, 5);
      look();
    })"""
    page.reload(wait_until="commit")
    assert page.evaluate(mounted) < 1500
