"""The catalogue's contents in Elasticsearch."""

from recsys.adapters.elasticsearch.connection import ElasticsearchConnection
from recsys.adapters.elasticsearch.index import ElasticsearchIndex, IndexState

__all__ = ["ElasticsearchConnection", "ElasticsearchIndex", "IndexState"]
