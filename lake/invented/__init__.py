"""The sample city's invented deliveries: persons who do not exist, seven data sets with known faults, their files."""
