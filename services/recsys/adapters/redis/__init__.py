"""The recommendation cache and guests' sessions over Redis 6.2 or later, on one pipelined connection a process."""

from __future__ import annotations

from recsys.adapters.redis.address import read_address
from recsys.adapters.redis.cache import RedisRecommendationCache, new_generation
from recsys.adapters.redis.connection import RedisConnection
from recsys.adapters.redis.sessions import RedisSessions

__all__ = ["RedisConnection", "RedisRecommendationCache", "RedisSessions", "new_generation", "read_address"]
