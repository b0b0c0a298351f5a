"""One look for all that answers the learner: a light card that stands on any theme.

A `Card` is displayed once, as HTML with a text for where HTML is not shown. Widgets are
dressed as cards by `dress`. Both bring every colour they need, background included, so
that a dark theme changes nothing about their contrast.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any, Literal

import ipywidgets

from prompt_or_tune.show.notebook import NO_FORMULAS
from prompt_or_tune.show.palette import BAND, CARD, COLOURS, FAINT, GRID, INK, MUTED

Mood = Literal["plain", "good", "bad"]
"""What a card has to say: news, a pass, or something to be mended."""

MOODS: dict[Mood, str] = {
    "plain": COLOURS["prompted"],
    "good": COLOURS["rival"],
    "bad": COLOURS["tuned"],
}
CARD_CLASS = "prompt-or-tune-card"
FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"
WIDTH = "46em"


@dataclass(frozen=True)
class Card:
    """A note to the learner: a title, then HTML, and the same as plain text.

    `body` is HTML that is shown as it is: escape what others wrote. `text` replaces it
    where HTML is not shown; without it only the title stands there.
    """

    title: str
    body: str = ""
    text: str = ""
    mood: Mood = "plain"

    def html(self) -> str:
        """Return the card as HTML that brings its own colours."""
        title = (
            f'<strong style="color:{MOODS[self.mood]}">{html.escape(self.title)}</strong>'
        )
        body = f'<div style="margin-top:.3em">{self.body}</div>' if self.body else ""
        style = card_style(self.mood)
        return f'<div class="{NO_FORMULAS}" style="{style}">{title}{body}</div>'

    def _repr_html_(self) -> str:
        return self.html()

    def __repr__(self) -> str:
        return f"{self.title}\n{self.text}" if self.text else self.title


def card_style(mood: Mood = "plain") -> str:
    """Return the inline style of a card: paper, ink, and a coloured left edge."""
    return (
        f"background:{CARD};color:{INK};border:1px solid {GRID};"
        f"border-left:4px solid {MOODS[mood]};border-radius:6px;padding:.6em .9em;"
        f"margin:.4em 0;max-width:{WIDTH};box-sizing:border-box;line-height:1.45;"
        f"font-family:{FONT};font-size:14px;overflow-wrap:anywhere;color-scheme:light"
    )


def paragraph(text: str, *, muted: bool = False) -> str:
    """Return a text as an HTML paragraph, escaped; `code` in backticks is set as code."""
    colour = MUTED if muted else INK
    pieces = html.escape(text).split("`")
    if len(pieces) % 2 == 0:  # a lone backtick is only a character
        pieces[-2:] = ["`".join(pieces[-2:])]
    shown = "".join(_as_code(p) if i % 2 else p for i, p in enumerate(pieces))
    return f'<p style="margin:.3em 0;color:{colour}">{shown}</p>'


def _as_code(text: str) -> str:
    return (
        f'<code style="background:{BAND};color:{INK};padding:0 .25em;'
        f'border-radius:3px">{text}</code>'
    )


def code_block(source: str) -> str:
    """Return source code as an HTML block, escaped, on the card's own ground."""
    return (
        f'<pre style="background:{BAND};color:{INK};padding:.6em .8em;margin:.4em 0;'
        'border-radius:4px;overflow-x:auto;white-space:pre;line-height:1.35">'
        f'<code style="background:none;color:inherit">{html.escape(source)}</code></pre>'
    )


# Everything inside a dressed widget keeps the card's colours in every theme. Colab and
# classic Jupyter name buttons `jupyter-button` too; the focus ring is ours, because not
# every theme's can be seen on a light ground.
STYLE = f"""<style>
.{CARD_CLASS} {{background:{CARD};color:{INK};border:1px solid {GRID};
  border-left:4px solid {MOODS["plain"]};border-radius:6px;padding:.6em .9em;
  margin:.4em 0;max-width:{WIDTH};box-sizing:border-box;overflow:hidden;
  font-family:{FONT};font-size:14px;line-height:1.45;color-scheme:light}}
.{CARD_CLASS} .widget-html-content,.{CARD_CLASS} .widget-html,
.{CARD_CLASS} .jupyter-widgets label,.{CARD_CLASS} .widget-label,
.{CARD_CLASS} .widget-readout,.{CARD_CLASS} .jupyter-widgets
  {{color:{INK};line-height:1.45;overflow-wrap:anywhere}}
.{CARD_CLASS} .jupyter-widgets {{margin-left:0;margin-right:0;max-width:100%;
  box-sizing:border-box}}
.{CARD_CLASS} .widget-html,.{CARD_CLASS} .widget-html-content
  {{height:auto;white-space:normal;font-size:14px;min-width:0;max-width:100%}}
.{CARD_CLASS} .jupyter-button {{background:{BAND};color:{INK};height:auto;
  min-height:32px;line-height:1.3;white-space:normal;border:1px solid {FAINT};
  border-radius:4px;padding:.3em .9em;font-size:14px}}
.{CARD_CLASS} .jupyter-button.mod-primary {{background:{COLOURS["prompted"]};
  border-color:{COLOURS["prompted"]};color:#fff}}
.{CARD_CLASS} .jupyter-button.mod-danger {{background:{COLOURS["tuned"]};
  border-color:{COLOURS["tuned"]};color:#fff}}
.{CARD_CLASS} .jupyter-button:disabled {{opacity:.55}}
.{CARD_CLASS} input[type="text"],.{CARD_CLASS} input[type="number"],
.{CARD_CLASS} textarea,.{CARD_CLASS} select
  {{background:#fff;color:{INK};border:1px solid {FAINT};border-radius:4px;
  font-size:14px}}
.{CARD_CLASS} .widget-radio-box label {{display:flex;align-items:baseline;
  white-space:normal;height:auto;line-height:1.4;padding:.25em 0;color:{INK};
  font-size:14px}}
.{CARD_CLASS} .widget-radio-box input {{order:-1;flex:none;float:none;height:auto;
  margin:0 .6em 0 .2em}}
.{CARD_CLASS} .widget-radio-box {{height:auto}}
.{CARD_CLASS} button:focus-visible,.{CARD_CLASS} input:focus-visible,
.{CARD_CLASS} textarea:focus-visible,.{CARD_CLASS} select:focus-visible,
.{CARD_CLASS} summary:focus-visible
  {{outline:3px solid {COLOURS["prompted"]};outline-offset:2px}}
</style>"""


def dress(box: Any) -> None:
    """Make an ipywidgets box a card: add the class, and the style as its first child.

    The style travels with the widget, because a notebook's pages keep no style sheet of
    ours; a box that is dressed already stays as it is.
    """
    if CARD_CLASS in box._dom_classes:
        return
    box.add_class(CARD_CLASS)
    style = ipywidgets.HTML(STYLE, layout=ipywidgets.Layout(display="none"))
    box.children = (style, *box.children)


def text_widget(content: str = "") -> Any:
    """Return an ipywidgets text for HTML from `Card`, `paragraph` or `code_block`."""
    return ipywidgets.HTML(content, layout=ipywidgets.Layout(width="100%"))
