"""De-identification planned: methods that make values coarser, searched until the thresholds hold. Pure."""
