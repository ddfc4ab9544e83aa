"""A server that stands in for a CPaaS messaging platform while an application that uses one is under test."""

__version__ = "0.1.0"
