"""What a learner clicks and what answers on screen, each usable without a click.

Every widget is an ipywidgets box, to be the last expression of a cell: a thin shell over
plain calls. A module is loaded when one of its names is first used (`__init__.pyi` lists
them), so that a check can show its card without loading a model.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
