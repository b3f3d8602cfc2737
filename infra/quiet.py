"""Nothing calls home: the switches by which the libraries of the house are told so."""


def quiet() -> dict[str, str]:
    """Every switch by which the libraries below us are told to report to nobody."""
    return {
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
        "DATAHUB_TELEMETRY_ENABLED": "false",
        "DATAHUB_REPORTING_DISABLED": "true",
        "GX_ANALYTICS_ENABLED": "false",
    }
