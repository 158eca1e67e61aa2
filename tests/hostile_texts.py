"""Texts that try to become something else than text, and models in which they stand everywhere."""

from minigraph import Input, layers
from minigraph.graph.layer import Layer
from minigraph.models import Model
from minigraph.utils import ErrorLens

# Names that a layer may have: everything but "/" and what cannot be seen.
LEGAL = [
    "<script>alert(1)<\\script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" onmouseover="alert(1)" x="',
    "&lt;b&gt;",
    "&#60;script&#62;",
    "&amp;amp;",
    "]]>",
    "<![CDATA[x]]>",
    "<!-- comment -->",
    "-->",
    "<?xml version='1.0'?>",
    "<!DOCTYPE html>",
    "javascript:alert(1)",
    "data:text;html,<script>",
    "${alert(1)}",
    "{{7*7}}",
    "`alert(1)`",
    "\\",
    "\\\\N",
    "\\u003cscript\\u003e",
    'a"b',
    '"]; x [label="pwned',
    "n0 -> n1; //"[:-3],
    "<<b>bold<b>>",
    "$x^2$",
    "\\frac{1}{2}",
    "%s %d %n",
    "{0.__class__}",
    "__proto__",
    "constructor",
    "x;}*{display:none",
    "url(#evil)",
    "@import 'evil'",
    "🦊🦊🦊",
    "日本語の名前",
    "مرحبا",
    "e\u0301" * 20,
    "x" * 128,
    " leading and trailing ",
    "=cmd|'calc'!A1",
    "<iframe srcdoc='<script>alert(1)<\\script>'>",
    "<a href=javascript:alert(1)>x",
    "<math><mi xlink:href=javascript:alert(1)>x",
    "<details open ontoggle=alert(1)>",
    "<style>*{display:none}",
    "<base href=evil>",
    "<meta http-equiv=refresh content=0>",
    "<foreignObject><body onload=alert(1)>",
    "<use href=#x>",
    "<animate onbegin=alert(1)>",
    "<textarea>",
    "<plaintext>",
    "<template><img src=x onerror=alert(1)>",
    "<svg><style>@import url(evil)",
    "x' xmlns='evil",
    "&quot; onclick=&quot;alert(1)",
    "&Tab;&NewLine;&colon;",
    "~0",
    "~~",
    "~7~",
    "toString",
    "hasOwnProperty",
    "${'a'.constructor}",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "𝓈𝒸𝓇𝒾𝓅𝓉",
]
# Text of other origin (class names, docstrings, dtypes) may hold anything at all.
ILLEGAL = [
    "</script><script>alert(1)</script>",
    "</title></svg><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "a\x00b",
    "\x1b[31mred\x1b[0m",
    "line\nbreak",
    "tab\tand\rreturn",
    "right\u202eleft",
    "\u2066hidden\u2069",
    "\u2028line\u2029",
    "\ufeffbom",
    "half \ud800 pair",
    "\ufffe\uffff",
    "\x7f\x80\x9f",
    "a/b",
    "/* */ alert(1) //",
    "</desc></svg><img src=x onerror=alert(1)>",
    "</textarea><script>alert(1)</script>",
]
# Python itself refuses a class whose name holds a null or half a pair.
TEXTS = [text for text in (*LEGAL, *ILLEGAL) if "\x00" not in text and "\ud800" not in text]


def hostile_model(name):
    """A small model in which every name is `name`, with numbers where names must differ."""
    x = Input((3,), name=name)
    shared = layers.Dense(3, name=f"1{name}"[:128])
    y = shared(shared(x)) + x
    return Model(x, y, name=name)


class Strange(Layer):
    """A layer that adds something to its input."""

    def build(self, shape):
        self.add_weight(shape=(shape[-1],), initializer="zeros", name=self.weight_name)

    def call(self, inputs):
        return inputs + self.weights[0]


def strange_model(text):
    """A model with a layer whose class, docstring, weight and activation are called `text`."""
    kind = type(text, (Strange,), {"__doc__": text, "weight_name": text})
    layer = kind(name="strange")
    layer.activation = lambda x: x
    layer.activation.__name__ = text
    x = Input((3,), name="x")
    return Model(x, layer(x), name="model")


class Broken(Layer):
    """A layer that says `text` and gives up."""

    def __init__(self, text):
        super().__init__(name="broken")
        self.text = text

    def call(self, inputs):
        raise ValueError(self.text)


def break_off(text):
    """The lens over a call that ends in an error with that message."""
    with ErrorLens() as lens:
        Broken(text)(Input((3,), name="x"))
    return lens
