"""One HTML page per training: what was learned from what, how good it is, and what was decided."""

from model_trainer.page.render import render
from model_trainer.page.story import Story

__all__ = ["Story", "render"]
