"""Between this city's register and others': harvests in, DCAT-AP and CSV out, the connectors of the upper platforms."""
