"""The part of Colab's package that turns on newer widgets; notes that it was asked."""

calls: list[str] = []


def enable_custom_widget_manager() -> None:
    """Note the call."""
    calls.append("enable_custom_widget_manager")
