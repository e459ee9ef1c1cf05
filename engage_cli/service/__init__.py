"""One function a use case. The only place that knows the clock; everything it calls is told the instant."""
