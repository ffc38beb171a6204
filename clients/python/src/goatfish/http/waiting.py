"""Waiting, in both ways."""

from __future__ import annotations

from asyncio import sleep as async_sleep
from time import sleep

__all__ = ["async_sleep", "sleep"]
