from __future__ import annotations

from model_trainer.cli import main

main()
