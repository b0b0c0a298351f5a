"""PredictionLab: one prompt through the base model and the tuned one, side by side."""

from __future__ import annotations

from prompt_or_tune.adapters import Adapter, AdapterError
from prompt_or_tune.figures import draw_prediction_trace
from prompt_or_tune.models import LanguageModel, ModelError
from prompt_or_tune.prediction import PredictionTrace, trace_prediction
from prompt_or_tune.widgets.cards import text_widget
from prompt_or_tune.widgets.labs import (
    Lab,
    button,
    buttons,
    figure_html,
    sentence,
    text_area,
)
from prompt_or_tune.widgets.shared_weights import share_weights

FIRST_PROMPT = "Describe spring at dawn"


class PredictionLab(Lab):
    """Type a prompt; see its tokens, what each model expects next, and what it answers.

        lab = PredictionLab(model, run.adapter)
        lab                                    # as a cell's last expression: the widget

        trace = lab.compare("Describe spring at dawn")   # the same, without a click
        draw_prediction_trace(trace)

    What was compared is kept in `traces`. Your model is left as it is.
    """

    def __init__(self, model: LanguageModel, adapter: Adapter) -> None:
        self.model = share_weights(model)
        self.adapter = adapter
        self.traces: list[PredictionTrace] = []
        self._prompt = text_area("Prompt", FIRST_PROMPT)
        self._button = button(
            "Compare", "Send the prompt through both models", button_style="primary"
        )
        self._message, self._figure = text_widget(), text_widget()
        self._button.on_click(lambda _: self._compare_shown())
        super().__init__(
            "PredictionLab: the same prompt, two models",
            [self._prompt, buttons(self._button), self._message, self._figure],
        )
        self.add_class("prediction-lab")

    def compare(self, prompt: str) -> PredictionTrace:
        """Send the prompt through the base and the tuned model, and show the trace.

        Raises ModelError: a prompt too long for the model; AdapterError: an adapter that
        was made for another model.
        """
        trace = trace_prediction(prompt, self.model, self.adapter)
        self.traces.append(trace)
        self._prompt.value = prompt
        self._figure.value = figure_html(draw_prediction_trace(trace))
        self._message.value = ""
        return trace

    def _compare_shown(self) -> None:
        prompt = self._prompt.value.strip()
        if not prompt:
            self._message.value = sentence("Write a prompt first.", "bad")
            return
        self._message.value = sentence("Both models are answering …", "muted")
        try:
            self.compare(prompt)
        except (ModelError, AdapterError) as error:
            self._message.value = sentence(str(error), "bad")
