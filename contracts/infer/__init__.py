"""Inference: a table's profile in, a draft of its contract and of its resource out, each finding with its evidence.

Pure: what is measured of a file (`profile.Table`) is a value; who reads and measures it stands in `lake.adopt.survey`.
"""
