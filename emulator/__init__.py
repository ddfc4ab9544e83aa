"""Stand-in for an SMS and MMS platform: its Messages API, scripted by scenarios, on a clock you control."""

__version__ = "0.1.0"
