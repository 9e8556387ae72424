"""A stateful double of Render's API and of a service's public address, on loopback ports."""

from doubles.render.double import Render
from doubles.render.state import Deploy, Plan, Service

__all__ = ["Deploy", "Plan", "Render", "Service"]
