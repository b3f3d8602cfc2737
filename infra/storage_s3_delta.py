"""What delta-rs is told of an S3. It signs its requests itself, and asks for nothing beyond these options."""

from infra.storage import StoreSettings


def delta_options(settings: StoreSettings) -> dict[str, str]:
    """The options of delta-rs; its commits are conditional puts, so no lock table is needed."""
    options = {
        "aws_region": settings.region,
        "aws_conditional_put": "etag",
        "aws_virtual_hosted_style_request": "false",
        "timeout": f"{settings.timeout_seconds:g}s",
        "connect_timeout": "10s",
    }
    if settings.endpoint:
        options["aws_endpoint_url"] = settings.endpoint
        options["aws_allow_http"] = str(settings.endpoint.startswith("http://")).lower()
    if settings.access_key and settings.secret_key:
        options["aws_access_key_id"] = settings.access_key.reveal()
        options["aws_secret_access_key"] = settings.secret_key.reveal()
    else:
        options["aws_skip_signature"] = "true"
    return options
