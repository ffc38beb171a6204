"""Traces by OpenTelemetry: a span for each request and for each statement, where an endpoint for them is configured.

Everything is configured by OpenTelemetry's own environment variables, OTEL_EXPORTER_OTLP_ENDPOINT before all.
"""
