"""Prompt or tune? The pipeline of the course, one module per stage, and its command.

    import prompt_or_tune as pt

    model = pt.load_model()
    run = pt.tune(model, pt.make_pairs(pt.load_samples())).finish()

`__init__.pyi` is the list of what stands here, in one flat namespace. A name's module is
loaded when the name is first used, so that importing the package costs nothing.
"""

import lazy_loader

from prompt_or_tune import moved

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

moved.register()
