"""What the four labs share: a titled card, fields with labels, sentences, tables."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, Literal

import ipywidgets

from prompt_or_tune.figures.drawing import Drawing
from prompt_or_tune.show.notebook import NO_FORMULAS
from prompt_or_tune.show.palette import COLOURS, FAINT, GRID, INK, MUTED
from prompt_or_tune.widgets.cards import CARD_CLASS, STYLE, dress, text_widget

Kind = Literal["plain", "muted", "strong", "bad"]
"""How a sentence is said: as it is, softly, as the result, or as what must be mended."""

LAB_CLASS = "prompt-or-tune-lab"

# JupyterLab's widgets take these from the theme: on the light card they must be light in
# a dark theme as well. The boxes of a row may shrink, so that nothing scrolls sideways.
_STYLE = f"""<style>
.{LAB_CLASS} {{color-scheme:light;--jp-widgets-label-color:{INK};
  --jp-widgets-readout-color:{INK};--jp-widgets-input-color:{INK};
  --jp-widgets-input-background-color:#fff;--jp-ui-font-color0:{INK};
  --jp-ui-font-color1:{INK};--jp-layout-color0:#fff;--jp-layout-color1:#fff;--jp-layout-color2:#e4e0d3;
  --jp-layout-color3:#d3cebd;--jp-border-color1:{FAINT};
  --jp-brand-color1:{COLOURS["prompted"]};--jp-ui-font-size1:14px;
  --jp-rendermime-table-row-background:none;
  --jp-rendermime-table-row-hover-background:none}}
.{LAB_CLASS} .jupyter-widgets {{min-width:0}}
.{LAB_CLASS} select {{appearance:auto;height:28px}}
.{LAB_CLASS} .lab-fields {{display:grid;gap:2px 20px;width:100%;overflow:visible;
  grid-template-columns:repeat(auto-fit,minmax(min(100%,17em),1fr))}}
.{LAB_CLASS} .lab-fields > * {{height:auto;align-items:center}}
.{LAB_CLASS} .lab-fields .widget-label {{height:auto}}
.{LAB_CLASS} .lab-buttons {{flex-flow:row wrap;align-items:center;margin:4px 0;
  gap:6px}}
.{LAB_CLASS} .lab-title {{font-weight:600;font-size:16px;color:{INK}}}
.{LAB_CLASS} p {{margin:.3em 0}}
.{LAB_CLASS} figure {{margin:.6em 0 !important}}
.{LAB_CLASS} figcaption,.{LAB_CLASS} summary,.{LAB_CLASS} .lab-muted {{color:{MUTED};
  font-size:13px}}
.{LAB_CLASS} .lab-strong {{font-weight:600}}
.{LAB_CLASS} .lab-bad {{color:#A3261D;font-weight:600}}
.{LAB_CLASS} .lab-good {{color:{COLOURS["rival"]};font-weight:600}}
.{LAB_CLASS} table {{border-collapse:collapse;width:100%;font-size:13px;color:{INK};
  font-variant-numeric:tabular-nums;margin:.4em 0;border:none}}
.{LAB_CLASS} tr {{background:none !important}}
.{LAB_CLASS} th,.{LAB_CLASS} td {{text-align:left !important;vertical-align:top;
  font-weight:400;
  padding:3px 5px;border:none;border-bottom:1px solid {GRID};background:none;
  color:inherit;white-space:normal;overflow-wrap:break-word}}
.{LAB_CLASS} thead th {{font-weight:600;vertical-align:bottom;
  border-bottom:1px solid {FAINT}}}
.{LAB_CLASS} .lab-answers {{table-layout:fixed}}
.{LAB_CLASS} .lab-answers th:first-child {{width:5.2em}}
.{LAB_CLASS} .lab-narrow {{width:30px;padding-left:2px;padding-right:2px;
  text-align:center !important;white-space:nowrap}}
.{LAB_CLASS} .lab-narrow > div {{writing-mode:vertical-rl;transform:rotate(180deg);
  margin:0 auto}}
.{LAB_CLASS} pre {{color:{INK};background:none;line-height:1.25;font-size:13px}}
.{LAB_CLASS} .jupyter-button.mod-active {{background:{COLOURS["prompted"]};
  border-color:{COLOURS["prompted"]};color:#fff}}
.{LAB_CLASS} .progress {{background:{GRID}}}
</style>"""


class Lab(ipywidgets.VBox):
    """A lab's box: a card with a title; `show` writes a sentence into a text widget."""

    def __init__(self, title: str, children: Sequence[Any]) -> None:
        head = f'{_STYLE}<div class="lab-title">{html.escape(title)}</div>'
        super().__init__([text_widget(head), *children])
        self.add_class(LAB_CLASS)
        dress(self)


def as_card(content: str) -> str:
    """Return HTML on a lab's card, for a cell's output in which no widget is."""
    classes = f"{LAB_CLASS} {CARD_CLASS} {NO_FORMULAS}"
    return f'{STYLE}{_STYLE}<div class="{classes}">{content}</div>'


def sentence(text: str, kind: Kind = "plain") -> str:
    """Return a sentence as HTML, escaped; what must be mended is marked by a sign too."""
    if not text:
        return ""
    sign = '<span aria-hidden="true">⚠ </span>' if kind == "bad" else ""
    return f'<p role="status" class="lab-{kind}">{sign}{html.escape(text)}</p>'


def figure_html(drawing: Drawing, *, open_table: bool = False) -> str:
    """Return a figure for a lab; with `open_table` its numbers stand below, unfolded."""
    shown = drawing.html()
    return shown.replace("<details>", "<details open>", 1) if open_table else shown


def fields(*children: Any) -> Any:
    """Return fields in as many columns as the width has room for."""
    box = ipywidgets.Box(children)
    box.add_class("lab-fields")
    return box


def buttons(*children: Any) -> Any:
    """Return buttons in a row that wraps."""
    box = ipywidgets.HBox(children)
    box.add_class("lab-buttons")
    return box


def button(name: str, tooltip: str, **options: Any) -> Any:
    """Return a button as wide as its name."""
    layout = ipywidgets.Layout(width="auto")
    return ipywidgets.Button(description=name, tooltip=tooltip, layout=layout, **options)


def field(
    kind: type, name: str, value: Any, *, label: str = "9em", **options: Any
) -> Any:
    """Return a labelled field of an ipywidgets class, as wide as its column."""
    return kind(
        value=value,
        description=name,
        style={"description_width": label},
        layout=ipywidgets.Layout(width="100%"),
        **options,
    )


def text_area(name: str, value: str) -> Any:
    """Return a labelled field of two lines for a text, as wide as the card."""
    return ipywidgets.Textarea(
        value=value,
        description=name,
        rows=2,
        style={"description_width": "5em"},
        layout=ipywidgets.Layout(width="100%", height="auto"),
    )
